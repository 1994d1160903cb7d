//! Which names of entries are taken: those that are one path, and the same one, to every reader.

use memchr::memchr2;

use super::flaw::Flaw;
use super::limits::MAX_NAME;

/// The name as text, or why it is refused. `utf8` is the header's flag bit 11.
pub(super) fn parse(raw: &[u8], utf8: bool) -> Result<&str, Flaw> {
    if raw.is_empty() {
        return Err(Flaw::hostile("an entry has no name"));
    }
    if raw.len() > MAX_NAME {
        return Err(Flaw::hostile(format!("a name has {} bytes, more than {MAX_NAME}", raw.len())));
    }
    let shown = || String::from_utf8_lossy(raw).escape_debug().to_string();
    if !utf8 && !raw.is_ascii() {
        // Without the flag Java reads UTF-8, Python code page 437.
        return Err(Flaw::hostile(format!("the name `{}` does not say its encoding", shown())));
    }
    let name = std::str::from_utf8(raw).map_err(|_| Flaw::hostile(format!("the name `{}` is not UTF-8 as it claims", shown())))?;
    match if may_be_no_path(raw) { no_path(raw) } else { None } {
        Some(why) => Err(Flaw::hostile(format!("the name `{}` {why}", shown()))),
        None => Ok(name),
    }
}

/// Why a name is not one path.
fn no_path(raw: &[u8]) -> Option<&'static str> {
    if raw.starts_with(b"/") {
        Some("is absolute")
    } else if let Some(at) = memchr2(0, b'\\', raw) {
        Some(if raw[at] == 0 { "holds a NUL" } else { "holds a backslash" })
    } else {
        raw.strip_suffix(b"/").unwrap_or(raw).split(|&byte| byte == b'/').find_map(|part| match part {
            b".." => Some("leads out of the archive"),
            b"." | b"" => Some("names no one path"),
            _ => None,
        })
    }
}

/// Whether there may be a reason: a part may be empty or begin with a dot, or a byte stands there that no path holds. All bytes are
/// looked at together, as nearly no name has any of it.
fn may_be_no_path(raw: &[u8]) -> bool {
    let is = |byte: u8, other: u8| u8::from(byte == other);
    let is_start = |byte| is(byte, b'/') | is(byte, b'.');
    let pairs = raw.iter().zip(raw.get(1..).unwrap_or_default());
    let begins = pairs.fold(0, |any, (&slash, &byte)| any | is(slash, b'/') & is_start(byte));
    let holds = raw.iter().fold(0, |any, &byte| any | is(byte, 0) | is(byte, b'\\'));
    begins | holds | raw.first().map_or(0, |&byte| is_start(byte)) != 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_name_that_is_no_path_passes_unseen(raw in prop::collection::vec(prop::sample::select(b"/.a\0\\".to_vec()), 1..12)) {
            prop_assert!(may_be_no_path(&raw) || no_path(&raw).is_none());
        }
    }

    #[test]
    fn names_that_are_one_path_are_taken() {
        for name in ["a", "a/", "META-INF/MANIFEST.MF", "a/..b/c...", "..a", "a b/c:d", "한글/파일.txt", "a\tb", "-x"] {
            assert_eq!(parse(name.as_bytes(), true).unwrap(), name);
        }
        assert_eq!(parse(b"plain", false).unwrap(), "plain");
        assert!(!may_be_no_path(b"org/example/A$B.class"));
    }

    #[test]
    fn names_that_are_not_are_refused() {
        let names = [
            "", "/", "/a", "//a", "..", "../a", "a/../b", "a/..", "a/../", ".", "./a", "a/.", "a//b", "a//", "a\0b", "a\\b", "..\\a",
            "C:\\a",
        ];
        for name in names {
            assert!(parse(name.as_bytes(), true).is_err(), "{name:?}");
        }
        assert!(parse("한글".as_bytes(), false).is_err());
        assert!(parse(b"\x81", false).is_err());
        assert!(parse(b"\xff", true).is_err());
        assert!(parse(&[b'a'; MAX_NAME + 1], true).is_err());
        assert!(parse(&[b'a'; MAX_NAME], true).is_ok());
    }
}
