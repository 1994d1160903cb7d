//! The first bytes of an entry, inflated without the tables that are made for inflating all of it.
//!
//! A class file tells its version in its first eight bytes, and a JAR has tens of thousands of them: preparing a usual
//! inflater takes longer than decoding those eight. This one reads the lengths of a block's codes (RFC 1951), makes of them no
//! more codes than it meets, and keeps nothing.

mod bits;
mod code;
mod lengths;

use self::bits::Bits;
use self::code::Code;
use self::lengths::{Lengths, dynamic};
use super::Method;

/// Packed bytes that hold the first ones of a file: the codes of a block of Deflate take at most some 300.
pub(in crate::jar) const PACKED_HEAD: usize = 512;

/// How a class file begins (JVMS 4.1), up to its version; most have no minor one.
const CLASS: [u8; 7] = [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0];

/// The least length that each symbol behind the literals stands for, and how many bits add to it (RFC 1951, 3.2.5).
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

/// The first `N` bytes of data packed by `method`; `None` where there are fewer, or they cannot be decoded.
pub(in crate::jar) fn head<const N: usize>(method: Method, packed: &[u8]) -> Option<[u8; N]> {
    match method {
        Method::Stored => packed.first_chunk().copied(),
        Method::Deflated => inflate(&mut Bits::new(packed)),
    }
}

fn inflate<const N: usize>(bits: &mut Bits<'_>) -> Option<[u8; N]> {
    let mut out = Out { bytes: [0; N], len: 0 };
    loop {
        let last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => stored(bits, &mut out)?,
            1 => coded(bits, &mut out, &Lengths::FIXED)?,
            2 => {
                let lengths = dynamic(bits)?;
                coded(bits, &mut out, &lengths)?;
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

fn coded<const N: usize>(bits: &mut Bits<'_>, out: &mut Out<N>, lengths: &Lengths) -> Option<()> {
    let literals = Code::of(&lengths.literals)?;
    // Nearly all files that are looked at are classes.
    for &expected in CLASS.iter().skip(out.len) {
        if out.len == N || literals.take(expected, bits).is_none() {
            break;
        }
        out.push(expected);
    }
    // The first bytes of a file seldom repeat any.
    let mut code: Option<Code<'_>> = None;
    while out.len < N {
        match literals.decode(bits)? {
            literal @ 0..256 => out.push(u8::try_from(literal).ok()?),
            256 => break,
            symbol => {
                let &(base, extra) = LENGTHS.get(usize::from(symbol) - 257)?;
                let length = u32::from(base) + bits.take(extra.into())?;
                if code.is_none() {
                    code = Code::of(&lengths.distances);
                }
                let symbol = u32::from(code.as_ref()?.decode(bits)?);
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
    use std::io::{Read as _, Write as _};

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
        fn classes_and_what_is_nearly_one_have_their_first_bytes(
            known in 0..=CLASS.len(),
            rest in prop::collection::vec(prop::sample::select(b"\0\x01\x03\x34\xca\xfejavalng/Object()V".to_vec()), 8..3000),
            level in 0u32..10,
        ) {
            let bytes = [&CLASS[..known], &rest[..]].concat();
            let packed = deflate(&bytes, level);
            prop_assert_eq!(head::<8>(Method::Deflated, &packed), bytes.first_chunk().copied());
            prop_assert_eq!(head::<4>(Method::Deflated, &packed), bytes.first_chunk().copied());
            prop_assert_eq!(head::<16>(Method::Deflated, &packed), bytes.first_chunk().copied());
        }

        #[test]
        fn a_damaged_class_has_a_head_or_none(
            rest in prop::collection::vec(prop::sample::select(b"\0\x01\x34java/lang".to_vec()), 100..600),
            at in any::<prop::sample::Index>(),
            bit in 0..8_u32,
        ) {
            let mut packed = deflate(&[&CLASS[..], &rest[..]].concat(), 6);
            let at = at.index(packed.len());
            packed[at] ^= 1_u8 << bit;
            let mut first = [0; 16];
            if flate2::read::DeflateDecoder::new(&packed[..]).read_exact(&mut first).is_ok() {
                prop_assert_eq!(head(Method::Deflated, &packed), Some(first));
            } else {
                let _ = head::<16>(Method::Deflated, &packed);
            }
            let _ = head::<8>(Method::Deflated, &packed[..at]);
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
