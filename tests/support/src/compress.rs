//! Deflate, gzip and zstd whose bytes are the same on every machine: one compressor, called directly, so that no
//! other crate's feature can switch the backend and move the digests of the checked-in fixtures.

use zlib_rs::{DeflateConfig, compress_bound, compress_slice};

/// Level of everything that is compressed here: small enough for fixtures and what most tools choose.
const LEVEL: i32 = 6;
/// Negative window bits ask zlib for a stream without header and trailer.
const RAW_WINDOW: i32 = -15;

/// Bytes of the gzip header: magic, deflate, no flags, no time, no extra flags, unknown operating system (RFC 1952).
pub const CLEAN_GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// A raw deflate stream (RFC 1951), as in ZIP entries.
///
/// # Panics
/// When the compressor refuses its own settings, which would be a bug of the compressor.
#[must_use]
pub fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut buffer = vec![0; compress_bound(bytes.len()) + 16];
    let config = DeflateConfig { window_bits: RAW_WINDOW, ..DeflateConfig::new(LEVEL) };
    let (compressed, code) = compress_slice(&mut buffer, bytes, config);
    assert_eq!(format!("{code:?}"), "Ok", "deflate of {} bytes", bytes.len());
    compressed.to_vec()
}

/// One gzip member with [`CLEAN_GZIP_HEADER`] (RFC 1952).
#[must_use]
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut member = CLEAN_GZIP_HEADER.to_vec();
    member.extend(deflate(bytes));
    member.extend(crc32fast::hash(bytes).to_le_bytes());
    member.extend(&(bytes.len() as u64).to_le_bytes()[..4]);
    member
}

/// One zstd frame at level 3 with its content size (RFC 8878).
///
/// # Panics
/// When the compressor fails, which with memory on both sides means that memory ran out.
#[must_use]
pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    match zstd::bulk::compress(bytes, 3) {
        Ok(frame) => frame,
        Err(error) => panic!("zstd of {} bytes: {error}", bytes.len()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::{deflate, gzip, zstd};

    #[test]
    fn what_is_compressed_reads_back() {
        for length in [0, 1, 100, 70_000] {
            let bytes: Vec<u8> = (0..length).map(|n: u32| n.wrapping_mul(2_654_435_761).to_be_bytes()[0] & 0x3f).collect();
            let mut inflated = Vec::new();
            flate2::read::DeflateDecoder::new(&deflate(&bytes)[..]).read_to_end(&mut inflated).unwrap();
            assert_eq!(inflated, bytes, "deflate, {length} bytes");
            let mut unzipped = Vec::new();
            flate2::read::GzDecoder::new(&gzip(&bytes)[..]).read_to_end(&mut unzipped).unwrap();
            assert_eq!(unzipped, bytes, "gzip, {length} bytes");
            assert_eq!(zstd::stream::decode_all(&zstd(&bytes)[..]).unwrap(), bytes, "zstd, {length} bytes");
        }
    }

    #[test]
    fn gzip_bytes_are_the_same_on_every_machine() {
        let bytes = b"one byte more or less moves every digest of the fixtures\n".repeat(40);
        assert_eq!(crate::digest::sha256(&gzip(&bytes)), "sha256:bcc88d9542e91e49c683d2469ad3df8c236aff96a44558d7443791b04627a84b");
    }
}
