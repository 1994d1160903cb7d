//! Patterns with `*`, for repositories and request paths.

/// Whether the whole `text` has the form of `pattern`, in which `*` stands for any text.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(start) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(end)
}

/// As [`matches`], but a pattern without `*` may stand anywhere in the text.
pub(super) fn occurs(pattern: &str, text: &str) -> bool {
    if pattern.contains('*') { matches(pattern, text) } else { text.contains(pattern) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars() {
        for (pattern, text, wanted) in [
            ("*", "", true),
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("*b", "ab", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abde", false),
            ("a*a", "a", false),
            ("/v2/*/blobs/*", "/v2/a/b/blobs/x", true),
        ] {
            assert_eq!(matches(pattern, text), wanted, "{pattern} {text}");
        }
        assert!(occurs("/blobs/", "/v2/a/blobs/x"));
        assert!(!occurs("/blobs/*", "/v2/a/blobs/x"));
    }
}
