//! Bits of Deflate, read from the lowest on (RFC 1951, 3.1.1).

use super::code::MAX_BITS;

/// Bytes, and the bits of them that come next.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    rest: &'a [u8],
    buffer: u64,
    count: u32,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, buffer: 0, count: 0 }
    }

    /// Takes bytes over, eight at a time while there are so many: until there are 56 bits or more, or no bytes.
    #[inline]
    pub(super) fn fill(&mut self) {
        if let Some(word) = self.rest.first_chunk() {
            // What does not fit is not taken, and is the same when it comes again.
            self.buffer |= u64::from_le_bytes(*word) << self.count;
            self.rest = &self.rest[(63 - self.count as usize) / 8..];
            self.count |= 0x38;
        } else {
            *self = self.with_last();
        }
    }

    #[cold]
    fn with_last(mut self) -> Self {
        while self.count < 56
            && let Some((&byte, rest)) = self.rest.split_first()
        {
            self.buffer |= u64::from(byte) << self.count;
            self.rest = rest;
            self.count += 8;
        }
        self
    }

    /// The next bits, the first read lowest; at most 16 at a time.
    pub(super) fn take(&mut self, wanted: u32) -> Option<u32> {
        if self.count < wanted {
            self.fill();
        }
        let value = self.held(wanted);
        self.skip(wanted)?;
        u32::try_from(value).ok()
    }

    /// Leaves out bits that were looked at.
    pub(super) fn skip(&mut self, unwanted: u32) -> Option<()> {
        self.count = self.count.checked_sub(unwanted)?;
        self.buffer >>= unwanted;
        Some(())
    }

    /// The next bits of those that are held, without taking them; zeros where there are no more.
    pub(super) fn held(&self, wanted: u32) -> u64 {
        self.buffer & ((1 << wanted) - 1)
    }

    /// The next bits as a code of the longest length, whose first bit is read lowest.
    pub(super) fn code(&mut self) -> u16 {
        if self.count < MAX_BITS.into() {
            self.fill();
        }
        let [low, high, ..] = self.buffer.to_le_bytes();
        u16::from_le_bytes([low, high]).reverse_bits() >> 1
    }

    /// Leaves out what is left of a byte that was begun.
    pub(super) fn align(&mut self) {
        let odd = self.count % 8;
        self.buffer >>= odd;
        self.count -= odd;
    }
}
