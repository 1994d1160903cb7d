//! The files of a layer: one entry a path, sorted.

use std::collections::BTreeMap;
use std::collections::btree_map;
use std::fmt;
use std::sync::Arc;

use super::{Content, Error};

/// 1980-01-01T00:00:00Z, the earliest time that a ZIP can hold, so that a JAR survives a round trip through either.
pub const EPOCH_1980: u64 = 315_532_800;

/// The mode bits of an entry, without its type.
const MODE_BITS: u32 = 0o7777;

/// Numeric owner, mode and time of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attributes {
    /// Permission bits.
    pub mode: u32,
    /// Numeric user.
    pub uid: u64,
    /// Numeric group.
    pub gid: u64,
    /// Time of modification in seconds since 1970.
    pub mtime: u64,
}

impl Attributes {
    /// A file that all may read: 0644, owner 0:0, 1980-01-01.
    pub const FILE: Self = Self { mode: 0o644, uid: 0, gid: 0, mtime: EPOCH_1980 };
    /// A folder that all may enter: 0755, owner 0:0, 1980-01-01.
    pub const FOLDER: Self = Self { mode: 0o755, ..Self::FILE };
}

/// What an entry is.
#[derive(Clone)]
pub enum Kind {
    /// A folder.
    Folder,
    /// A file with its content.
    File(Arc<dyn Content>),
    /// A symbolic link to this target.
    Symlink(String),
}

/// One entry of a layer.
#[derive(Clone)]
pub struct Entry {
    /// What it is.
    pub kind: Kind,
    /// Its owner, mode and time.
    pub attributes: Attributes,
}

/// The entries of a layer by path: relative to the root, without a leading or trailing `/`.
#[derive(Clone, Default)]
pub struct Files(BTreeMap<String, Entry>);

impl Files {
    /// No files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The entries in the order of their paths' bytes.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// Names the state of every file on disk that the contents come from. The same outline with the same mark is the same layer; there
    /// is none where one of them is not on disk, has changed since it was opened, or was changed a moment before.
    #[must_use]
    pub fn mark(&self) -> Option<String> {
        let mut sources = BTreeMap::new();
        for (_, entry) in self.entries() {
            if let Kind::File(content) = &entry.kind {
                let source = content.source()?;
                sources.insert(source.mark()?.to_owned(), source);
            }
        }
        let are_unchanged = sources.values().all(|source| source.verify_unchanged().is_ok());
        are_unchanged.then(|| sources.into_keys().collect::<Vec<_>>().join(" "))
    }

    /// Adds a file.
    ///
    /// # Errors
    /// When the path is not allowed or taken.
    pub fn add_file(&mut self, path: &str, content: impl Content + 'static, attributes: Attributes) -> Result<(), Error> {
        self.add(path, Entry { kind: Kind::File(Arc::new(content)), attributes })
    }

    /// Adds any entry.
    ///
    /// # Errors
    /// When the path is not allowed or taken. A folder may be added twice with the same attributes.
    pub fn add(&mut self, path: &str, entry: Entry) -> Result<(), Error> {
        let path = valid_path(path)?;
        let entry = Entry { attributes: Attributes { mode: entry.attributes.mode & MODE_BITS, ..entry.attributes }, ..entry };
        match self.0.entry(path.to_owned()) {
            btree_map::Entry::Vacant(place) => {
                place.insert(entry);
                Ok(())
            }
            btree_map::Entry::Occupied(taken) => match (&taken.get().kind, &entry.kind) {
                (Kind::Folder, Kind::Folder) if taken.get().attributes == entry.attributes => Ok(()),
                _ => Err(Error::Duplicate { path: path.to_owned() }),
            },
        }
    }

    /// Whether the other holds the same: the same content, not only an equal one.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |(one, other): (&Entry, &Entry)| {
            let same_kind = match (&one.kind, &other.kind) {
                (Kind::Folder, Kind::Folder) => true,
                (Kind::File(one), Kind::File(other)) => Arc::ptr_eq(one, other),
                (Kind::Symlink(one), Kind::Symlink(other)) => one == other,
                _ => false,
            };
            same_kind && one.attributes == other.attributes
        };
        self.0.keys().eq(other.0.keys()) && self.0.values().zip(other.0.values()).all(same)
    }

    /// Adds the folders above every entry that are not among the entries. `known` says which the base has: those are
    /// left out, so that they keep the base's mode and owner.
    ///
    /// # Errors
    /// When a file stands where a folder is needed.
    pub fn add_parents(&mut self, attributes: Attributes, known: impl Fn(&str) -> bool) -> Result<(), Error> {
        let paths: Vec<String> = self.0.keys().cloned().collect();
        for path in &paths {
            for (at, _) in path.match_indices('/') {
                let parent = &path[..at];
                match self.0.get(parent).map(|entry| &entry.kind) {
                    Some(Kind::Folder) => {}
                    Some(_) => return Err(Error::Path { path: path.clone(), reason: "one of its parents is a file" }),
                    None if known(parent) => {}
                    None => self.add(parent, Entry { kind: Kind::Folder, attributes })?,
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// Checks a path in an image and takes the leading `/` away.
fn valid_path(path: &str) -> Result<&str, Error> {
    let refuse = |reason| Err(Error::Path { path: path.chars().take(300).collect(), reason });
    let relative = path.strip_prefix('/').unwrap_or(path);
    for part in relative.split('/') {
        match part {
            "" => return refuse("a part of the path is empty"),
            "." | ".." => return refuse("`.` and `..` could reach outside of the image"),
            part if part.starts_with(".wh.") => return refuse("names that start with `.wh.` delete files of lower layers"),
            part if part.contains('\0') => return refuse("it holds a NUL byte"),
            _ => {}
        }
    }
    Ok(relative)
}
