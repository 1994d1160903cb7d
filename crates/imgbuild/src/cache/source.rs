//! Blobs that are read from the cache.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};

use super::Cache;
use crate::blob::{Blob, BoxFuture, Error, OpenFileSource, Reader, Source, Verify};
use crate::oci::{Descriptor, Reference};

/// Fetches the blob into the cache when it is opened.
pub(super) struct CachedSource {
    cache: Cache,
    origin: Blob,
}

impl CachedSource {
    pub(super) const fn new(cache: Cache, origin: Blob) -> Self {
        Self { cache, origin }
    }
}

impl Source for CachedSource {
    fn open<'a>(&'a self, descriptor: &'a Descriptor) -> BoxFuture<'a, Result<Reader, Error>> {
        Box::pin(async move {
            match self.cache.fetch(&self.origin).await {
                Ok(blob) => blob.source().open(descriptor).await,
                Err(super::Error::Blob(error)) => Err(error),
                Err(error) => Err(Error::Source(Box::new(error))),
            }
        })
    }

    fn place(&self) -> String {
        self.origin.source().place()
    }

    /// What was found is a [`CheckedFile`], and what was fetched is [`Written`].
    fn is_checked(&self) -> bool {
        true
    }

    fn repository(&self) -> Option<&Reference> {
        self.origin.repository()
    }

    fn origin(&self) -> Option<&Arc<dyn Source>> {
        Some(self.origin.source())
    }
}

/// A whole file of the cache. Bytes that fail the check are removed, so that the next attempt fetches them again.
pub(super) struct CheckedFile(pub(super) PathBuf);

impl Source for CheckedFile {
    fn open<'a>(&'a self, descriptor: &'a Descriptor) -> BoxFuture<'a, Result<Reader, Error>> {
        Box::pin(async move {
            let failed = |source| Error::Read { place: self.place(), source };
            let file = tokio::fs::File::open(&self.0).await.map_err(failed)?;
            let checked = Verify::new(file, descriptor, self.place());
            Ok(Reader::new(RemoveIfWrong { reader: checked, path: self.0.clone() }))
        })
    }

    fn place(&self) -> String {
        format!("`{}`", self.0.display())
    }

    fn is_checked(&self) -> bool {
        true
    }
}

/// A file that this process has written and kept open since. Its digest was computed from the same bytes; nobody else writes to it,
/// and whoever takes its place in the folder makes another file.
pub(super) struct Written(pub(super) OpenFileSource);

impl Source for Written {
    fn open<'a>(&'a self, descriptor: &'a Descriptor) -> BoxFuture<'a, Result<Reader, Error>> {
        self.0.open(descriptor)
    }

    fn place(&self) -> String {
        self.0.place()
    }

    fn is_checked(&self) -> bool {
        true
    }
}

struct RemoveIfWrong<R> {
    reader: R,
    path: PathBuf,
}

impl<R: AsyncRead + Unpin> AsyncRead for RemoveIfWrong<R> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.reader).poll_read(context, buffer);
        if let Poll::Ready(Err(error)) = &polled
            && error.kind() == io::ErrorKind::InvalidData
        {
            // The error that is returned says what was wrong; a file that cannot be removed fails again next time.
            let _ = fs::remove_file(&self.path);
        }
        polled
    }
}
