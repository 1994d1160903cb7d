//! The bytes in which two contents differ.

use std::io::{self, Read};

use super::finding::Bytes;

/// Contents are compared in pieces of this size.
const PIECE: usize = 64 << 10;

/// Who could not be read.
#[derive(Debug)]
pub(super) enum Side {
    Found(io::Error),
    Rebuilt(io::Error),
}

/// Reads both to their ends and says from where to where they differ; `None` where they are the same.
pub(super) fn differing(found: &mut impl Read, rebuilt: &mut impl Read) -> Result<Option<Bytes>, Side> {
    let (mut one, mut other) = (vec![0; PIECE], vec![0; PIECE]);
    let mut range: Option<(u64, u64)> = None;
    let (mut found_size, mut rebuilt_size) = (0_u64, 0_u64);
    loop {
        let left = fill(found, &mut one).map_err(Side::Found)?;
        let right = fill(rebuilt, &mut other).map_err(Side::Rebuilt)?;
        if left == 0 && right == 0 {
            break;
        }
        let both = left.min(right);
        let at = found_size;
        let first = one[..both].iter().zip(&other[..both]).position(|(one, other)| one != other);
        if let Some(first) = first {
            let last = one[..both].iter().zip(&other[..both]).rposition(|(one, other)| one != other).unwrap_or(first);
            range = Some((range.map_or(at + first as u64, |(from, _)| from), at + last as u64 + 1));
        }
        found_size += left as u64;
        rebuilt_size += right as u64;
        if left != right {
            // What one of them has more differs from its first byte to the end of the longer one.
            let from = range.map_or(at + both as u64, |(from, _)| from);
            found_size += rest(found).map_err(Side::Found)?;
            rebuilt_size += rest(rebuilt).map_err(Side::Rebuilt)?;
            range = Some((from, found_size.max(rebuilt_size)));
            break;
        }
    }
    Ok(range.map(|(from, to)| Bytes { from, to, found_size, rebuilt_size }))
}

/// Fills the buffer unless the content ends before.
fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn rest(reader: &mut impl Read) -> io::Result<u64> {
    io::copy(reader, &mut io::sink())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(one: &[u8], other: &[u8]) -> Option<(u64, u64)> {
        differing(&mut &*one, &mut &*other).unwrap().map(|bytes| (bytes.from, bytes.to))
    }

    #[test]
    fn the_first_and_the_last_differing_byte_are_found() {
        let mut long = vec![7; 3 * PIECE + 5];
        let same = long.clone();
        assert_eq!(range(&long, &same), None);
        long[PIECE - 1] = 8;
        long[2 * PIECE + 1] = 8;
        assert_eq!(range(&long, &same), Some((PIECE as u64 - 1, 2 * PIECE as u64 + 2)));
        assert_eq!(range(b"abc", b"abcde"), Some((3, 5)));
        assert_eq!(range(b"axc", b"abcde"), Some((1, 5)));
        assert_eq!(range(&same, &same[..PIECE]), Some((PIECE as u64, same.len() as u64)));
        assert_eq!(range(b"", b""), None);
    }
}
