//! The lengths of the codes of a block of Deflate (RFC 1951, 3.2.6 and 3.2.7).

use super::bits::Bits;
use super::code::{BLOCK, Block};

/// Blocks for the symbols of literals and lengths, two of which never occur (RFC 1951, 3.2.5), and for those of distances.
const LITERALS: usize = 9;
const DISTANCES: usize = 1;
/// Lengths of literals that a block may bring (RFC 1951, 3.2.7).
const MOST_LITERALS: usize = 286;
/// The order in which the lengths of the length codes are written (RFC 1951, 3.2.7).
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Bits of the longest code of a length.
const MAX_LENGTH_BITS: usize = 7;

/// What one symbol of the code of the lengths says, in one word: it is taken apart faster than its parts are loaded.
#[derive(Clone, Copy)]
struct Step(u32);

impl Step {
    /// What each symbol says, by the length of its code.
    const OF: [[Self; MAX_LENGTH_BITS + 1]; ORDER.len()] = {
        let mut of = [[Self(0); MAX_LENGTH_BITS + 1]; ORDER.len()];
        let mut at = 0;
        while at < ORDER.len() * MAX_LENGTH_BITS {
            let (symbol, length) = (at / MAX_LENGTH_BITS, 1 + at % MAX_LENGTH_BITS);
            #[expect(clippy::cast_possible_truncation, reason = "below 19 and 8")]
            let step = Self::new(symbol as u8, length as u8);
            of[symbol][length] = step;
            at += 1;
        }
        of
    };
    /// Bits of the longest one, with what is behind it.
    const MOST_BITS: u32 = 14;
    /// Marks a length that is the one before.
    const SAME: u8 = 1 << 4;

    const fn new(symbol: u8, code: u8) -> Self {
        let (more, times, length) = match symbol {
            16 => (2, 3, Self::SAME),
            17 => (3, 3, 0),
            18 => (7, 11, 0),
            length => (0, 1, length),
        };
        Self(u32::from_le_bytes([code + more, code | times << 4, (1 << more) - 1, length]))
    }

    /// Bits of its code, and of what is behind it.
    fn bits(self) -> u32 {
        let [bits, ..] = self.0.to_le_bytes();
        bits.into()
    }

    /// How many symbols have the length; `ahead` begins with the code, behind which is how many times more.
    fn times(self, ahead: u64) -> u64 {
        let [_, code, more, _] = self.0.to_le_bytes().map(u64::from);
        (code >> 4) + (ahead >> (code & 0xf) & more)
    }

    /// The length: its own, or the one before.
    fn length(self, before: u8) -> u8 {
        let [.., length] = self.0.to_le_bytes();
        if length == Self::SAME { before } else { length }
    }
}

/// The code of the lengths, as a table of all that its bits can be; `None` where some of that means nothing, as for zlib.
///
/// The table of codes of one length is that of the shorter ones, twice, with the new codes in it: bits behind a code are above it.
fn steps(lengths: &[u8; ORDER.len()]) -> Option<[Step; 1 << MAX_LENGTH_BITS]> {
    // A bit for each symbol whose code has the length.
    let mut symbols = [0_u32; MAX_LENGTH_BITS + 1];
    for (symbol, &length) in lengths.iter().enumerate() {
        *symbols.get_mut(usize::from(length))? |= 1 << symbol;
    }
    let filled: u32 = (1..=MAX_LENGTH_BITS).map(|length| symbols[length].count_ones() << (MAX_LENGTH_BITS - length)).sum();
    if filled != 1 << MAX_LENGTH_BITS {
        return None;
    }
    let mut table = [Step(0); 1 << MAX_LENGTH_BITS];
    // The next code, with zeros behind it up to the longest.
    let mut next = 0_u8;
    for length in 1..=MAX_LENGTH_BITS {
        let (shorter, more) = table.split_at_mut(1 << (length - 1));
        more[..shorter.len()].copy_from_slice(shorter);
        let mut symbols = symbols[length];
        while symbols != 0 {
            // The first bit of a code is read lowest.
            table[usize::from((next << 1).reverse_bits())] = Step::OF[symbols.trailing_zeros() as usize][length];
            next += 1 << (MAX_LENGTH_BITS - length);
            symbols &= symbols - 1;
        }
    }
    Some(table)
}

/// Lengths of the codes of a block of Deflate.
pub(super) struct Lengths {
    pub(super) literals: [Block; LITERALS],
    pub(super) distances: [Block; DISTANCES],
}

impl Lengths {
    /// Those of a block that does not bring its own (RFC 1951, 3.2.6).
    pub(super) const FIXED: Self = {
        let mut literals = [[8; BLOCK]; LITERALS];
        let mut at = 144;
        while at < 280 {
            literals[at / BLOCK][at % BLOCK] = if at < 256 { 9 } else { 7 };
            at += 1;
        }
        Self { literals, distances: [[5; BLOCK]; DISTANCES] }
    };
}

/// The lengths that a block brings.
///
/// They take most of the time: a class file has some three hundred before its first byte. Nearly each is another one than a
/// processor expects, so there is no branch that depends on them. A step writes as many lengths as one means that repeats the one
/// before; the next overwrites what were too many, and what lies behind is zero already, as the longer runs are.
pub(super) fn dynamic(bits: &mut Bits<'_>) -> Option<Lengths> {
    const MOST_AT_ONCE: usize = 8;
    let literals = 257 + usize::try_from(bits.take(5)?).ok()?;
    let distances = 1 + usize::try_from(bits.take(5)?).ok()?;
    let written = 4 + usize::try_from(bits.take(4)?).ok()?;
    if literals > MOST_LITERALS {
        return None;
    }
    let mut lengths = [0; ORDER.len()];
    for &place in &ORDER[..written] {
        lengths[place] = u8::try_from(bits.take(3)?).ok()?;
    }
    let table = steps(&lengths)?;
    let len = literals + distances;
    let mut all = [0; BLOCK * (LITERALS + DISTANCES) + MOST_AT_ONCE];
    let (mut at, mut length) = (0, 0);
    // A copy stays in registers.
    let mut own = *bits;
    while at < len {
        own.fill();
        // What a filled buffer holds is enough for so many.
        for _ in 0..56 / Step::MOST_BITS {
            if at >= len {
                break;
            }
            let ahead = own.held(Step::MOST_BITS);
            let step = table[usize::try_from(ahead).ok()? % table.len()];
            own.skip(step.bits())?;
            length = step.length(length);
            all[at..at + MOST_AT_ONCE].copy_from_slice(&[length; MOST_AT_ONCE]);
            at += usize::try_from(step.times(ahead)).ok()?;
        }
    }
    if at != len {
        return None;
    }
    *bits = own;
    let mut found = Lengths { literals: [[0; BLOCK]; LITERALS], distances: [[0; BLOCK]; DISTANCES] };
    found.literals.as_flattened_mut()[..literals].copy_from_slice(&all[..literals]);
    found.distances.as_flattened_mut()[..distances].copy_from_slice(&all[literals..len]);
    Some(found)
}
