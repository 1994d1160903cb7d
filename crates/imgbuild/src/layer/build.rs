//! The files as a tar, its compressed bytes, and both digests: in one pass, or the tar's in a second one.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::sink::{Plain, ReadPart, Sink};
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
    let (diff_id, digest, size) = compress(encoding, writer, |sink| {
        let mut archive = Hashing::new(sink);
        write_archive(files, &mut archive, stop)?;
        Ok(archive.finish().1)
    })?;
    Ok(Built { digest, diff_id, size })
}

/// A layer whose tar has no digest yet: the compressed bytes can be sent before it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The digest of the compressed bytes.
    pub digest: Digest,
    /// The number of compressed bytes.
    pub size: u64,
    tar: Sum,
}

/// What tells a tar from another one that was written of files which have changed meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Sum {
    size: u64,
    crc: u32,
}

/// The same without the digest of the tar, which takes a fifth of the time.
///
/// # Errors
/// As [`build`].
pub fn pack(files: &Files, encoding: Encoding, writer: impl Write + Send, stop: &Stop) -> Result<Packed, Error> {
    let (tar, digest, size) = compress(encoding, writer, |sink| {
        let mut archive = Hashing::with(sink, crc32fast::Hasher::new());
        write_archive(files, &mut archive, stop)?;
        Ok(archive.sum())
    })?;
    Ok(Packed { digest, size, tar })
}

impl Packed {
    /// The digest of the tar, for which the files are read again.
    ///
    /// # Errors
    /// [`Error::Rewritten`] when they are not what was compressed, else as [`build`].
    pub fn diff_id(&self, files: &Files, stop: &Stop) -> Result<Digest, Error> {
        let mut archive = Hashing::with(Hashing::new(Plain::new(io::sink())), crc32fast::Hasher::new());
        write_archive(files, &mut archive, stop)?;
        if archive.sum() != self.tar {
            return Err(Error::Rewritten);
        }
        Ok(archive.writer.finish().1)
    }
}

/// Compresses what `fill` writes; gives what that gave, and the digest and number of compressed bytes.
fn compress<T>(
    encoding: Encoding,
    writer: impl Write + Send,
    fill: impl FnOnce(&mut dyn Sink) -> Result<T, Error>,
) -> Result<(T, Digest, u64), Error> {
    let (filled, compressed) = encoding.compress(Hashing::new(writer), fill)?;
    let (mut writer, digest, size) = compressed.finish();
    writer.flush().map_err(Error::Write)?;
    Ok((filled, digest, size))
}

impl Error {
    /// An error of ours that travelled through [`io::Error`] comes back as itself.
    pub(super) fn from_io(error: io::Error) -> Self {
        error.downcast::<Self>().unwrap_or_else(Self::Write)
    }
}

/// What bytes are hashed with.
pub(super) trait Hash {
    fn update(&mut self, bytes: &[u8]);
}

impl Hash for Hasher {
    fn update(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

impl Hash for crc32fast::Hasher {
    fn update(&mut self, bytes: &[u8]) {
        self.update(bytes);
    }
}

/// Counts and hashes what passes.
pub(super) struct Hashing<W, H = Hasher> {
    writer: W,
    hasher: H,
    size: u64,
}

impl<W, H> Hashing<W, H> {
    const fn with(writer: W, hasher: H) -> Self {
        Self { writer, hasher, size: 0 }
    }
}

impl<W> Hashing<W> {
    pub(super) fn new(writer: W) -> Self {
        Self::with(writer, Hasher::new(Algorithm::Sha256))
    }

    pub(super) fn finish(self) -> (W, Digest, u64) {
        (self.writer, self.hasher.finish(), self.size)
    }
}

impl<W> Hashing<W, crc32fast::Hasher> {
    fn sum(&self) -> Sum {
        Sum { size: self.size, crc: self.hasher.clone().finalize() }
    }
}

impl<S: Sink, H: Hash> Sink for Hashing<S, H> {
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

impl<W: Write, H: Hash> Write for Hashing<W, H> {
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
