//! One gzip member with an empty header (RFC 1952).
//!
//! The compressor is called directly and never through a crate whose backend another crate's features can switch. It is
//! fed pieces of one size, because the bytes of a deflate stream may depend on how its input was cut.

use std::io::{self, Write};
use std::sync::OnceLock;

use zlib_rs::{Deflate, DeflateFlush, Status};

use super::Error;
use crate::oci::Digest;

/// Input is compressed in pieces of this size, whatever the size of the writes was.
const PIECE: usize = 64 << 10;

/// Magic, deflate, no flags, no time, no extra flags, unknown system: nothing that a machine or a day could change.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// Raw deflate with the largest window.
const WINDOW_BITS: u8 = 15;

/// Compresses into a writer.
pub(super) struct Gzip<W> {
    writer: W,
    deflate: Deflate,
    piece: Vec<u8>,
    output: Box<[u8]>,
    crc: crc32fast::Hasher,
    length: u32,
}

impl<W: Write> Gzip<W> {
    /// Starts a member of this level, after the compressor has shown that it gives the bytes that it is known for.
    pub(super) fn new(writer: W, level: i32) -> io::Result<Self> {
        check_compressor().map_err(io::Error::other)?;
        Self::unchecked(writer, level)
    }

    fn unchecked(mut writer: W, level: i32) -> io::Result<Self> {
        writer.write_all(&HEADER)?;
        Ok(Self {
            writer,
            deflate: Deflate::new(level, false, WINDOW_BITS),
            piece: Vec::with_capacity(PIECE),
            output: vec![0; PIECE].into_boxed_slice(),
            crc: crc32fast::Hasher::new(),
            length: 0,
        })
    }

    /// Ends the member and gives the writer back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.deflate_piece(DeflateFlush::Finish)?;
        self.writer.write_all(&self.crc.clone().finalize().to_le_bytes())?;
        self.writer.write_all(&self.length.to_le_bytes())?;
        Ok(self.writer)
    }

    fn deflate_piece(&mut self, flush: DeflateFlush) -> io::Result<()> {
        let mut input = self.piece.as_slice();
        loop {
            let (taken, given) = (self.deflate.total_in(), self.deflate.total_out());
            let status = self.deflate.compress(input, &mut self.output, flush).map_err(|error| io::Error::other(error.as_str()))?;
            // Both differences are at most the length of a piece.
            let taken = usize::try_from(self.deflate.total_in() - taken).map_err(io::Error::other)?;
            let given = usize::try_from(self.deflate.total_out() - given).map_err(io::Error::other)?;
            self.writer.write_all(&self.output[..given])?;
            input = &input[taken..];
            let done = match flush {
                DeflateFlush::Finish => matches!(status, Status::StreamEnd),
                _ => input.is_empty() && given < self.output.len(),
            };
            if done {
                self.piece.clear();
                return Ok(());
            }
        }
    }
}

impl<W: Write> Write for Gzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..taken]);
        self.crc.update(&bytes[..taken]);
        // RFC 1952: the length is counted modulo 2^32. A piece has at most 64 KiB.
        self.length = self.length.wrapping_add(u32::try_from(taken).map_err(io::Error::other)?);
        if self.piece.len() == PIECE {
            self.deflate_piece(DeflateFlush::NoFlush)?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The name of the compressor in messages.
const COMPRESSOR: &str = "zlib-rs level 6";

/// What the compressor makes of [`known_input`]. A dependency update that changes it changes every layer's digest, so
/// it is refused at first use rather than noticed in a registry.
const KNOWN_DIGEST: &str = "sha256:553d9867acf7a8b8849a66914ca4275e1820395c7d6e8cd117958cc6f4474abf";

fn check_compressor() -> Result<(), Error> {
    static CHECKED: OnceLock<bool> = OnceLock::new();
    let good = CHECKED.get_or_init(|| known_bytes().is_ok_and(|bytes| Digest::of(&bytes).as_str() == KNOWN_DIGEST));
    if *good { Ok(()) } else { Err(Error::Compressor(COMPRESSOR)) }
}

fn known_bytes() -> io::Result<Vec<u8>> {
    let mut gzip = Gzip::unchecked(Vec::new(), 6)?;
    gzip.write_all(&known_input())?;
    gzip.finish()
}

/// Text-like, repeating and random-looking bytes, more than one piece of them.
fn known_input() -> Vec<u8> {
    let mut state = 1_u32;
    (0..3 * PIECE / 2)
        .map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [high, ..] = state.to_be_bytes();
            if at / 512 % 3 == 0 { high } else { b"the quick brown fox "[(at ^ usize::from(high >> 6)) % 20] }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn the_compressor_gives_its_known_bytes() {
        assert_eq!(Digest::of(&known_bytes().unwrap()).as_str(), KNOWN_DIGEST);
    }

    #[test]
    fn the_bytes_do_not_depend_on_the_writes() {
        let input = known_input();
        let whole = known_bytes().unwrap();
        for size in [1, 7, 4096, 65_537] {
            let mut gzip = Gzip::new(Vec::new(), 6).unwrap();
            for piece in input.chunks(size) {
                gzip.write_all(piece).unwrap();
            }
            assert!(gzip.finish().unwrap() == whole, "writes of {size}");
        }
    }

    #[test]
    fn every_level_reads_back() {
        let input = known_input();
        for level in 1..=9 {
            let mut gzip = Gzip::new(Vec::new(), level).unwrap();
            gzip.write_all(&input).unwrap();
            let bytes = gzip.finish().unwrap();
            let mut read = Vec::new();
            flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut read).unwrap();
            assert!(read == input, "level {level}");
        }
    }

    #[test]
    fn an_empty_member_is_valid() {
        let bytes = Gzip::new(Vec::new(), 6).unwrap().finish().unwrap();
        let mut read = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut read).unwrap();
        assert!(read.is_empty());
    }
}
