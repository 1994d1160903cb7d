//! The manifest: `META-INF/MANIFEST.MF`, read and written as `java.util.jar.Manifest` does.
//!
//! Holds attributes in the order of the file; a name that comes again keeps its first place and
//! spelling and takes the last value, as Java's does. Sections keep the order of the file, where
//! Java's would be that of a hash table. It refuses what Java refuses to read.

use super::{Archive, Entry, Error};

/// Main attributes and the sections for single entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    main: Attributes,
    sections: Vec<(String, Attributes)>,
}

/// Names and values; names differ by more than case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    pairs: Vec<(String, String)>,
}

/// Where the manifest is.
pub(super) const NAME: &str = "META-INF/MANIFEST.MF";

/// Bytes of a line without its end, as Java writes them.
const LINE: usize = 72;

/// Bytes of a line with its end that Java reads.
const MAX_LINE: usize = 512;

impl Manifest {
    /// Parses a manifest.
    ///
    /// # Errors
    /// The reason, with the number of the line, where Java would refuse it.
    pub fn parse(bytes: &[u8]) -> Result<Self, String> {
        let mut lines = lines(bytes);
        let main = Attributes::read(&mut lines)?;
        let mut manifest = Self { main, sections: Vec::new() };
        while let Some(line) = next(&mut lines)? {
            if line.content.is_empty() {
                continue;
            }
            let Some((name, value)) = attribute(&line, &mut lines)? else { break };
            if !name.eq_ignore_ascii_case("Name") {
                return Err(line.wrong("a section does not start with `Name`"));
            }
            let attributes = Attributes::read(&mut lines)?;
            match manifest.sections.iter_mut().find(|(section, _)| *section == value) {
                Some((_, earlier)) => attributes.pairs.into_iter().for_each(|(name, value)| earlier.set(&name, value)),
                None => manifest.sections.push((value, attributes)),
            }
        }
        Ok(manifest)
    }

    /// The manifest of an archive, under its name in any case; `None` where there is none.
    ///
    /// # Errors
    /// [`Error::Text`] when it does not parse, [`Error::Hostile`] when two spellings of its name exist.
    pub fn of(archive: &Archive) -> Result<Option<Self>, Error> {
        let mut spellings = archive.entries().iter().filter(|entry| entry.name().eq_ignore_ascii_case(NAME));
        let (Some(entry), other) = (spellings.next(), spellings.next()) else { return Ok(None) };
        if let Some(other) = other {
            return Err(Error::Hostile {
                archive: archive.name().to_owned(),
                entry: Some(other.name().to_owned()),
                reason: "there are two manifests".to_owned(),
            });
        }
        Self::parse(&entry.read()?).map(Some).map_err(|reason| text_error(archive, entry, reason))
    }

    /// The attributes of the whole archive.
    #[must_use]
    pub fn main(&self) -> &Attributes {
        &self.main
    }

    /// The attributes of the whole archive, to change them.
    pub fn main_mut(&mut self) -> &mut Attributes {
        &mut self.main
    }

    /// Names and attributes of the sections.
    pub fn sections(&self) -> impl Iterator<Item = (&str, &Attributes)> {
        self.sections.iter().map(|(name, attributes)| (name.as_str(), attributes))
    }

    /// Drops the digests of a signed JAR, and the sections that held nothing else.
    pub fn remove_digests(&mut self) {
        self.sections.retain_mut(|(_, attributes)| {
            let before = attributes.pairs.len();
            attributes.pairs.retain(|(name, _)| {
                let name = name.to_ascii_lowercase();
                !name.ends_with("-digest") && !name.contains("-digest-") && name != "magic"
            });
            attributes.pairs.len() == before || !attributes.pairs.is_empty()
        });
    }

    /// Writes it byte for byte as Java does: the version first, lines of at most 72 bytes, CR LF.
    ///
    /// Without `Manifest-Version` (or `Signature-Version`) Java writes no main attributes at all, and so
    /// does this.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let version =
            ["Manifest-Version", "Signature-Version"].into_iter().find_map(|name| self.main.value(name).map(|value| (name, value)));
        if let Some((version_name, version)) = version {
            // Java does not break this line.
            out.extend_from_slice(format!("{version_name}: {version}\r\n").as_bytes());
            for (name, value) in self.main.iter().filter(|(name, _)| !name.eq_ignore_ascii_case(version_name)) {
                write_line(&mut out, name, value);
            }
        }
        out.extend_from_slice(b"\r\n");
        for (section, attributes) in &self.sections {
            write_line(&mut out, "Name", section);
            for (name, value) in attributes.iter() {
                write_line(&mut out, name, value);
            }
            out.extend_from_slice(b"\r\n");
        }
        out
    }
}

impl Attributes {
    /// The value of a name in any case.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Sets a value; a name that is there keeps its place and spelling.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        match self.pairs.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = value.into(),
            None => self.pairs.push((name.to_owned(), value.into())),
        }
    }

    /// Removes a name in any case.
    pub fn remove(&mut self, name: &str) {
        self.pairs.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// Names and values in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Reads up to an empty line or the end.
    fn read(lines: &mut Lines<'_>) -> Result<Self, String> {
        let mut attributes = Self::default();
        while let Some(line) = next(lines)?.filter(|line| !line.content.is_empty()) {
            let Some((name, value)) = attribute(&line, lines)? else { break };
            attributes.set(&name, value);
        }
        Ok(attributes)
    }
}

/// The error for a text of an archive that does not parse.
pub(super) fn text_error(archive: &Archive, entry: &Entry, reason: String) -> Error {
    Error::Text { archive: archive.name().to_owned(), text: entry.name().to_owned(), reason }
}

type Lines<'a> = std::iter::Peekable<Box<dyn Iterator<Item = Line<'a>> + 'a>>;

struct Line<'a> {
    content: &'a [u8],
    ended: bool,
    number: usize,
}

impl Line<'_> {
    fn wrong(&self, reason: &str) -> String {
        format!("line {}: {reason}", self.number)
    }
}

/// Lines that end in CR LF, LF or CR.
fn lines(mut rest: &[u8]) -> Lines<'_> {
    let mut number = 0;
    let lines = std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let (content, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after.strip_prefix(b"\r\n").or_else(|| after.get(1..)).unwrap_or_default();
        number += 1;
        Some(Line { content, ended: end.is_some(), number })
    });
    (Box::new(lines) as Box<dyn Iterator<Item = Line<'_>>>).peekable()
}

/// The next line that has an end: Java's reader does not see a last line without one.
fn next<'a>(lines: &mut Lines<'a>) -> Result<Option<Line<'a>>, String> {
    let Some(line) = lines.next() else { return Ok(None) };
    if line.content.len() >= MAX_LINE {
        return Err(line.wrong("it is too long"));
    }
    Ok(line.ended.then_some(line))
}

/// Name and value of a line and its continuations, which may split a character; `None` where the last
/// continuation has no end.
fn attribute(line: &Line<'_>, lines: &mut Lines<'_>) -> Result<Option<(String, String)>, String> {
    if line.content.starts_with(b" ") {
        return Err(line.wrong("it continues no line"));
    }
    let colon = line.content.iter().position(|&byte| byte == b':');
    let colon = colon.ok_or_else(|| line.wrong("it has no `:`"))?;
    let (name, value) = line.content.split_at(colon);
    let value = value.strip_prefix(b": ").ok_or_else(|| line.wrong("there is no space after `:`"))?;
    let valid = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if name.is_empty() || name.len() > 70 || !name.iter().all(valid) {
        return Err(line.wrong("the name before `:` is not valid"));
    }
    let mut value = value.to_vec();
    while lines.peek().is_some_and(|next| next.content.starts_with(b" ")) {
        let Some(more) = next(lines)? else { return Ok(None) };
        value.extend_from_slice(&more.content[1..]);
    }
    Ok(Some((String::from_utf8_lossy(name).into_owned(), String::from_utf8_lossy(&value).into_owned())))
}

fn write_line(out: &mut Vec<u8>, name: &str, value: &str) {
    let line = format!("{name}: {value}");
    let (first, mut rest) = line.as_bytes().split_at(line.len().min(LINE));
    out.extend_from_slice(first);
    while !rest.is_empty() {
        let (next, after) = rest.split_at(rest.len().min(LINE - 1));
        out.extend_from_slice(b"\r\n ");
        out.extend_from_slice(next);
        rest = after;
    }
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
