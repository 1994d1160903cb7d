//! The libraries of a fat JAR, in the order of the class path.

use super::index::ClasspathIndex;
use super::{Archive, Entry, Error, Manifest};

/// A library inside a Spring Boot JAR or WAR.
#[derive(Debug, Clone)]
pub struct Library {
    pub(super) entry: Entry,
    pub(super) path: String,
}

impl Library {
    /// Where it is in the JAR, and its bytes.
    #[must_use]
    pub fn entry(&self) -> &Entry {
        &self.entry
    }

    /// Whether it has an entry of this name; `None` where it cannot be looked into.
    #[must_use]
    pub fn contains(&self, name: &str) -> Option<bool> {
        let archive = Archive::open(self.entry.name(), self.entry.stored()?.clone()).ok()?;
        Some(archive.entry(name).is_some())
    }

    /// Its path below the folder of libraries; most often a file name.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// All files below the folders: those that `classpath.idx` names, in its order, then the rest.
///
/// The launcher does the same: in a fat JAR it takes whatever lies there, index or not.
pub(super) fn find(archive: &Archive, folders: &[String], index: Option<&ClasspathIndex>) -> Vec<Library> {
    let library = |entry: &Entry| {
        let path = folders.iter().find_map(|folder| entry.name().strip_prefix(folder.as_str()))?;
        (!entry.is_folder()).then(|| Library { entry: entry.clone(), path: path.to_owned() })
    };
    let indexed = index.into_iter().flat_map(ClasspathIndex::entries).filter_map(|name| {
        let short = || folders.iter().find_map(|folder| archive.entry(&format!("{folder}{name}")));
        library(archive.entry(name).or_else(short)?)
    });
    let mut seen = std::collections::HashSet::new();
    let mut libraries: Vec<Library> = indexed.filter(|library| seen.insert(library.entry.name().to_owned())).collect();
    libraries.extend(archive.entries().iter().filter_map(library).filter(|library| !seen.contains(library.entry.name())));
    libraries
}

/// Major and minor version of a library by its file name, else by its own manifest.
///
/// # Errors
/// As [`Archive::open_nested`].
pub(super) fn version(archive: &Archive, libraries: &[Library], artifact: &str) -> Result<Option<(u32, u32)>, Error> {
    for library in libraries {
        let file = library.path.rsplit('/').next().unwrap_or_default();
        // A build may put the group in front of the file name.
        let Some(at) = file.find(artifact).filter(|&at| at == 0 || file.as_bytes()[at - 1] == b'.') else { continue };
        let rest = &file[at + artifact.len()..];
        if let Some(version) = rest.strip_prefix('-').and_then(major_minor) {
            return Ok(Some(version));
        }
        if rest == ".jar" && library.entry.stored().is_some() {
            let manifest = Manifest::of(&archive.open_nested(&library.entry)?)?;
            let version = manifest.as_ref().and_then(|manifest| manifest.main().value("Implementation-Version"));
            return Ok(version.and_then(major_minor));
        }
    }
    Ok(None)
}

fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_their_start() {
        let table = [
            ("6.2.11.jar", Some((6, 2))),
            ("7.0.0-M1.jar", Some((7, 0))),
            ("5.3-SNAPSHOT.jar", Some((5, 3))),
            ("test-6.2.jar", None),
            ("6.jar", None),
            ("99999999999.1", None),
        ];
        for (text, version) in table {
            assert_eq!(major_minor(text), version, "{text}");
        }
    }
}
