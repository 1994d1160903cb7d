//! Bytes that belong to no entry: a script in front may be there, another archive may not.
//!
//! The directory does not name what lies there, so Java, unzip and Python show nothing of it; whoever reads an archive as a
//! stream, or recovers a damaged one, sees other files than they do.

use super::super::Bytes;
use super::flaw::Flaw;

const LOCAL: &[u8] = b"PK\x03\x04";
/// The fixed part of a local header.
const FIXED: usize = 30;
/// The longest name that is shown.
const MAX_SHOWN: usize = 200;
/// Bytes that are read at a time.
const PIECE: usize = 64 << 10;

/// Demands that no local header lies between `start` and `end`. The flaw comes with the name that it has.
pub(super) fn no_entry_within(bytes: &Bytes, start: u64, end: u64) -> Result<(), (Option<String>, Flaw)> {
    let unread = |error: std::io::Error| (None, error.into());
    let mut piece = vec![0; PIECE];
    let mut at = start;
    while at + (LOCAL.len() as u64) <= end {
        let length = usize::try_from(end - at).map_or(PIECE, |rest| rest.min(PIECE));
        let piece = &mut piece[..length];
        bytes.read_exact_at(at, piece).map_err(unread)?;
        if let Some(within) = piece.windows(LOCAL.len()).position(|window| window == LOCAL) {
            let name = name(bytes, at + within as u64, end);
            return Err((name, Flaw::hostile("its directory does not list this entry, which lies between others or in front of them")));
        }
        // A signature may lie across two pieces.
        at += (length - (LOCAL.len() - 1)) as u64;
    }
    Ok(())
}

fn name(bytes: &Bytes, at: u64, end: u64) -> Option<String> {
    let mut fixed = [0; FIXED];
    bytes.read_exact_at(at, &mut fixed).ok()?;
    let length = usize::from(u16::from_le_bytes([fixed[26], fixed[27]])).min(MAX_SHOWN);
    let name_at = at + FIXED as u64;
    let mut name = vec![0; length];
    (name_at + length as u64 <= end).then(|| bytes.read_exact_at(name_at, &mut name).ok())??;
    Some(String::from_utf8_lossy(&name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_wherever_it_lies() {
        for before in [0, 1, PIECE - 3, PIECE - 2, PIECE, 2 * PIECE - 5] {
            let header = [LOCAL, &[0; 22], &3_u16.to_le_bytes(), &[0; 2], b"abc"].concat();
            let whole = Bytes::from([vec![b'#'; before], header].concat());
            let (name, _) = no_entry_within(&whole, 0, whole.len()).unwrap_err();
            assert_eq!(name.as_deref(), Some("abc"), "{before}");
            assert!(no_entry_within(&whole, 0, before as u64 + 3).is_ok(), "{before}");
        }
        assert!(no_entry_within(&Bytes::from(b"#!/bin/sh\nPK\n".to_vec()), 0, 13).is_ok());
    }
}
