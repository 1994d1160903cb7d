//! The fixed Huffman code of deflate (RFC 1951, 3.2.6), ready to be written: lowest bit first.

/// Bits and how many they are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Code {
    pub(super) bits: u32,
    pub(super) count: u32,
}

/// The shortest match that deflate knows.
pub(super) const MIN_LENGTH: usize = 3;
/// The longest match that deflate knows.
pub(super) const MAX_LENGTH: usize = 258;

/// Ends a block.
pub(super) const END: Code = symbol(256);

/// One code a byte.
pub(super) const LITERALS: [Code; 256] = literals();

/// One code a length, from [`MIN_LENGTH`] to [`MAX_LENGTH`], with its extra bits.
pub(super) const LENGTHS: [Code; MAX_LENGTH - MIN_LENGTH + 1] = lengths();

/// The codes of the thirty ranges of distances; the last two never occur.
const SLOTS: [u32; 32] = {
    let mut table = [0; 32];
    let mut slot = 0_u32;
    while slot < 32 {
        table[slot as usize] = reversed(slot, 5);
        slot += 1;
    }
    table
};

/// The code of a distance, 1 to 32,768, with its extra bits.
pub(super) const fn distance(distance: u32) -> Code {
    let from_zero = distance - 1;
    if from_zero < 4 {
        return Code { bits: reversed(from_zero, 5), count: 5 };
    }
    let extra = from_zero.ilog2() - 1;
    let slot = 2 * extra + (from_zero >> extra);
    Code { bits: SLOTS[slot as usize % SLOTS.len()] | (from_zero & ((1 << extra) - 1)) << 5, count: 5 + extra }
}

const fn symbol(symbol: u32) -> Code {
    let (code, count) = match symbol {
        0..=143 => (0x30 + symbol, 8),
        144..=255 => (0x190 + symbol - 144, 9),
        256..=279 => (symbol - 256, 7),
        _ => (0xc0 + symbol - 280, 8),
    };
    Code { bits: reversed(code, count), count }
}

const fn reversed(bits: u32, count: u32) -> u32 {
    bits.reverse_bits() >> (32 - count)
}

const fn literals() -> [Code; 256] {
    let mut table = [Code { bits: 0, count: 0 }; 256];
    let mut byte = 0_u32;
    while byte < 256 {
        table[byte as usize] = symbol(byte);
        byte += 1;
    }
    table
}

const fn lengths() -> [Code; MAX_LENGTH - MIN_LENGTH + 1] {
    let mut table = [Code { bits: 0, count: 0 }; MAX_LENGTH - MIN_LENGTH + 1];
    let mut from_zero = 0_u32;
    while from_zero < 255 {
        // Eight lengths have a symbol of their own, then four symbols share each number of extra bits.
        let extra = if from_zero < 8 { 0 } else { from_zero.ilog2() - 2 };
        let code = symbol(257 + 4 * extra + (from_zero >> extra));
        table[from_zero as usize] = Code { bits: code.bits | (from_zero & ((1 << extra) - 1)) << code.count, count: code.count + extra };
        from_zero += 1;
    }
    // The longest match has a symbol of its own.
    table[255] = symbol(285);
    table
}
