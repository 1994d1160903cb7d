//! A blob: a descriptor, and where its bytes are.
//!
//! Its identity needs no I/O; a base layer stays remote until somebody opens it. Whoever opens a blob gets bytes whose
//! size and digest are checked while they stream, unless this process has just computed both. The room refuses to know
//! what the bytes mean.

mod source;
mod verify;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tokio::io::AsyncReadExt as _;

use crate::oci::{Descriptor, Digest, MediaType, Reference};

pub use source::{FileSource, MemorySource, OpenFileSource, Reader, Source};
pub use verify::Verify;

/// A future that a trait object returns.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why a blob's bytes could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not those that the descriptor names.
    #[error("{place} does not hold what its descriptor says: {reason}")]
    Mismatch {
        /// The blob and where it was read from.
        place: String,
        /// What differs.
        reason: String,
    },
    /// Reading failed.
    #[error("cannot read {place}: {source}")]
    Read {
        /// The blob and where it was read from.
        place: String,
        /// The cause.
        source: io::Error,
    },
    /// The place where the blob lies could not give it.
    #[error("{0}")]
    Source(Box<dyn std::error::Error + Send + Sync>),
    /// The blob is larger than what may be held in memory.
    #[error("{place} has {size} bytes; at most {limit} are read into memory")]
    TooLarge {
        /// The blob and where it was read from.
        place: String,
        /// Its size in bytes.
        size: u64,
        /// The limit in bytes.
        limit: u64,
    },
}

/// A descriptor and its bytes, wherever they are. Cheap to clone.
#[derive(Clone)]
pub struct Blob {
    descriptor: Arc<Descriptor>,
    source: Arc<dyn Source>,
}

impl Blob {
    /// A blob whose bytes `source` has.
    #[must_use]
    pub fn new(descriptor: Descriptor, source: impl Source + 'static) -> Self {
        Self { descriptor: Arc::new(descriptor), source: Arc::new(source) }
    }

    /// A blob of bytes in memory.
    #[must_use]
    pub fn from_bytes(media_type: MediaType, bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::new(Descriptor::of(media_type, &bytes), MemorySource(bytes))
    }

    /// A blob whose bytes are in a file of their own.
    #[must_use]
    pub fn from_file(descriptor: Descriptor, path: PathBuf) -> Self {
        Self::new(descriptor, FileSource(path))
    }

    /// The same bytes under another media type.
    #[must_use]
    pub fn with_media_type(&self, media_type: MediaType) -> Self {
        let descriptor = Descriptor { media_type, ..Descriptor::clone(&self.descriptor) };
        Self { descriptor: Arc::new(descriptor), source: Arc::clone(&self.source) }
    }

    /// The same bytes from where they come from, for a reader who needs them once: nothing is kept on the way.
    #[must_use]
    pub fn unkept(&self) -> Self {
        let source = self.source.origin().unwrap_or(&self.source);
        Self { descriptor: Arc::clone(&self.descriptor), source: Arc::clone(source) }
    }

    /// Type, digest and size.
    #[must_use]
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The digest of the bytes.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.descriptor.digest
    }

    /// The number of bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.descriptor.size
    }

    /// The repository that has the blob, where that is known: another repository of the same registry can mount it.
    #[must_use]
    pub fn repository(&self) -> Option<&Reference> {
        self.source.repository()
    }

    /// The source, to be wrapped by another.
    #[must_use]
    pub fn source(&self) -> &Arc<dyn Source> {
        &self.source
    }

    /// Opens the bytes from their start. Size and digest are checked while they stream: a wrong blob ends in an error
    /// instead of an end of file.
    ///
    /// # Errors
    /// When the source cannot be opened.
    pub async fn open(&self) -> Result<Reader, Error> {
        let reader = self.source.open(&self.descriptor).await?;
        if self.source.is_checked() {
            return Ok(reader);
        }
        Ok(Reader::new(Verify::new(reader, &self.descriptor, self.to_string())))
    }

    /// All bytes, at most `limit` of them.
    ///
    /// # Errors
    /// When the blob is larger than `limit`, cannot be read, or is not what its descriptor says.
    pub async fn read(&self, limit: u64) -> Result<Bytes, Error> {
        if self.size() > limit {
            return Err(Error::TooLarge { place: self.to_string(), size: self.size(), limit });
        }
        let mut bytes = Vec::new();
        let mut reader = self.open().await?;
        reader.read_to_end(&mut bytes).await.map_err(|error| Error::from_read(self.to_string(), error))?;
        Ok(bytes.into())
    }
}

impl Error {
    /// An error of reading from `place`; one of ours that travelled through [`io::Error`] comes back as itself.
    #[must_use]
    pub fn from_read(place: String, error: io::Error) -> Self {
        match error.downcast::<Self>() {
            Ok(ours) => ours,
            Err(source) => Self::Read { place, source },
        }
    }
}

impl fmt::Display for Blob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "blob `{}` of {}", self.digest().short(), self.source.place())
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn bytes_in_memory_and_in_a_file_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blob");
        std::fs::write(&path, b"hello").unwrap();
        let memory = Blob::from_bytes(MediaType::OciConfig, &b"hello"[..]);
        let file = Blob::from_file(memory.descriptor().clone(), path);
        assert_eq!(memory.read(5).await.unwrap(), "hello");
        assert_eq!(file.read(5).await.unwrap(), "hello");
        assert!(matches!(file.read(4).await, Err(Error::TooLarge { size: 5, limit: 4, .. })));
    }

    #[tokio::test]
    async fn a_file_that_was_changed_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("blob");
        let descriptor = Descriptor::of(MediaType::OciConfig, b"hello");
        for (content, reason) in [(&b"hullo"[..], "digest"), (b"hell", "ends after 4"), (b"hello!", "more than 5")] {
            std::fs::write(&path, content).unwrap();
            let error = Blob::from_file(descriptor.clone(), path.clone()).read(10).await.unwrap_err();
            assert!(matches!(&error, Error::Mismatch { .. }), "{error:?}");
            assert!(error.to_string().contains(reason), "{error}");
        }
    }
}
