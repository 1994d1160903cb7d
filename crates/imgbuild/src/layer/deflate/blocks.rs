//! Writes blocks of deflate: stored ones, ones of the fixed code, and those that zlib made.

use std::ops::Range;

use super::codes::{self, Code};

/// A block that is not the last, of the fixed code (RFC 1951, 3.2.3).
const FIXED: Code = Code { bits: 0b010, count: 3 };
/// A block that is not the last, stored.
const STORED: Code = Code { bits: 0b000, count: 3 };
/// Bytes that one stored block holds.
const MAX_STORED: usize = 0xffff;

/// Blocks, one after the other. What they store stays where it is until it is written: it is most of a layer, and a second piece of
/// it would take a processor's cache from those who work beside.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    /// All but what is stored.
    bytes: Vec<u8>,
    stored: Vec<Stored>,
    /// Bits that do not fill a byte yet, and how many.
    pending: u64,
    count: u32,
    /// Whether a block of the fixed code has begun.
    open: bool,
}

/// A run of the input that a block holds as it is.
#[derive(Debug)]
struct Stored {
    /// How many of the other bytes lie before it.
    before: usize,
    range: Range<usize>,
}

impl Blocks {
    /// Drops them and keeps their memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.stored.clear();
        (self.pending, self.count, self.open) = (0, 0, false);
    }

    /// Their bytes in order; `input` is what the ranges are of.
    pub(super) fn parts<'a>(&'a self, input: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut at = 0;
        let stored = self.stored.iter().flat_map(move |stored| {
            let from = std::mem::replace(&mut at, stored.before);
            [&self.bytes[from..at], &input[stored.range.clone()]]
        });
        let last = self.stored.last().map_or(0, |stored| stored.before);
        stored.chain([&self.bytes[last..]])
    }

    /// Writes a byte in a block of the fixed code.
    pub(super) fn literal(&mut self, byte: u8) {
        self.open();
        self.put(codes::LITERALS[usize::from(byte)]);
    }

    /// Writes a match, `length` from [`codes::MIN_LENGTH`] on, in a block of the fixed code.
    pub(super) fn copy(&mut self, length: usize, distance: u32) {
        self.open();
        self.put(codes::LENGTHS[length - codes::MIN_LENGTH]);
        self.put(codes::distance(distance));
    }

    /// Writes a run of the input as it is.
    pub(super) fn stored(&mut self, range: Range<usize>) {
        for start in range.clone().step_by(MAX_STORED) {
            let end = range.end.min(start + MAX_STORED);
            self.begin_stored(end - start);
            self.stored.push(Stored { before: self.bytes.len(), range: start..end });
        }
    }

    /// Ends what is open, so that the next block begins with a byte, and gives the bytes to append whole blocks to.
    pub(super) fn aligned(&mut self) -> &mut Vec<u8> {
        if self.open || self.count > 0 {
            self.begin_stored(0);
        }
        &mut self.bytes
    }

    /// Ends the last block.
    pub(super) fn finish(&mut self) {
        self.aligned();
    }

    /// Begins a block of bytes as they are, at most [`MAX_STORED`].
    fn begin_stored(&mut self, length: usize) {
        if self.open {
            self.put(codes::END);
            self.open = false;
        }
        self.put(STORED);
        let whole = self.count.div_ceil(8) as usize;
        self.bytes.extend_from_slice(&self.pending.to_le_bytes()[..whole]);
        (self.pending, self.count) = (0, 0);
        // `MAX_STORED` fits.
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(&(!length).to_le_bytes());
    }

    fn open(&mut self) {
        if !self.open {
            self.put(FIXED);
            self.open = true;
        }
    }

    fn put(&mut self, code: Code) {
        self.pending |= u64::from(code.bits) << self.count;
        self.count += code.count;
        if self.count >= 32 {
            self.bytes.extend_from_slice(&self.pending.to_le_bytes()[..4]);
            self.pending >>= 32;
            self.count -= 32;
        }
    }
}
