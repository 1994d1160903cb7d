//! Where the bytes of a file in a layer come from.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::jar;
use crate::oci::Digest;

/// Bytes that can be read from their start, as often as wanted.
pub trait Content: Send + Sync {
    /// The number of bytes.
    fn size(&self) -> u64;

    /// Opens the bytes.
    ///
    /// # Errors
    /// When they are not there any more.
    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>>;

    /// Where they lie, for messages.
    fn place(&self) -> String;

    /// The same bytes as a range that is read by position, where there is one. A compressor looks there for what is
    /// compressed already; it takes the bytes themselves from [`open`](Self::open).
    fn range(&self) -> Option<jar::Bytes> {
        None
    }

    /// Tells them from others that are as many and come from the same file, where the path in the layer does not.
    fn outline(&self) -> Option<Digest> {
        None
    }

    /// A part of the file that they come from, in whatever form they lie there, where there is one.
    fn source(&self) -> Option<jar::Bytes> {
        self.range()
    }
}

impl Content for Bytes {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(Cursor::new(self)))
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }
}

/// A whole file on disk.
#[derive(Debug, Clone)]
pub struct FileContent {
    path: PathBuf,
    size: u64,
}

impl FileContent {
    /// The file at `path`, with the size that it has now.
    ///
    /// # Errors
    /// When there is no such file.
    pub fn new(path: impl AsRef<Path>) -> io::Result<Self> {
        let path = path.as_ref().to_owned();
        let metadata = std::fs::metadata(&path)?;
        if metadata.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        Ok(Self { size: metadata.len(), path })
    }
}

impl Content for FileContent {
    fn size(&self) -> u64 {
        self.size
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(Box::new(File::open(&self.path)?))
    }

    fn place(&self) -> String {
        format!("`{}`", self.path.display())
    }

    fn range(&self) -> Option<jar::Bytes> {
        jar::Bytes::open(&self.path).ok()
    }
}

impl Content for jar::Content {
    fn size(&self) -> u64 {
        self.size()
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send + '_>> {
        Ok(self.open())
    }

    fn place(&self) -> String {
        "the JAR".to_owned()
    }

    fn range(&self) -> Option<jar::Bytes> {
        match self {
            Self::Bytes(bytes) => Some(bytes.clone()),
            Self::Entry(entry) => entry.stored().cloned(),
            // Its entries are stored.
            Self::Thin(_) => None,
        }
    }

    fn outline(&self) -> Option<Digest> {
        self.outline().cloned()
    }

    fn source(&self) -> Option<jar::Bytes> {
        self.source().cloned()
    }
}
