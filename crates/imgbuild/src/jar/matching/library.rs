//! A nested library, by what of it is native code.

use super::super::archive::Archive;
use super::super::arrange::thin_jar;
use super::super::shape::is_signature;
use super::super::survey::Code;
use super::super::{Content, Entry, Error, Library, artifact, manifest};

/// Names the packages of a JAR (JAR File Specification, "JAR Index").
const INDEX: &str = "META-INF/INDEX.LIST";

/// A library that was looked into.
#[derive(Debug)]
pub(super) struct Looked {
    library: Entry,
    /// Its files; none where it cannot be read by position, so that nothing is known of it.
    entries: Vec<Entry>,
    /// The native code among them, by position.
    code: Vec<(usize, Code)>,
    is_signed: bool,
}

impl Looked {
    /// Looks into a library. One that cannot be read is kept as it is; the guards say so.
    pub(super) fn into(archive: &Archive, library: &Library) -> Result<Self, Error> {
        let library = library.entry().clone();
        let entries = archive.open_nested(&library).map(|nested| nested.entries().to_vec()).unwrap_or_default();
        let mut code = Vec::new();
        for (number, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.name().strip_suffix(".class").is_none()) {
            code.extend(Code::of(entry)?.map(|found| (number, found)));
        }
        let is_signed = entries.iter().any(|entry| is_signature(entry.name()));
        Ok(Self { library, entries, code, is_signed })
    }

    /// Its entry in the JAR.
    pub(super) fn name(&self) -> &str {
        self.library.name()
    }

    /// The native code.
    pub(super) fn code(&self) -> &[(usize, Code)] {
        &self.code
    }

    /// Whether its bytes vouch for each other: without a file of it nobody could tell whether that is right.
    pub(super) const fn is_signed(&self) -> bool {
        self.is_signed
    }

    /// The files that mean something without native code, by position: not what describes the library itself.
    pub(super) fn meaningful(&self) -> impl Iterator<Item = (usize, &Entry)> {
        let files = self.entries.iter().enumerate().filter(|(_, entry)| !entry.is_folder() && !describes(entry.name()));
        files.filter(|(number, _)| !self.code.iter().any(|(code, _)| code == number))
    }

    /// Whether it has the same file.
    pub(super) fn has(&self, file: &Entry) -> bool {
        let identity = |entry: &Entry| (entry.crc32(), entry.size());
        self.entries.iter().any(|entry| entry.name() == file.name() && identity(entry) == identity(file))
    }

    /// Whether both are one artifact, for several machines.
    pub(super) fn is_sibling(&self, other: &Self) -> bool {
        artifact(self.name()) == artifact(other.name())
    }

    /// Whether its name says for which machine it is.
    pub(super) fn is_classified(&self) -> bool {
        self.name().strip_suffix(".jar").is_some_and(|stem| artifact(self.name()) != stem)
    }

    /// Without some of its files, and without the index of all, which a class loader takes for true.
    pub(super) fn without(&self, files: &[usize]) -> Content {
        let left = self.entries.iter().enumerate().filter(|(number, entry)| !files.contains(number) && entry.name() != INDEX);
        thin_jar(left.map(|(_, entry)| entry.clone()).collect())
    }

    /// Why it keeps native code of several systems, where it does.
    pub(super) fn kept(&self) -> Option<String> {
        let keeps = self.is_signed && self.meaningful().next().is_some() && !self.code.is_empty();
        keeps.then(|| format!("`{}` is signed and stays whole, with the native code of every platform", self.name()))
    }
}

/// The number of the library whose bytes are a file's content.
pub(super) fn number(libraries: &[Looked], content: &Content) -> Option<usize> {
    let Content::Entry(entry) = content else { return None };
    libraries.iter().position(|library| library.name() == entry.name())
}

/// Whether what is needed of a library depends on the machine: it, or a sibling that could take its place, has native code
/// for Linux.
pub(super) fn is_apart(libraries: &[Looked], number: usize) -> bool {
    let library = &libraries[number];
    if library.code.is_empty() || library.kept().is_some() {
        return false;
    }
    let has_linux = |library: &Looked| library.code.iter().any(|(_, code)| code.is_of_one_machine());
    has_linux(library) || (library.is_classified() && libraries.iter().any(|other| other.is_sibling(library) && has_linux(other)))
}

/// Whether an entry only describes its own JAR: nothing is lost with it when the rest is not there.
fn describes(name: &str) -> bool {
    if name.rsplit('/').next() == Some("module-info.class") {
        return true;
    }
    let lower = name.to_ascii_lowercase();
    let Some(file) = lower.strip_prefix("meta-inf/") else { return false };
    let texts = ["license", "notice", "dependencies", "index.list", "about"];
    name == manifest::NAME
        || is_signature(name)
        || ["maven/", "native-image/", "license/", "licenses/"].iter().any(|folder| file.starts_with(folder))
        || (!file.contains('/') && texts.iter().any(|text| file.starts_with(text)))
}
