//! Writes blocks of deflate: stored ones, ones of the fixed code, and those that zlib made.

use super::codes::{self, Code};

/// A block that is not the last, of the fixed code (RFC 1951, 3.2.3).
const FIXED: Code = Code { bits: 0b010, count: 3 };
/// A block that is not the last, stored.
const STORED: Code = Code { bits: 0b000, count: 3 };
/// Bytes that one stored block holds.
const MAX_STORED: usize = 0xffff;

/// Blocks, one after the other.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    bytes: Vec<u8>,
    /// Bits that do not fill a byte yet, and how many.
    pending: u64,
    count: u32,
    /// Whether a block of the fixed code has begun.
    open: bool,
}

impl Blocks {
    /// Starts with the memory of `bytes`, whose content is dropped.
    pub(super) fn new(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        Self { bytes, ..Self::default() }
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

    /// Writes bytes as they are.
    pub(super) fn stored(&mut self, data: &[u8]) {
        for part in data.chunks(MAX_STORED) {
            self.stored_block(part);
        }
    }

    /// Ends what is open, so that the next block begins with a byte, and gives the bytes to append whole blocks to.
    pub(super) fn aligned(&mut self) -> &mut Vec<u8> {
        if self.open || self.count > 0 {
            self.stored_block(&[]);
        }
        &mut self.bytes
    }

    /// Ends the last block.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.aligned();
        self.bytes
    }

    fn stored_block(&mut self, data: &[u8]) {
        if self.open {
            self.put(codes::END);
            self.open = false;
        }
        self.put(STORED);
        let whole = self.count.div_ceil(8) as usize;
        self.bytes.extend_from_slice(&self.pending.to_le_bytes()[..whole]);
        (self.pending, self.count) = (0, 0);
        // `MAX_STORED` fits.
        let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
        self.bytes.extend_from_slice(&length.to_le_bytes());
        self.bytes.extend_from_slice(&(!length).to_le_bytes());
        self.bytes.extend_from_slice(data);
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
