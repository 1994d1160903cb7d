//! Canonical codes, made of their lengths (RFC 1951, 3.2.2).

use super::bits::Bits;

/// Lengths of codes that a processor looks at together; zero where a symbol has no code.
pub(super) type Block = [u8; BLOCK];
pub(super) const BLOCK: usize = 32;
/// Bits of the longest code.
pub(super) const MAX_BITS: u8 = 15;

/// Ones for the first places and zeros for as many others: from a place on it tells which lie before another one.
const FIRST: [u8; 2 * BLOCK] = {
    let mut first = [0; 2 * BLOCK];
    let (ones, _) = first.split_at_mut(BLOCK);
    ones.copy_from_slice(&[1; BLOCK]);
    first
};

/// A canonical code. Sorting three hundred symbols takes longer than looking for the eight that are met.
pub(super) struct Code<'a> {
    /// The first code of each length.
    firsts: [u16; MAX_BITS as usize + 1],
    /// Those of each length and of shorter ones end here, as codes of the longest length.
    ends: [u16; MAX_BITS as usize + 1],
    lengths: &'a [Block],
}

impl<'a> Code<'a> {
    /// The code of these lengths; `None` where they leave no room for all symbols.
    pub(super) fn of(lengths: &'a [Block]) -> Option<Self> {
        let mut code = Self { firsts: [0; MAX_BITS as usize + 1], ends: [0; MAX_BITS as usize + 1], lengths };
        let (mut next, counts) = (0, count(lengths));
        for length in 1..=MAX_BITS {
            code.firsts[usize::from(length)] = next;
            next += counts[usize::from(length)];
            if next > 1 << length {
                return None;
            }
            code.ends[usize::from(length)] = next << (MAX_BITS - length);
            next <<= 1;
        }
        Some(code)
    }

    pub(super) fn decode(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let ahead = bits.code();
        let shorter: u8 = self.ends[1..].iter().map(|&end| u8::from(end <= ahead)).sum();
        let length = 1 + shorter;
        let first = self.firsts.get(usize::from(length))?;
        bits.skip(length.into())?;
        let (mut before, mut at) = ((ahead >> (MAX_BITS - length)) - first, 0);
        for block in self.lengths {
            let here = number_of(length, block);
            if before < here {
                let mut same = (at..).zip(block).filter(|(_, other)| **other == length);
                return same.nth(before.into()).and_then(|(symbol, _)| u16::try_from(symbol).ok());
            }
            before -= here;
            at += BLOCK;
        }
        None
    }

    /// Takes the next symbol if it is this one, which is known sooner than which one it is.
    pub(super) fn take(&self, symbol: u8, bits: &mut Bits<'_>) -> Option<()> {
        let symbol = usize::from(symbol);
        let (whole, rest) = self.lengths.split_at_checked(symbol / BLOCK)?;
        let (block, within) = (rest.first()?, symbol % BLOCK);
        let length = block[within];
        if length == 0 {
            return None;
        }
        let mut counts = [0; BLOCK];
        for block in whole {
            count_same(&mut counts, length, block);
        }
        let before = FIRST.get(BLOCK - within..)?.first_chunk::<BLOCK>()?;
        let mut here = [0; BLOCK];
        count_same(&mut here, length, block);
        for ((count, here), before) in counts.iter_mut().zip(here).zip(before) {
            *count += here & before;
        }
        let code = self.firsts.get(usize::from(length))? + sum(&counts);
        if bits.code() >> (MAX_BITS - length) == code { bits.skip(length.into()) } else { None }
    }
}

/// How many symbols have codes of each length. Neighbours often have the same one, and a number that was just written is slow to
/// be read: so each of four counts its own.
fn count(lengths: &[Block]) -> [u16; MAX_BITS as usize + 1] {
    let mut counts = [[0; MAX_BITS as usize + 1]; 4];
    for four in lengths.as_flattened().as_chunks::<4>().0 {
        for (counts, length) in counts.iter_mut().zip(four) {
            counts[usize::from(length & MAX_BITS)] += 1;
        }
    }
    let [first, others @ ..] = counts;
    others.iter().fold(first, |sum, counts| std::array::from_fn(|length| sum[length] + counts[length]))
}

/// How many symbols of a block have codes of this length.
fn number_of(length: u8, block: &Block) -> u16 {
    let mut counts = [0; BLOCK];
    count_same(&mut counts, length, block);
    sum(&counts)
}

/// Counts a block's codes of this length, each place by itself, which is all of them at once to a processor.
fn count_same(counts: &mut Block, length: u8, block: &Block) {
    for (count, &other) in counts.iter_mut().zip(block) {
        *count += u8::from(other == length);
    }
}

fn sum(counts: &Block) -> u16 {
    counts.iter().map(|&count| u16::from(count)).sum()
}
