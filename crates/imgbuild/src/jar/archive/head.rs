//! The first bytes of an entry, inflated without the tables that are made for inflating all of it.
//!
//! A class file tells its version in its first eight bytes, and a JAR has tens of thousands of them: preparing a usual
//! inflater takes longer than decoding those eight. This one decodes bit by bit (RFC 1951) and keeps nothing.

use super::Method;

/// Packed bytes that hold the first ones of a file: the codes of a block of Deflate take at most some 300.
pub(in super::super) const PACKED_HEAD: usize = 512;

/// The codes of literals and lengths; two of them never occur (RFC 1951, 3.2.5).
const LITERALS: usize = 288;
const DISTANCES: usize = 32;
const MAX_BITS: usize = 15;
/// The order in which the lengths of the length codes are written (RFC 1951, 3.2.7).
const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LENGTHS: [(u16, u8); 29] = [
    (3, 0),
    (4, 0),
    (5, 0),
    (6, 0),
    (7, 0),
    (8, 0),
    (9, 0),
    (10, 0),
    (11, 1),
    (13, 1),
    (15, 1),
    (17, 1),
    (19, 2),
    (23, 2),
    (27, 2),
    (31, 2),
    (35, 3),
    (43, 3),
    (51, 3),
    (59, 3),
    (67, 4),
    (83, 4),
    (99, 4),
    (115, 4),
    (131, 5),
    (163, 5),
    (195, 5),
    (227, 5),
    (258, 0),
];

/// The first `N` bytes of data packed by `method`; `None` where there are fewer, or the data is damaged.
pub(in super::super) fn head<const N: usize>(method: Method, packed: &[u8]) -> Option<[u8; N]> {
    match method {
        Method::Stored => packed.first_chunk().copied(),
        Method::Deflated => inflate(&mut Bits { rest: packed, buffer: 0, count: 0 }),
    }
}

fn inflate<const N: usize>(bits: &mut Bits<'_>) -> Option<[u8; N]> {
    let mut out = Out { bytes: [0; N], len: 0 };
    loop {
        let last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => stored(bits, &mut out)?,
            1 => coded(bits, &mut out, &Code::of(&fixed_literals()), &[5; DISTANCES])?,
            2 => {
                let lengths = dynamic(bits)?;
                coded(bits, &mut out, &lengths.literals(), lengths.distances())?;
            }
            _ => return None,
        }
        if out.len == N {
            return Some(out.bytes);
        }
        if last {
            return None;
        }
    }
}

struct Out<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Out<N> {
    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len += 1;
        }
    }
}

struct Bits<'a> {
    rest: &'a [u8],
    buffer: u64,
    count: u32,
}

impl Bits<'_> {
    /// Takes bytes over, eight at a time while there are so many: until there are 56 bits or more, or no bytes. It is needed
    /// for one symbol in ten, and would keep the others from being inlined.
    #[inline(never)]
    fn fill(&mut self) {
        if let Some(word) = self.rest.first_chunk() {
            // What does not fit is not taken, and is the same when it comes again.
            self.buffer |= u64::from_le_bytes(*word) << self.count;
            self.rest = &self.rest[(63 - self.count as usize) / 8..];
            self.count |= 0x38;
            return;
        }
        while self.count < 56
            && let Some((&byte, rest)) = self.rest.split_first()
        {
            self.buffer |= u64::from(byte) << self.count;
            self.rest = rest;
            self.count += 8;
        }
    }

    /// The next bits, the first read lowest; at most 16 at a time.
    fn take(&mut self, wanted: u32) -> Option<u32> {
        let value = self.peek(wanted);
        self.skip(wanted)?;
        u32::try_from(value).ok()
    }

    /// Leaves out bits that were looked at.
    fn skip(&mut self, unwanted: u32) -> Option<()> {
        self.count = self.count.checked_sub(unwanted)?;
        self.buffer >>= unwanted;
        Some(())
    }

    /// The next bits without taking them; zeros where there are no more.
    fn peek(&mut self, wanted: u32) -> u64 {
        if self.count < wanted {
            self.fill();
        }
        self.buffer & ((1 << wanted) - 1)
    }

    fn align(&mut self) {
        let odd = self.count % 8;
        self.buffer >>= odd;
        self.count -= odd;
    }
}

fn stored<const N: usize>(bits: &mut Bits<'_>, out: &mut Out<N>) -> Option<()> {
    bits.align();
    let (length, check) = (bits.take(16)?, bits.take(16)?);
    if length != !check & 0xffff {
        return None;
    }
    for _ in 0..length {
        if out.len == N {
            break;
        }
        out.push(u8::try_from(bits.take(8)?).ok()?);
    }
    Some(())
}

/// A canonical code. Symbols are looked for when they are decoded, which are eight: sorting three hundred takes longer.
struct Code<'a> {
    /// The first code of each length.
    firsts: [u32; MAX_BITS + 1],
    /// Codes as numbers of fifteen bits: those of each length and of shorter ones end here.
    ends: [u32; MAX_BITS + 1],
    /// The length of each symbol's code.
    lengths: &'a [u8],
}

impl<'a> Code<'a> {
    fn of(lengths: &'a [u8]) -> Self {
        let mut counts = [0_u32; MAX_BITS + 1];
        for &length in lengths {
            counts[usize::from(length) % counts.len()] += 1;
        }
        let mut code = Self { firsts: [0; MAX_BITS + 1], ends: [0; MAX_BITS + 1], lengths };
        let mut next = 0;
        for (length, (first, end)) in code.firsts.iter_mut().zip(&mut code.ends).enumerate().skip(1) {
            *first = next;
            next += counts[length];
            *end = next << (MAX_BITS - length);
            next <<= 1;
        }
        code
    }

    fn decode(&self, bits: &mut Bits<'_>) -> Option<u16> {
        // The first bit of a code is read lowest.
        let ahead = u32::from(u16::try_from(bits.peek(15)).ok()?.reverse_bits() >> 1);
        let shorter: u32 = self.ends[1..].iter().map(|&end| u32::from(end <= ahead)).sum();
        let length = usize::try_from(1 + shorter).ok()?;
        let first = *self.firsts.get(length)?;
        bits.skip(1 + shorter)?;
        self.symbol(u8::try_from(length).ok()?, usize::try_from((ahead >> (MAX_BITS - length)) - first).ok()?)
    }

    /// The symbol before which so many others have codes of this length.
    fn symbol(&self, length: u8, mut before: usize) -> Option<u16> {
        /// A processor compares so many at once.
        const BLOCK: usize = 32;
        let (blocks, rest) = self.lengths.as_chunks::<BLOCK>();
        let mut at = 0;
        for block in blocks {
            let here: u8 = block.iter().map(|&other| u8::from(other == length)).sum();
            if before < usize::from(here) {
                break;
            }
            before -= usize::from(here);
            at += BLOCK;
        }
        let block = blocks.get(at / BLOCK).map_or(rest, |block| &block[..]);
        let (within, _) = (0..).zip(block).filter(|(_, other)| **other == length).nth(before)?;
        u16::try_from(at + within).ok()
    }
}

fn fixed_literals() -> [u8; LITERALS] {
    let mut lengths = [8; LITERALS];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    lengths
}

/// What one symbol of the code of the lengths says, in the form in which it costs the fewest instructions.
#[derive(Clone, Copy)]
struct Step {
    /// Bits of its code.
    code: u8,
    /// Bits of its code, and of what is behind it.
    bits: u8,
    /// Those behind it: how many times more.
    more: u8,
    /// How many symbols have the length, at least.
    times: u8,
    /// The bits of the length before that stay: none, or all.
    before: u8,
    /// The bits of the length that are new.
    length: u8,
}

impl Step {
    /// What no symbol says: more lengths than there are.
    const NONE: Self = Self { code: 0, bits: 0, more: 0, times: u8::MAX, before: 0, length: 0 };

    const fn new(symbol: u8, code: u8) -> Self {
        let (more, times, before, length) = match symbol {
            16 => (2, 3, u8::MAX, 0),
            17 => (3, 3, 0, 0),
            18 => (7, 11, 0, 0),
            length => (0, 1, 0, length),
        };
        Self { code, bits: code + more, more: (1 << more) - 1, times, before, length }
    }
}

/// Bits of the longest code of a length.
const MAX_LENGTH_BITS: usize = 7;

/// The code of the lengths, as a table of all that its bits can be; `None` where the lengths leave no room for all codes.
fn steps(lengths: &[u8; ORDER.len()]) -> Option<[Step; 1 << MAX_LENGTH_BITS]> {
    let mut next = Code::of(lengths).firsts;
    let mut table = [Step::NONE; 1 << MAX_LENGTH_BITS];
    for (symbol, &length) in (0_u8..).zip(lengths).filter(|(_, length)| **length > 0) {
        let code = &mut next[usize::from(length)];
        if *code >> length != 0 {
            return None;
        }
        let step = Step::new(symbol, length);
        let mut at = usize::try_from(code.reverse_bits() >> (u32::BITS - u32::from(length))).ok()?;
        while let Some(entry) = table.get_mut(at) {
            *entry = step;
            at += 1 << length;
        }
        *code += 1;
    }
    Some(table)
}

/// The lengths of the codes of a block.
///
/// They take most of the time: a class file has some three hundred before its first byte. Nearly each is another one than a
/// processor expects, so there is no branch that depends on them. A step writes as many lengths as one means that repeats the one
/// before; the next overwrites what were too many, and what lies behind is zero already, as the longer runs are.
fn dynamic(bits: &mut Bits<'_>) -> Option<Lengths> {
    const MOST: usize = 8;
    let literals = 257 + usize::try_from(bits.take(5)?).ok()?;
    let distances = 1 + usize::try_from(bits.take(5)?).ok()?;
    let written = 4 + usize::try_from(bits.take(4)?).ok()?;
    if literals > LITERALS - 2 {
        return None;
    }
    let mut lengths = [0; ORDER.len()];
    for &place in &ORDER[..written] {
        lengths[place] = u8::try_from(bits.take(3)?).ok()?;
    }
    let table = steps(&lengths)?;
    let len = literals + distances;
    let mut all = Lengths { bytes: [0; LITERALS + DISTANCES + MOST], literals, len };
    let (mut at, mut length) = (0, 0);
    while at < len {
        let ahead = usize::try_from(bits.peek(14)).ok()?;
        let step = table[ahead % table.len()];
        bits.skip(step.bits.into())?;
        length = length & step.before | step.length;
        all.bytes[at..at + MOST].copy_from_slice(&[length; MOST]);
        at += usize::from(step.times) + (ahead >> step.code & usize::from(step.more));
    }
    (at == len).then_some(all)
}

/// Lengths of the codes of literals, then of distances.
struct Lengths {
    bytes: [u8; LITERALS + DISTANCES + 8],
    literals: usize,
    len: usize,
}

impl Lengths {
    fn literals(&self) -> Code<'_> {
        Code::of(&self.bytes[..self.literals])
    }

    fn distances(&self) -> &[u8] {
        &self.bytes[self.literals..self.len]
    }
}

fn coded<const N: usize>(bits: &mut Bits<'_>, out: &mut Out<N>, literals: &Code<'_>, distances: &[u8]) -> Option<()> {
    // The first bytes of a file seldom repeat any.
    let mut code: Option<Code<'_>> = None;
    while out.len < N {
        match literals.decode(bits)? {
            literal @ 0..256 => out.push(u8::try_from(literal).ok()?),
            256 => break,
            symbol => {
                let &(base, extra) = LENGTHS.get(usize::from(symbol) - 257)?;
                let length = u32::from(base) + bits.take(extra.into())?;
                let symbol = u32::from(code.get_or_insert_with(|| Code::of(distances)).decode(bits)?);
                let distance = match symbol {
                    0..4 => symbol + 1,
                    4..30 => {
                        let extra = symbol / 2 - 1;
                        1 + ((2 + symbol % 2) << extra) + bits.take(extra)?
                    }
                    _ => return None,
                };
                let from = out.len.checked_sub(usize::try_from(distance).ok()?)?;
                for step in 0..usize::try_from(length).ok()? {
                    let byte = *out.bytes.get(from + step).filter(|_| out.len < N).unwrap_or(&0);
                    out.push(byte);
                }
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::DeflateEncoder};
    use proptest::prelude::*;
    use std::io::Write as _;

    fn deflate(bytes: &[u8], level: u32) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::new(level));
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    proptest! {
        #[test]
        fn the_first_bytes_are_those_of_the_whole(bytes in prop::collection::vec(prop::sample::select(b"\0\x01\xca\xfeab".to_vec()), 0..300), level in 0u32..10) {
            let packed = deflate(&bytes, level);
            prop_assert_eq!(head::<8>(Method::Deflated, &packed), bytes.first_chunk().copied());
            prop_assert_eq!(head::<100>(Method::Deflated, &packed), bytes.first_chunk().copied());
            prop_assert_eq!(head::<8>(Method::Stored, &bytes), bytes.first_chunk().copied());
        }

        #[test]
        fn any_bytes_have_a_head_or_none(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = head::<20>(Method::Deflated, &bytes);
        }

        #[test]
        fn random_bytes_survive(bytes in prop::collection::vec(any::<u8>(), 8..2000), level in 0u32..10) {
            prop_assert_eq!(head::<8>(Method::Deflated, &deflate(&bytes, level)), bytes.first_chunk().copied());
        }
    }
}
