//! Spring Boot's two indexes: which layer an entry belongs to, and the order of the class path.
//!
//! Both are the small subset of YAML that Boot itself writes and reads; anything else is refused, as
//! Boot refuses it.

/// `layers.idx`: layers, least often changed first, and what belongs to each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayersIndex {
    layers: Vec<(String, Vec<String>)>,
}

impl LayersIndex {
    /// Parses the index.
    ///
    /// # Errors
    /// The reason, with the number of the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut layers: Vec<(String, Vec<String>)> = Vec::new();
        for (number, line) in lines(text) {
            let wrong = || format!("line {number}: `{}` is no layer and no path", line.escape_debug());
            if let Some(quoted) = line.strip_prefix("- ") {
                let name = unquote(quoted.strip_suffix(':').ok_or_else(wrong)?).ok_or_else(wrong)?;
                if name.is_empty() || layers.iter().any(|(known, _)| known == name) {
                    return Err(format!("line {number}: layer `{name}` is empty or named twice"));
                }
                layers.push((name.to_owned(), Vec::new()));
            } else {
                let path = line.strip_prefix("  - ").and_then(unquote).ok_or_else(wrong)?;
                let (_, paths) = layers.last_mut().ok_or_else(wrong)?;
                paths.push(path.to_owned());
            }
        }
        if layers.is_empty() { Err("it names no layer".to_owned()) } else { Ok(Self { layers }) }
    }

    /// The names of the layers in their order.
    pub fn layers(&self) -> impl Iterator<Item = &str> {
        self.layers.iter().map(|(name, _)| name.as_str())
    }

    /// The layer of an entry: the first that names it, or names a folder (ending in `/`) above it.
    #[must_use]
    pub fn layer(&self, entry: &str) -> Option<&str> {
        let holds = |path: &String| path == entry || path.ends_with('/') && entry.starts_with(path.as_str());
        self.layers.iter().find(|(_, paths)| paths.iter().any(holds)).map(|(name, _)| name.as_str())
    }
}

/// `classpath.idx`: the libraries in the order of the class path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClasspathIndex {
    entries: Vec<String>,
}

impl ClasspathIndex {
    /// Parses the index.
    ///
    /// # Errors
    /// The reason, with the number of the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let entries = lines(text)
            .map(|(number, line)| {
                let entry = line.strip_prefix("- ").and_then(unquote).filter(|entry| !entry.is_empty());
                entry.map(str::to_owned).ok_or_else(|| format!("line {number}: `{}` is no entry", line.escape_debug()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self { entries })
    }

    /// Names of entries; Boot 2.3 wrote them without their folder.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(String::as_str)
    }
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = text.split('\n').map(|line| line.trim_end_matches('\r')).enumerate();
    lines.filter(|(_, line)| !line.trim().is_empty()).map(|(index, line)| (index + 1, line))
}

fn unquote(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LAYERS: &str = "- \"dependencies\":\n  - \"BOOT-INF/lib/\"\n- \"spring-boot-loader\":\n  - \"org/\"\r\n\
                          - \"snapshot-dependencies\":\n\n- \"application\":\n  - \"BOOT-INF/classes/\"\n  - \"BOOT-INF/classpath.idx\"\n";

    #[test]
    fn layers_hold_exact_names_and_folders() {
        let index = LayersIndex::parse(LAYERS).unwrap();
        let layers = ["dependencies", "spring-boot-loader", "snapshot-dependencies", "application"];
        assert_eq!(index.layers().collect::<Vec<_>>(), layers);
        let table = [
            ("BOOT-INF/lib/a.jar", Some("dependencies")),
            ("BOOT-INF/lib/", Some("dependencies")),
            ("BOOT-INF/lib", None),
            ("org/x/Y.class", Some("spring-boot-loader")),
            ("organisation", None),
            ("BOOT-INF/classpath.idx", Some("application")),
            ("BOOT-INF/classpath.idx.bak", None),
            ("META-INF/MANIFEST.MF", None),
        ];
        for (entry, layer) in table {
            assert_eq!(index.layer(entry), layer, "{entry}");
        }
    }

    #[test]
    fn the_first_layer_that_matches_wins() {
        let index = LayersIndex::parse("- \"a\":\n  - \"lib/x.jar\"\n- \"b\":\n  - \"lib/\"\n").unwrap();
        assert_eq!(index.layer("lib/x.jar"), Some("a"));
        assert_eq!(index.layer("lib/y.jar"), Some("b"));
    }

    #[test]
    fn what_boot_does_not_write_is_refused() {
        for text in ["", "\n", "  - \"a\"\n", "- a:\n", "- \"a\"\n", "a\n", "- \"a\":\n- \"a\":\n", "- \"\":\n", " - \"a\":\n"] {
            assert!(LayersIndex::parse(text).is_err(), "{text:?}");
        }
        for text in ["- a\n", "- \"\"\n", "\"a\"\n", "-\n"] {
            assert!(ClasspathIndex::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_class_path_keeps_its_order() {
        let index = ClasspathIndex::parse("- \"BOOT-INF/lib/b.jar\"\r\n- \"BOOT-INF/lib/a.jar\"\n").unwrap();
        assert_eq!(index.entries().collect::<Vec<_>>(), ["BOOT-INF/lib/b.jar", "BOOT-INF/lib/a.jar"]);
        assert_eq!(ClasspathIndex::parse("").unwrap().entries().count(), 0);
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "[- \":a/\r\n]{0,60}") {
            let _ = ClasspathIndex::parse(&text);
            if let Ok(index) = LayersIndex::parse(&text) {
                prop_assert!(index.layers().count() > 0);
            }
        }
    }
}
