//! Shows that the encoder gives the bytes that it is known for, and in debug builds that they are the right ones.

use std::sync::OnceLock;

use super::piece::{Compressor, Kind, Piece, Span};
use crate::layer::Error;
use crate::oci::Digest;

/// The name of the compressor in messages.
const COMPRESSOR: &str = "the deflate encoder with zlib-rs";

/// What the encoder makes of [`known_piece`]. A dependency update that changes it changes every layer's digest, so it is
/// refused at first use rather than noticed in a registry.
const KNOWN_DIGEST: &str = "sha256:6f39dc5ae6aa6914cab8f12c9870ed9cc658e126ba1263c8c830a34e4b755def";

pub(super) fn check_compressor() -> Result<(), Error> {
    static CHECKED: OnceLock<bool> = OnceLock::new();
    if *CHECKED.get_or_init(|| known_digest().is_ok_and(|digest| digest.as_str() == KNOWN_DIGEST)) {
        Ok(())
    } else {
        Err(Error::Compressor(COMPRESSOR))
    }
}

fn known_digest() -> std::io::Result<Digest> {
    let mut piece = known_piece();
    Compressor::new(6).compress(&mut piece)?;
    Ok(Digest::of(&whole_output(&piece)))
}

/// Text-like, repeating and random-looking bytes in runs of every kind.
fn known_piece() -> Piece {
    let mut state = 1_u32;
    let input: Vec<u8> = (0..96 << 10)
        .map(|at| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [high, ..] = state.to_be_bytes();
            if at / 512 % 3 == 0 { high } else { b"the quick brown fox "[(at ^ usize::from(high >> 6)) % 20] }
        })
        .collect();
    let kinds = [Kind::Other, Kind::Header, Kind::Packed, Kind::Header, Kind::Directory];
    let spans = input.chunks(12 << 10).zip(kinds.into_iter().cycle()).map(|(run, kind)| Span { kind, len: run.len() }).collect();
    Piece::new(input, spans)
}

fn whole_output(piece: &Piece) -> Vec<u8> {
    piece.output().collect::<Vec<_>>().concat()
}

/// In debug builds: inflates the piece and compares. A fault of the encoder must not reach a registry unnoticed.
#[cfg(debug_assertions)]
pub(super) fn self_check(piece: &Piece) -> Result<(), Error> {
    let mut inflated = vec![0; piece.input().len() + 1];
    let mut inflate = zlib_rs::Inflate::new(false, 15);
    let output = whole_output(piece);
    let status = inflate.decompress(&output, &mut inflated, zlib_rs::InflateFlush::SyncFlush);
    let taken = usize::try_from(inflate.total_in()).is_ok_and(|taken| taken == output.len());
    let whole = usize::try_from(inflate.total_out()).is_ok_and(|given| inflated[..given] == *piece.input());
    if status.is_ok() && taken && whole { Ok(()) } else { Err(Error::Compressor(COMPRESSOR)) }
}

/// In release builds the tests' word is taken.
#[cfg(not(debug_assertions))]
#[expect(clippy::unnecessary_wraps, reason = "debug builds do check")]
pub(super) const fn self_check(_: &Piece) -> Result<(), Error> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoder_gives_its_known_bytes() {
        assert_eq!(known_digest().unwrap().as_str(), KNOWN_DIGEST);
    }

    #[test]
    fn a_compressor_that_was_used_gives_the_same_bytes() {
        let mut used = Compressor::new(6);
        let mut other = Piece::new(vec![7; 5000], vec![Span { kind: Kind::Other, len: 5000 }]);
        used.compress(&mut other).unwrap();
        for _ in 0..2 {
            let mut piece = known_piece();
            used.compress(&mut piece).unwrap();
            assert_eq!(Digest::of(&whole_output(&piece)).as_str(), KNOWN_DIGEST);
        }
    }

    #[test]
    #[cfg(debug_assertions)]
    fn the_self_check_notices_another_input() {
        let mut piece = known_piece();
        Compressor::new(6).compress(&mut piece).unwrap();
        assert!(self_check(&piece).is_ok());
        let mut other = piece.input().to_vec();
        piece.append(&[0]);
        assert!(self_check(&piece).is_err());
        other[100] ^= 1;
        piece.truncate(0);
        piece.append(&other);
        assert!(self_check(&piece).is_err());
        other[100] ^= 1;
        piece.truncate(0);
        piece.append(&other);
        assert!(self_check(&piece).is_ok());
    }
}
