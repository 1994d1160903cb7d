//! Digests and the names that the distribution specification allows.
//!
//! Holds the grammar of repository names, tags and digests; written apart from the library under test so that
//! both cannot share one mistake.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha512};

pub use crate::digest::sha256;

/// The `sha512:…` digest of `bytes`.
#[must_use]
pub fn sha512(bytes: &[u8]) -> String {
    let mut text = "sha512:".to_owned();
    for byte in Sha512::digest(bytes) {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Whether `digest` is a well-formed digest in an algorithm that this registry can check.
pub(super) fn is_digest(digest: &str) -> bool {
    let length = match digest.split_once(':') {
        Some(("sha256", _)) => 64,
        Some(("sha512", _)) => 128,
        _ => return false,
    };
    let hex = &digest[7..];
    hex.len() == length && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether `bytes` have exactly this digest.
pub(super) fn matches(digest: &str, bytes: &[u8]) -> bool {
    if digest.starts_with("sha512:") { digest == sha512(bytes) } else { digest == sha256(bytes) }
}

/// Whether `name` is a repository name (distribution-spec, "Pulling manifests").
pub(super) fn is_name(name: &str) -> bool {
    name.len() <= 255 && name.split('/').all(is_name_component)
}

/// Whether `tag` is a tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
pub(super) fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= 128 && tag.bytes().next().is_some_and(word) && tag.bytes().all(|b| word(b) || b == b'.' || b == b'-')
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_name_component(component: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let edge = |b: Option<u8>| b.is_some_and(plain);
    if !edge(component.bytes().next()) || !edge(component.bytes().last()) {
        return false;
    }
    component
        .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        .all(|between| matches!(between, "" | "." | "_" | "__") || between.bytes().all(|b| b == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_of_sha256sum() {
        assert_eq!(sha256(b""), "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert!(sha512(b"abc").starts_with("sha512:ddaf35a193617abacc417349ae204131"));
        assert!(matches(&sha512(b"x"), b"x"));
        assert!(!matches(&sha256(b"x"), b"y"));
    }

    #[test]
    fn grammar() {
        for name in ["a", "library/amazoncorretto", "a.b/c_d/e__f/g---h", "0"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "A", "a/", "/a", "a//b", "-a", "a-", "a..b", "a___b", "a._b", "ü"] {
            assert!(!is_name(name), "{name}");
        }
        for tag in ["latest", "_x", "1.0-A", &"a".repeat(128)] {
            assert!(is_tag(tag), "{tag}");
        }
        for tag in ["", "-a", ".a", "a:b", "ü", &"a".repeat(129)] {
            assert!(!is_tag(tag), "{tag}");
        }
        assert!(is_digest(&sha256(b"")) && is_digest(&sha512(b"")));
        for digest in ["sha256:", "sha256:ABC", "md5:00", "sha256", &sha256(b"").replace('e', "E")] {
            assert!(!is_digest(digest), "{digest}");
        }
    }
}
