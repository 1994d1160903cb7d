//! The `Range` request header (RFC 9110, 14.2), for one range of bytes.

use std::ops::Range;

/// What a `Range` header asks for of a body of known length.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Requested {
    /// No header, or one that RFC 9110 lets a server ignore.
    Everything,
    /// A part that exists.
    Part(Range<usize>),
    /// A part that starts behind the end.
    Unsatisfiable,
}

/// Reads `bytes=a-b`, `bytes=a-` and `bytes=-n`; several ranges and other units are ignored.
pub(super) fn requested(header: Option<&str>, length: usize) -> Requested {
    let Some(spec) = header.and_then(|header| header.strip_prefix("bytes=")) else {
        return Requested::Everything;
    };
    let Some((first, last)) = spec.trim().split_once('-') else {
        return Requested::Everything;
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if last < first => Requested::Unsatisfiable,
        (Some(first), last) if first < length && (last.is_some() || spec.ends_with('-')) => {
            let end = last.map_or(length, |last| last.saturating_add(1).min(length));
            Requested::Part(first..end)
        }
        (Some(_), last) if last.is_some() || spec.ends_with('-') => Requested::Unsatisfiable,
        (None, Some(suffix)) if first.is_empty() => match suffix.min(length) {
            0 => Requested::Unsatisfiable,
            suffix => Requested::Part(length - suffix..length),
        },
        _ => Requested::Everything,
    }
}

fn number(text: &str) -> Option<usize> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_ten_bytes() {
        let cases = [
            (None, Requested::Everything),
            (Some("bytes=0-3"), Requested::Part(0..4)),
            (Some("bytes=4-"), Requested::Part(4..10)),
            (Some("bytes=-3"), Requested::Part(7..10)),
            (Some("bytes=-30"), Requested::Part(0..10)),
            (Some("bytes=8-99"), Requested::Part(8..10)),
            (Some("bytes=9-9"), Requested::Part(9..10)),
            (Some("bytes=10-"), Requested::Unsatisfiable),
            (Some("bytes=10-12"), Requested::Unsatisfiable),
            (Some("bytes=-0"), Requested::Unsatisfiable),
            (Some("bytes=5-0"), Requested::Unsatisfiable),
            (Some("bytes=0-1,3-4"), Requested::Everything),
            (Some("lines=0-1"), Requested::Everything),
            (Some("bytes=a-b"), Requested::Everything),
            (Some("bytes=-"), Requested::Everything),
        ];
        for (header, wanted) in cases {
            assert_eq!(requested(header, 10), wanted, "{header:?}");
        }
    }
}
