//! Values of flags that no type of the library reads.

use std::time::Duration;

use imgbuild::recipe::{self, Assignment};

/// A duration such as `30s` or `10m`.
pub(crate) fn duration(text: &str) -> Result<Duration, recipe::Error> {
    recipe::duration(text)
}

/// A host with its port where it has one: no scheme, no path.
pub(crate) fn host(text: &str) -> Result<String, String> {
    let bare = !text.is_empty() && !text.contains(['/', '@', ' ']);
    if bare { Ok(text.to_owned()) } else { Err("write `HOST` or `HOST:PORT`, without a scheme or a path".to_owned()) }
}

/// A user of the image.
pub(crate) fn user(text: &str) -> Result<String, recipe::Error> {
    recipe::line("user", text)
}

/// A working directory of the image.
pub(crate) fn working_directory(text: &str) -> Result<String, recipe::Error> {
    recipe::line("working directory", text)
}

/// An argument of a Dockerfile; a name alone stands for the variable of this name.
pub(crate) fn build_argument(text: &str) -> Result<Assignment, String> {
    let whole = match (text.contains('='), std::env::var(text)) {
        (true, _) => text.to_owned(),
        (false, Ok(value)) => format!("{text}={value}"),
        (false, Err(_)) => return Err("write `NAME=VALUE`, or set the variable of this name".to_owned()),
    };
    whole.parse().map_err(|error: recipe::Error| error.to_string())
}

/// A number of bytes such as `500MB` or `5GiB`; without a unit it is bytes.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    const UNITS: [(&str, u64); 8] =
        [("", 1), ("b", 1), ("kb", 1_000), ("mb", 1_000_000), ("gb", 1_000_000_000), ("kib", 1 << 10), ("mib", 1 << 20), ("gib", 1 << 30)];
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = UNITS.iter().find(|(name, _)| unit.trim().eq_ignore_ascii_case(name)).map(|(_, unit)| *unit);
    let bytes = number.parse::<u64>().ok().zip(unit).and_then(|(number, unit)| number.checked_mul(unit));
    bytes.ok_or_else(|| "write a number with its unit, such as `500MB` or `5GB`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::bytes;

    #[test]
    fn sizes_as_people_write_them() {
        for (text, expected) in [("0", 0), ("12", 12), ("5GB", 5_000_000_000), ("500 mb", 500_000_000), ("1GiB", 1 << 30)] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
        for bad in ["", "GB", "1.5GB", "-1", "5 apples", "99999999999999999999", "99999999999GB"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }
}
