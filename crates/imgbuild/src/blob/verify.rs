//! Checks size and digest of bytes while they pass.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};

use super::Error;
use crate::oci::{Descriptor, Digest, Hasher};

/// A reader that ends in an error where the bytes were not those of the descriptor.
///
/// The size is checked first, so that a stream that never ends is cut off after one byte too many.
#[derive(Debug)]
pub struct Verify<R> {
    reader: R,
    hasher: Option<Hasher>,
    expected: Digest,
    size: u64,
    seen: u64,
    place: String,
}

impl<R> Verify<R> {
    /// Checks what `reader` gives against `descriptor`; `place` names the blob in the error.
    pub fn new(reader: R, descriptor: &Descriptor, place: String) -> Self {
        Self {
            reader,
            hasher: Some(Hasher::new(descriptor.digest.algorithm())),
            expected: descriptor.digest.clone(),
            size: descriptor.size,
            seen: 0,
            place,
        }
    }

    fn mismatch(&self, reason: String) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, Error::Mismatch { place: self.place.clone(), reason })
    }

    fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.seen += bytes.len() as u64;
        if self.seen > self.size {
            return Err(self.mismatch(format!("there are more than {} bytes", self.size)));
        }
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        if self.seen < self.size {
            return Err(self.mismatch(format!("it ends after {} of {} bytes", self.seen, self.size)));
        }
        // Readers are polled again after their end; the verdict was given the first time.
        match self.hasher.take().map(Hasher::finish) {
            Some(found) if found != self.expected => Err(self.mismatch(format!("its digest is {found}, not {}", self.expected))),
            _ => Ok(()),
        }
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Verify<R> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        std::task::ready!(Pin::new(&mut self.reader).poll_read(context, buffer))?;
        let after = buffer.filled().len();
        let verdict = if after == before && buffer.capacity() > before { self.end() } else { self.take(&buffer.filled()[before..after]) };
        // A reader that fails must not seem to have filled anything.
        if verdict.is_err() {
            buffer.set_filled(before);
        }
        Poll::Ready(verdict)
    }
}
