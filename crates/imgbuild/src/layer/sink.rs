//! Where a tar goes while it is written.

use std::io::{self, Write};

use super::{Content, Error};

/// Content is read in parts of this size.
pub(super) const PART: usize = 64 << 10;

/// Reads into what it is given, and tells how many bytes; none at the end.
pub(super) type ReadPart<'r> = dyn FnMut(&mut [u8]) -> Result<usize, Error> + 'r;

/// Takes the bytes of a tar, and is told which of them are files. It is never flushed before its end: that would change a
/// compressor's bytes.
pub(super) trait Sink: Write {
    /// What is written next is this content, whole and nothing else.
    fn expect(&mut self, _content: &dyn Content) {}

    /// Takes what one read gives, at most [`PART`], without a copy where it can, and gives it back.
    fn take(&mut self, read: &mut ReadPart<'_>) -> Result<&[u8], Error>;
}

impl<S: Sink + ?Sized> Sink for &mut S {
    fn expect(&mut self, content: &dyn Content) {
        (**self).expect(content);
    }

    fn take(&mut self, read: &mut ReadPart<'_>) -> Result<&[u8], Error> {
        (**self).take(read)
    }
}

/// A writer that knows no files.
pub(super) struct Plain<W> {
    writer: W,
    part: Box<[u8]>,
}

impl<W> Plain<W> {
    pub(super) fn new(writer: W) -> Self {
        Self { writer, part: vec![0; PART].into() }
    }

    pub(super) fn into_inner(self) -> W {
        self.writer
    }
}

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

impl<W: Write> Sink for Plain<W> {
    fn take(&mut self, read: &mut ReadPart<'_>) -> Result<&[u8], Error> {
        let len = read(&mut self.part)?;
        let part = &self.part[..len];
        self.writer.write_all(part).map_err(Error::from_io)?;
        Ok(part)
    }
}
