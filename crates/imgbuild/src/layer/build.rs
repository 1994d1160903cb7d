//! One pass over the files: tar, compressed bytes and both digests.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::sink::{ReadPart, Sink};
use super::tar::write_archive;
use super::{Content, Encoding, Error, Files};
use crate::oci::{Algorithm, Digest, Hasher};

/// Asks running compressors to stop: they look at it between two pieces.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Stops them.
    pub fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// Once stopped.
    pub fn check(&self) -> Result<(), Error> {
        if self.0.load(Ordering::Relaxed) { Err(Error::Stopped) } else { Ok(()) }
    }
}

/// What a pass over the files found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// The digest of the compressed bytes.
    pub digest: Digest,
    /// The digest of the tar.
    pub diff_id: Digest,
    /// The number of compressed bytes.
    pub size: u64,
}

/// Writes `files` as a compressed tar into `writer`.
///
/// # Errors
/// When content cannot be read or has changed, when writing fails, or once stopped.
pub fn build(files: &Files, encoding: Encoding, writer: impl Write + Send, stop: &Stop) -> Result<Built, Error> {
    let (diff_id, compressed) = encoding.compress(Hashing::new(writer), |sink| {
        let mut archive = Hashing::new(sink);
        write_archive(files, &mut archive, stop)?;
        Ok(archive.finish().1)
    })?;
    let (mut writer, digest, size) = compressed.finish();
    writer.flush().map_err(Error::Write)?;
    Ok(Built { digest, diff_id, size })
}

impl Error {
    /// An error of ours that travelled through [`io::Error`] comes back as itself.
    pub(super) fn from_io(error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Write)
    }
}

/// Counts and hashes what passes.
pub(super) struct Hashing<W> {
    writer: W,
    hasher: Hasher,
    size: u64,
}

impl<W> Hashing<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { writer, hasher: Hasher::new(Algorithm::Sha256), size: 0 }
    }

    pub(super) fn finish(self) -> (W, Digest, u64) {
        (self.writer, self.hasher.finish(), self.size)
    }
}

impl<S: Sink> Sink for Hashing<S> {
    fn expect(&mut self, content: &dyn Content) {
        self.writer.expect(content);
    }

    fn take(&mut self, read: &mut ReadPart<'_>) -> Result<&[u8], Error> {
        let bytes = self.writer.take(read)?;
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
