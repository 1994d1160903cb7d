//! One piece of the stream, compressed without a look at any other.

use std::io;

use zlib_rs::{Deflate, DeflateFlush};

use super::blocks::Blocks;
use super::matcher::{Matcher, Step};

/// Bytes of a piece. Each begins without a window, which costs half a percent of what zlib compresses.
pub(super) const SIZE: usize = 512 << 10;

/// Raw deflate with the largest window.
const WINDOW_BITS: u8 = 15;
/// What zlib gives is taken in parts of this size.
const SCRATCH: usize = 64 << 10;

/// How a run of bytes is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Deflated already: as it is.
    Packed,
    /// Between the data of a ZIP file's entries: matched against other headers.
    Header,
    /// A ZIP file's directory: by zlib, at a low level.
    Directory,
    /// By zlib.
    Other,
}

/// The level for directories, where the one that is asked for is not lower. Names that follow each other share most of their
/// letters: level 6 takes two thirds longer, and makes a layer of libraries a thousandth smaller.
const DIRECTORY_LEVEL: i32 = 2;

/// A run of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) kind: Kind,
    pub(super) len: usize,
}

/// Bytes, how they are to be written, and what became of them. Its memory is used again for other pieces.
#[derive(Debug, Default)]
pub(super) struct Piece {
    /// The input, and room for more.
    bytes: Vec<u8>,
    len: usize,
    pub(super) spans: Vec<Span>,
    blocks: Blocks,
    crc: crc32fast::Hasher,
}

impl Piece {
    /// Bytes and the runs that they are made of.
    pub(super) fn new(input: Vec<u8>, spans: Vec<Span>) -> Self {
        Self { len: input.len(), bytes: input, spans, ..Self::default() }
    }

    /// What is to be compressed.
    pub(super) fn input(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// What [`SIZE`] leaves behind the input, to be written to.
    pub(super) fn room(&mut self) -> &mut [u8] {
        if self.bytes.len() < SIZE {
            // Memory that is zero already is not written to.
            let input = std::mem::replace(&mut self.bytes, vec![0; SIZE]);
            self.bytes[..input.len()].copy_from_slice(&input);
        }
        &mut self.bytes[self.len..]
    }

    /// Takes so many bytes of the room as input, and gives them.
    pub(super) fn grow(&mut self, len: usize) -> &[u8] {
        let from = self.len;
        self.len += len;
        &self.bytes[from..self.len]
    }

    /// Takes what there is room for, and tells how much.
    pub(super) fn append(&mut self, bytes: &[u8]) -> usize {
        let room = self.room();
        let taken = bytes.len().min(room.len());
        room[..taken].copy_from_slice(&bytes[..taken]);
        self.grow(taken).len()
    }

    /// Keeps so many bytes of the input.
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Whole blocks of deflate, from byte to byte, none of them the last; in parts that follow each other.
    pub(super) fn output(&self) -> impl Iterator<Item = &[u8]> {
        self.blocks.parts(self.input())
    }

    /// The checksum of the input.
    pub(super) const fn crc(&self) -> &crc32fast::Hasher {
        &self.crc
    }
}

/// Compresses pieces. What it keeps between them is memory, never what it has seen.
pub(super) struct Compressor {
    level: i32,
    matcher: Matcher,
    scratch: Box<[u8]>,
}

impl Compressor {
    pub(super) fn new(level: i32) -> Self {
        Self { level, matcher: Matcher::new(), scratch: vec![0; SCRATCH].into() }
    }

    /// Compresses the piece; its spans cover its input.
    pub(super) fn compress(&mut self, piece: &mut Piece) -> io::Result<()> {
        let Piece { bytes, len, spans, blocks, crc } = piece;
        let input = &bytes[..*len];
        *crc = crc32fast::Hasher::new();
        crc.update(input);
        blocks.clear();
        self.matcher.reset();
        // Made anew for each piece: one that is used again gives bytes that depend on what it compressed before.
        let (mut low, mut usual) = (None, None);
        let mut at = 0;
        for span in spans {
            let end = at + span.len;
            match span.kind {
                Kind::Packed => blocks.stored(at..end),
                Kind::Header => self.matcher.steps(input, at, end, |step| match step {
                    Step::Literal(byte) => blocks.literal(byte),
                    Step::Copy(length, distance) => blocks.copy(length, distance),
                }),
                Kind::Directory => {
                    let level = self.level.min(DIRECTORY_LEVEL);
                    deflate(&mut low, level, &input[at..end], &mut self.scratch, blocks.aligned())?;
                }
                Kind::Other => deflate(&mut usual, self.level, &input[at..end], &mut self.scratch, blocks.aligned())?,
            }
            at = end;
        }
        blocks.finish();
        Ok(())
    }
}

/// Appends what zlib makes of a run of bytes, up to a whole byte. It knows nothing of runs before.
fn deflate(zlib: &mut Option<Deflate>, level: i32, mut input: &[u8], scratch: &mut [u8], output: &mut Vec<u8>) -> io::Result<()> {
    let zlib = zlib.get_or_insert_with(|| Deflate::new(level, false, WINDOW_BITS));
    loop {
        let (taken, given) = (zlib.total_in(), zlib.total_out());
        zlib.compress(input, scratch, DeflateFlush::SyncFlush).map_err(|error| io::Error::other(error.as_str()))?;
        // Both differences are at most the length of a piece.
        let taken = usize::try_from(zlib.total_in() - taken).map_err(io::Error::other)?;
        let given = usize::try_from(zlib.total_out() - given).map_err(io::Error::other)?;
        output.extend_from_slice(&scratch[..given]);
        input = &input[taken..];
        if input.is_empty() && given < scratch.len() {
            zlib.reset();
            return Ok(());
        }
    }
}
