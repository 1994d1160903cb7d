//! What is in an archive, read by a ZIP reader that imgbuild does not use for writing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use zip::ZipArchive;

/// One entry of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZipEntry {
    /// The name, with a `/` at the end for a directory.
    pub name: String,
    /// The inflated bytes.
    pub content: Vec<u8>,
}

/// The entries in the archive's order.
///
/// # Panics
/// Where the file is no archive.
#[must_use]
pub fn zip_entries(path: &Path) -> Vec<ZipEntry> {
    let fail = |error: &dyn std::fmt::Display| -> ! { panic!("cannot read `{}`: {error}", path.display()) };
    let file = File::open(path).unwrap_or_else(|error| fail(&error));
    let mut archive = ZipArchive::new(file).unwrap_or_else(|error| fail(&error));
    (0..archive.len())
        .map(|index| {
            let mut entry = archive.by_index(index).unwrap_or_else(|error| fail(&error));
            let name = entry.name().unwrap_or_else(|error| fail(&error)).into_owned();
            let mut content = Vec::new();
            if let Err(error) = entry.read_to_end(&mut content) {
                fail(&error);
            }
            ZipEntry { name, content }
        })
        .collect()
}

/// The main section of a JAR manifest: continuation lines joined, names as they are written.
#[must_use]
pub fn manifest_attributes(manifest: &[u8]) -> BTreeMap<String, String> {
    let text = String::from_utf8_lossy(manifest).replace("\r\n", "\n").replace("\n ", "");
    let main = text.split("\n\n").next().unwrap_or_default();
    main.lines().filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}
