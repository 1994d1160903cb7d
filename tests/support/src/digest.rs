//! SHA-256 as the lower-case `sha256:<hex>` of the OCI descriptors; holds no digest type of its own, because the
//! tests compare with what the product printed, which is text.

use sha2::{Digest as _, Sha256};

/// `sha256:<hex>` of `bytes`, the form that descriptors carry (image-spec, descriptor.md "Digests").
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256_hex(bytes))
}

/// The 64 lower-case hex digits alone, as in a layout's `blobs/sha256/` folder.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(bytes).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a `String` cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::sha256;

    #[test]
    fn known_answer_of_fips_180() {
        assert_eq!(sha256(b"abc"), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
