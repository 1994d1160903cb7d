//! Where a tar goes while it is written.

use std::io::Write;

use super::Content;

/// Takes the bytes of a tar, and is told which of them are files. It is never flushed before its end: that would change a
/// compressor's bytes.
pub(super) trait Sink: Write {
    /// What is written next is this content, whole and nothing else.
    fn expect(&mut self, _content: &dyn Content) {}
}

impl<W: Write> Sink for std::io::BufWriter<W> {}

impl<W: Write> Sink for zstd::Encoder<'_, W> {}
