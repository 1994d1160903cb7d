//! A layer of a base: entries in the order in which they were added, whiteouts among them (image-spec layer.md).

use std::collections::BTreeSet;

use super::Compression;
use crate::{
    archive::{self, Entry, Kind},
    compress,
};

/// A layer that is still to be written. Paths have no leading slash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    entries: Vec<Entry>,
    compression: Compression,
}

impl Layer {
    /// A layer without entries, compressed with gzip.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry as it stands.
    #[must_use]
    pub fn entry(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    /// Adds a regular file.
    #[must_use]
    pub fn file(self, path: &str, mode: u32, content: &[u8]) -> Self {
        self.entry(Entry { mode, ..Entry::new(path, Kind::File(content.into())) })
    }

    /// Adds a directory.
    #[must_use]
    pub fn directory(self, path: &str, mode: u32) -> Self {
        self.entry(Entry { mode, ..Entry::new(path, Kind::Directory) })
    }

    /// Adds a symbolic link.
    #[must_use]
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(Entry::new(path, Kind::Symlink(target.into())))
    }

    /// Adds a hard link to a path of the archive.
    #[must_use]
    pub fn hard_link(self, path: &str, target: &str) -> Self {
        self.entry(Entry::new(path, Kind::HardLink(target.into())))
    }

    /// Removes a path of the layers below: adds its `.wh.` file.
    #[must_use]
    pub fn whiteout(self, path: &str) -> Self {
        let name_at = path.rfind('/').map_or(0, |slash| slash + 1);
        let (folder, name) = path.split_at(name_at);
        self.file(&format!("{folder}.wh.{name}"), 0o644, b"")
    }

    /// Hides everything that the layers below have in a directory: adds its `.wh..wh..opq`.
    #[must_use]
    pub fn opaque(self, folder: &str) -> Self {
        self.file(&format!("{folder}/.wh..wh..opq"), 0o644, b"")
    }

    /// Sets the owner of the entry that was added last.
    #[must_use]
    pub fn owned(mut self, uid: u64, gid: u64) -> Self {
        if let Some(entry) = self.entries.last_mut() {
            (entry.uid, entry.gid) = (uid, gid);
        }
        self
    }

    /// Sets the time of every entry, in seconds since 1970.
    #[must_use]
    pub fn modified(mut self, seconds: u64) -> Self {
        for entry in &mut self.entries {
            entry.modified = seconds;
        }
        self
    }

    /// Sorts the entries by path and adds missing parent directories with mode 0755, owned by 0:0.
    #[must_use]
    pub fn with_parents(mut self) -> Self {
        let there: BTreeSet<String> = self.entries.iter().map(|entry| entry.path.clone()).collect();
        let parents: BTreeSet<&str> = there.iter().flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..at])).collect();
        for parent in parents {
            if !there.contains(parent) {
                self.entries.push(Entry::new(parent, Kind::Directory));
            }
        }
        self.entries.sort_by(|one, other| one.path.cmp(&other.path));
        self
    }

    /// Sets how the layer is compressed.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// How the layer is compressed.
    #[must_use]
    pub fn compressed_with(&self) -> Compression {
        self.compression
    }

    /// The uncompressed archive, whose digest is the diff id.
    #[must_use]
    pub fn archive(&self) -> Vec<u8> {
        archive::write(&self.entries)
    }

    /// The layer's blob.
    #[must_use]
    pub fn blob(&self) -> Vec<u8> {
        let archive = self.archive();
        match self.compression {
            Compression::None => archive,
            Compression::Gzip => compress::gzip(&archive),
            Compression::Zstd => compress::zstd(&archive),
        }
    }
}
