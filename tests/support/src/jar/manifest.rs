//! `META-INF/MANIFEST.MF` (JAR File Specification): attributes in order, lines folded at 72 bytes.

use std::fmt;

const LINE: usize = 72;

/// A manifest that is still to be written; displayed, it is the file's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    lines: Vec<(String, String)>,
}

impl Manifest {
    /// A manifest with `Manifest-Version: 1.0` alone.
    #[must_use]
    pub fn new() -> Self {
        Self { lines: vec![("Manifest-Version".into(), "1.0".into())] }
    }

    /// Sets an attribute of the main section, in its place when it is there already.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        match self.lines.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value.into(),
            None => self.lines.push((name.into(), value.into())),
        }
        self
    }

    /// Removes an attribute.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.lines.retain(|(known, _)| known != name);
        self
    }
}

impl Default for Manifest {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.lines {
            let line = format!("{name}: {value}");
            let mut rest = line.as_str();
            let mut room = LINE;
            while rest.len() > room {
                let (head, tail) = rest.split_at(rest.floor_char_boundary(room));
                write!(formatter, "{head}\r\n ")?;
                rest = tail;
                room = LINE - 1;
            }
            write!(formatter, "{rest}\r\n")?;
        }
        formatter.write_str("\r\n")
    }
}

#[cfg(test)]
mod tests {
    use super::{LINE, Manifest};

    #[test]
    fn long_lines_are_folded_and_join_again() {
        for value in ["short".to_owned(), "lib/some-library.jar ".repeat(20), "\u{d55c}\u{ae00}".repeat(30)] {
            let text = Manifest::new().attribute("Class-Path", &value).to_string();
            assert!(text.lines().all(|line| line.len() <= LINE), "{text}");
            assert!(text.replace("\r\n ", "").contains(&format!("\r\nClass-Path: {value}\r\n")), "{text}");
        }
    }

    #[test]
    fn an_attribute_is_set_once() {
        let manifest = Manifest::new().attribute("Main-Class", "a").attribute("B", "b").attribute("Main-Class", "c");
        assert_eq!(manifest.to_string(), "Manifest-Version: 1.0\r\nMain-Class: c\r\nB: b\r\n\r\n");
        assert_eq!(manifest.without("Main-Class").without("B"), Manifest::new());
    }
}
