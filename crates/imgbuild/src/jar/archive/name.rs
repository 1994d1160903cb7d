//! Which names of entries are taken: those that are one path, and the same one, to every reader.

use memchr::memchr2;

use super::flaw::Flaw;
use super::limits::MAX_NAME;

/// The name as text, or why it is refused. `utf8` is the header's flag bit 11.
pub(super) fn parse(raw: &[u8], utf8: bool) -> Result<String, Flaw> {
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
    let why = if name.starts_with('/') {
        Some("is absolute")
    } else if let Some(at) = memchr2(0, b'\\', raw) {
        Some(if raw[at] == 0 { "holds a NUL" } else { "holds a backslash" })
    } else {
        raw.strip_suffix(b"/").unwrap_or(raw).split(|&byte| byte == b'/').find_map(|part| match part {
            b".." => Some("leads out of the archive"),
            b"." | b"" => Some("names no one path"),
            _ => None,
        })
    };
    match why {
        Some(why) => Err(Flaw::hostile(format!("the name `{}` {why}", shown()))),
        None => Ok(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_one_path_are_taken() {
        for name in ["a", "a/", "META-INF/MANIFEST.MF", "a/..b/c...", "..a", "a b/c:d", "한글/파일.txt", "a\tb", "-x"] {
            assert_eq!(parse(name.as_bytes(), true).unwrap(), name);
        }
        assert_eq!(parse(b"plain", false).unwrap(), "plain");
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
