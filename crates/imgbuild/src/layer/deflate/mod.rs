//! Deflate that knows ZIP files: what a JAR holds deflated already is passed on, the rest is compressed.
//!
//! A layer of libraries is made of ZIP files, whose entries no compressor makes smaller, and of the names and numbers around
//! them, which are a tenth of it. So deflated data becomes stored blocks; local headers and descriptors become blocks of the
//! fixed code, matched against other headers alone; central directories and everything that is no ZIP file go to zlib, directories
//! at a low level, which finds nearly all of what repeats in them. That is as small as `gzip -6` makes it, within a percent, at less
//! than a tenth of the time.
//!
//! The output is one gzip member (RFC 1952): streaming readers, Python's among them, stop silently behind the first of
//! several. It is cut into pieces that several threads compress and join. A piece depends on its own bytes and on nothing
//! else, so neither the number of threads nor their timing changes a bit. Where a directory lies, the layer becomes larger, and
//! is as right as ever: what directories say only decides how bytes are written, not which.

mod blocks;
mod check;
mod codes;
mod cut;
mod matcher;
#[cfg(test)]
mod peers;
mod piece;
mod pool;
#[cfg(test)]
mod tests;
mod walk;

use std::io::{self, BufWriter, Write};

use super::{Error, Sink};

/// Names the bytes that this encoder makes, beside zlib's level. Changes whenever the same input would give others.
pub(super) const NAME: &str = "imgbuild-deflate-2+zlib-rs-0.6";

/// Magic, deflate, no flags, no time, no extra flags, unknown system: nothing that a machine or a day could change.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// The last block, empty: pieces do not know which of them is the last.
const LAST_BLOCK: [u8; 2] = [3, 0];

/// Short parts of the output are gathered up to this size.
const BUFFER: usize = 64 << 10;

/// Compresses what `fill` writes into one gzip member, and gives the writer back beside what `fill` gave. `level` is zlib's.
///
/// # Errors
/// Those of `fill`; when writing fails; when the compressor does not give the bytes that it is known for.
pub(super) fn compress<W, T>(level: i32, writer: W, fill: impl FnOnce(&mut dyn Sink) -> Result<T, Error>) -> Result<(T, W), Error>
where
    W: Write + Send,
{
    check::check_compressor()?;
    compress_with(level, pool::threads(), writer, fill)
}

fn compress_with<W, T>(level: i32, threads: usize, writer: W, fill: impl FnOnce(&mut dyn Sink) -> Result<T, Error>) -> Result<(T, W), Error>
where
    W: Write + Send,
{
    let mut member = Member { writer: BufWriter::with_capacity(BUFFER, writer), crc: crc32fast::Hasher::new(), length: 0 };
    member.writer.write_all(&HEADER).map_err(Error::Write)?;
    let (filled, member) = pool::run(level, threads, member, |pieces| {
        let mut cutter = cut::Cutter::new(pieces)?;
        let filled = fill(&mut cutter)?;
        cutter.finish()?;
        Ok(filled)
    })?;
    Ok((filled, member.finish().map_err(Error::Write)?))
}

/// Where compressed pieces are joined.
struct Member<W: Write> {
    writer: BufWriter<W>,
    crc: crc32fast::Hasher,
    length: u32,
}

impl<W: Write> Member<W> {
    fn append(&mut self, piece: &piece::Piece) -> io::Result<()> {
        piece.output().try_for_each(|part| self.writer.write_all(part))?;
        self.crc.combine(piece.crc());
        // RFC 1952: the length is counted modulo 2^32.
        self.length = self.length.wrapping_add(u32::try_from(piece.input().len()).map_err(io::Error::other)?);
        Ok(())
    }

    fn finish(mut self) -> io::Result<W> {
        self.writer.write_all(&LAST_BLOCK)?;
        self.writer.write_all(&self.crc.finalize().to_le_bytes())?;
        self.writer.write_all(&self.length.to_le_bytes())?;
        Ok(self.writer.into_inner()?)
    }
}
