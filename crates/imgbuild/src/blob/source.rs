//! Where a blob's bytes can be.

use std::fmt;
use std::fs::File;
use std::io::{self, Cursor};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};

use super::{BoxFuture, Error};
use crate::oci::{Descriptor, Reference};

/// A place that has the bytes of a blob.
pub trait Source: Send + Sync {
    /// Opens the bytes of `descriptor` from their start. Checking them is the caller's part.
    fn open<'a>(&'a self, descriptor: &'a Descriptor) -> BoxFuture<'a, Result<Reader, Error>>;

    /// The place, for messages: `memory`, a path, a repository.
    fn place(&self) -> String;

    /// Whether the bytes that its readers give need no check: they check size and digest themselves, or this process computed both when
    /// it wrote the bytes. Hashing a layer twice costs as much as sending it.
    fn is_checked(&self) -> bool {
        false
    }

    /// The repository that has the blob, where that is known.
    fn repository(&self) -> Option<&Reference> {
        None
    }

    /// The source behind this one, where this one keeps what it reads.
    fn origin(&self) -> Option<&Arc<dyn Source>> {
        None
    }
}

/// The bytes of a blob, in order.
pub struct Reader(Pin<Box<dyn AsyncRead + Send>>);

impl Reader {
    /// Takes any reader.
    #[must_use]
    pub fn new(reader: impl AsyncRead + Send + 'static) -> Self {
        Self(Box::pin(reader))
    }
}

impl AsyncRead for Reader {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.0.as_mut().poll_read(context, buffer)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Reader")
    }
}

/// Bytes in memory.
#[derive(Debug, Clone)]
pub struct MemorySource(
    /// The bytes.
    pub Bytes,
);

impl Source for MemorySource {
    fn open<'a>(&'a self, _: &'a Descriptor) -> BoxFuture<'a, Result<Reader, Error>> {
        Box::pin(async { Ok(Reader::new(Cursor::new(self.0.clone()))) })
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }
}

/// A file that holds the blob and nothing else.
#[derive(Debug, Clone)]
pub struct FileSource(
    /// Its path.
    pub PathBuf,
);

impl Source for FileSource {
    fn open<'a>(&'a self, _: &'a Descriptor) -> BoxFuture<'a, Result<Reader, Error>> {
        Box::pin(async {
            match tokio::fs::File::open(&self.0).await {
                Ok(file) => Ok(Reader::new(file)),
                Err(source) => Err(Error::Read { place: self.place(), source }),
            }
        })
    }

    fn place(&self) -> String {
        format!("`{}`", self.0.display())
    }
}

/// A stretch of an open file: a whole file without a name, or one entry of an archive. It stays readable when the file
/// is removed or replaced.
#[derive(Debug, Clone)]
pub struct OpenFileSource {
    file: Arc<File>,
    start: u64,
    /// Of the whole, whatever there is.
    length: Option<u64>,
    place: Arc<str>,
}

impl OpenFileSource {
    /// The whole of a file that has no name: nobody else finds it, and it is gone when the last clone is.
    #[must_use]
    pub fn new(file: File) -> Self {
        Self { file: Arc::new(file), start: 0, length: None, place: "a temporary file".into() }
    }

    /// `length` bytes of `file` from `start` on, which are an error where the file has fewer; `place` names them in messages.
    #[must_use]
    pub fn range(file: Arc<File>, start: u64, length: u64, place: &str) -> Self {
        Self { file, start, length: Some(length), place: place.into() }
    }
}

impl Source for OpenFileSource {
    fn open<'a>(&'a self, _: &'a Descriptor) -> BoxFuture<'a, Result<Reader, Error>> {
        let reader = PositionedReader { file: Arc::clone(&self.file), position: self.start, left: self.length };
        Box::pin(async { Ok(Reader::new(reader)) })
    }

    fn place(&self) -> String {
        self.place.to_string()
    }
}

/// Reads by position, so that readers of one open file do not move each other. The reads are of a local file: they block
/// no longer than a copy does.
struct PositionedReader {
    file: Arc<File>,
    position: u64,
    left: Option<u64>,
}

impl AsyncRead for PositionedReader {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let unfilled = buffer.initialize_unfilled();
        let room = unfilled.len();
        let wanted = self.left.and_then(|left| usize::try_from(left).ok()).map_or(room, |left| left.min(room));
        let length = self.file.read_at(&mut unfilled[..wanted], self.position)?;
        if length == 0 && wanted > 0 && self.left.is_some() {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        buffer.advance(length);
        self.position += length as u64;
        self.left = self.left.map(|left| left - length as u64);
        Poll::Ready(Ok(()))
    }
}
