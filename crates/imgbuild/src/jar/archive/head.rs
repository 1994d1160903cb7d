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
            1 => coded(bits, &mut out, &fixed_literals(), &[5; DISTANCES])?,
            2 => {
                let (lengths, literals) = dynamic(bits)?;
                let (literals, distances) = lengths.as_slice().split_at_checked(literals)?;
                coded(bits, &mut out, &Code::new(literals), distances)?;
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
    /// Takes bytes over, eight at a time while there are so many: until there are 56 bits or more, or no bytes.
    fn fill(&mut self) {
        if let Some(word) = self.rest.first_chunk() {
            // What does not fit is not taken, and is the same when it comes again.
            self.buffer |= u64::from_le_bytes(*word) << self.count;
            self.rest = &self.rest[(63 - self.count as usize) / 8..];
            self.count |= 56;
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
        self.count = self.count.checked_sub(wanted)?;
        self.buffer >>= wanted;
        u32::try_from(value).ok()
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

/// A canonical code: how many codes have each length, and the symbols in the order of their codes.
struct Code<const N: usize> {
    counts: [u16; MAX_BITS + 1],
    symbols: [u16; N],
}

impl<const N: usize> Code<N> {
    fn new(lengths: &[u8]) -> Self {
        let mut counts = [0; MAX_BITS + 1];
        for &length in lengths {
            counts[usize::from(length)] += 1;
        }
        let mut next = [0_u16; MAX_BITS + 2];
        for length in 1..=MAX_BITS {
            next[length + 1] = next[length] + counts[length];
        }
        let mut symbols = [0; N];
        for (symbol, &length) in (0_u16..).zip(lengths) {
            if length > 0 {
                let place = &mut next[usize::from(length)];
                symbols[usize::from(*place)] = symbol;
                *place += 1;
            }
        }
        counts[0] = 0;
        Self { counts, symbols }
    }

    fn decode(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let (mut code, mut first, mut index) = (0_u32, 0_u32, 0_u32);
        for &count in &self.counts[1..] {
            code |= bits.take(1)?;
            let count = u32::from(count);
            if code < first + count {
                return self.symbols.get(usize::try_from(index + code - first).ok()?).copied();
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        None
    }
}

fn fixed_literals() -> Code<LITERALS> {
    let mut lengths = [8; LITERALS];
    lengths[144..256].fill(9);
    lengths[256..280].fill(7);
    Code::new(&lengths)
}

/// The code of the lengths, as a table of all that its seven bits can be: a class file has some three hundred lengths before its
/// first byte, and they take most of the time.
struct LengthCode([(u8, u8); 1 << MAX_LENGTH_BITS]);

const MAX_LENGTH_BITS: u32 = 7;

impl LengthCode {
    /// `None` where the lengths leave no room for all codes.
    fn new(lengths: &[u8; ORDER.len()]) -> Option<Self> {
        let mut table = [(0, 0); 1 << MAX_LENGTH_BITS];
        let mut code = 0_usize;
        for length in 1..=MAX_LENGTH_BITS {
            for (symbol, _) in (0_u8..).zip(lengths).filter(|(_, wanted)| u32::from(**wanted) == length) {
                if code >> length != 0 {
                    return None;
                }
                // The first bit of a code is read lowest.
                let start = code.reverse_bits() >> (usize::BITS - length);
                for entry in table[start..].iter_mut().step_by(1 << length) {
                    *entry = (u8::try_from(length).ok()?, symbol);
                }
                code += 1;
            }
            code <<= 1;
        }
        Some(Self(table))
    }

    fn decode(&self, bits: &mut Bits<'_>) -> Option<u8> {
        let (length, symbol) = *self.0.get(usize::try_from(bits.peek(MAX_LENGTH_BITS)).ok()?)?;
        if length == 0 {
            return None;
        }
        bits.take(length.into())?;
        Some(symbol)
    }
}

/// The lengths of the codes of a block, and how many of them are literals'.
fn dynamic(bits: &mut Bits<'_>) -> Option<(Lengths, usize)> {
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
    let code = LengthCode::new(&lengths)?;
    let mut all = Lengths { bytes: [0; LITERALS + DISTANCES], len: literals + distances };
    let mut at = 0;
    while at < all.len {
        let (length, times) = match code.decode(bits)? {
            symbol @ 0..16 => {
                all.bytes[at] = symbol;
                at += 1;
                continue;
            }
            16 => (*all.bytes.get(at.checked_sub(1)?)?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            _ => (0, 11 + bits.take(7)?),
        };
        let end = at + usize::try_from(times).ok()?;
        all.bytes.get_mut(at..end).filter(|_| end <= all.len)?.fill(length);
        at = end;
    }
    Some((all, literals))
}

/// Lengths of the codes of literals, then of distances.
struct Lengths {
    bytes: [u8; LITERALS + DISTANCES],
    len: usize,
}

impl Lengths {
    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

fn coded<const N: usize>(bits: &mut Bits<'_>, out: &mut Out<N>, literals: &Code<LITERALS>, distances: &[u8]) -> Option<()> {
    // The first bytes of a file seldom repeat any.
    let mut code: Option<Code<DISTANCES>> = None;
    while out.len < N {
        match literals.decode(bits)? {
            literal @ 0..256 => out.push(u8::try_from(literal).ok()?),
            256 => break,
            symbol => {
                let &(base, extra) = LENGTHS.get(usize::from(symbol) - 257)?;
                let length = u32::from(base) + bits.take(extra.into())?;
                let symbol = u32::from(code.get_or_insert_with(|| Code::new(distances)).decode(bits)?);
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
