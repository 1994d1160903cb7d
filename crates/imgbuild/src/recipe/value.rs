//! The small values of a recipe as text: the same spelling in a flag and in the file.

use std::str::FromStr;
use std::time::Duration;

use super::error::no;
use super::{Error, Owner};
use crate::image::Created;

/// `NAME=VALUE`, as `--env` and `--label` take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// What stands before the first `=`; not empty.
    pub name: String,
    /// What stands after it.
    pub value: String,
}

impl Assignment {
    pub(super) fn new(name: &str, value: &str) -> Result<Self, Error> {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            return Err(no("name of a value", name, "it is empty or holds `=` or NUL"));
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

impl FromStr for Assignment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or_else(|| no("assignment", text, "write `NAME=VALUE`"))?;
        Self::new(name, value)
    }
}

/// ENTRYPOINT or CMD in exec form: a JSON array, or a single word.
///
/// A text is not split at spaces: whether `sh -c "a b"` has three words depends on a shell, and none is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exec(
    /// The words.
    pub Vec<String>,
);

impl FromStr for Exec {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let trimmed = text.trim();
        if trimmed.starts_with('[') {
            let words = serde_json::from_str(trimmed);
            return words
                .map(Self)
                .map_err(|_| no("command", text, r#"write a JSON array of strings, such as `["java","-jar","/app/app.jar"]`"#));
        }
        if trimmed.contains(char::is_whitespace) {
            return Err(no("command", text, r#"it is not split at spaces; write a JSON array, such as `["java","-jar","/app/app.jar"]`"#));
        }
        Ok(Self(if trimmed.is_empty() { Vec::new() } else { vec![trimmed.to_owned()] }))
    }
}

/// The documents that an annotation is written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// The key and its value.
    pub assignment: Assignment,
    /// Whether it goes on the index.
    pub on_index: bool,
    /// Whether it goes on the manifest of each platform.
    pub on_manifests: bool,
}

impl Annotation {
    /// Reads the kinds in front of a key as `docker buildx` does: `index:KEY`, `index,manifest:KEY`; none means manifests.
    pub(super) fn new(key: &str, value: &str) -> Result<Self, Error> {
        let kinds = key.split_once(':').filter(|(kinds, _)| kinds.split(',').all(|kind| matches!(kind, "index" | "manifest")));
        let (kinds, key) = kinds.unwrap_or(("manifest", key));
        let on = |wanted: &str| kinds.split(',').any(|kind| kind == wanted);
        Ok(Self { assignment: Assignment::new(key, value)?, on_index: on("index"), on_manifests: on("manifest") })
    }
}

impl FromStr for Annotation {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (key, value) = text.split_once('=').ok_or_else(|| no("annotation", text, "write `KEY=VALUE` or `index:KEY=VALUE`"))?;
        Self::new(key, value)
    }
}

impl FromStr for Owner {
    type Err = Error;

    /// Reads `UID` or `UID:GID`; one number is both, as for `COPY --chown`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (uid, gid) = text.split_once(':').unwrap_or((text, text));
        // The largest id of Linux is reserved: (uid_t) -1 means `leave it`.
        let number = |text: &str| text.parse::<u32>().ok().filter(|id| *id < u32::MAX && text.bytes().all(|byte| byte.is_ascii_digit()));
        match (number(uid), number(gid)) {
            (Some(uid), Some(gid)) => Ok(Self { uid: uid.into(), gid: gid.into() }),
            _ => Err(no("owner", text, "write `UID` or `UID:GID` in numbers; names would depend on the base's /etc/passwd")),
        }
    }
}

/// Reads permission bits, always in octal: `644` and `0644` are the same, whatever YAML thinks of the zero.
pub(super) fn mode(text: &str) -> Result<u32, Error> {
    let octal = (3..=5).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'0'..=b'7'));
    let mode = u32::from_str_radix(text, 8).ok().filter(|mode| octal && *mode <= 0o7777);
    mode.ok_or_else(|| no("mode", text, "write three or four octal digits, such as `0644`"))
}

/// Reads a time of modification: seconds since 1970, or RFC 3339 in UTC.
///
/// # Errors
/// When the text is neither.
pub fn mtime(text: &str) -> Result<u64, Error> {
    match Created::parse(text)? {
        Created::At(seconds) => Ok(seconds),
        Created::OfBase => Err(no("time", text, "write seconds since 1970 or RFC 3339")),
    }
}

/// Reads the value of `SOURCE_DATE_EPOCH`, which its specification defines as decimal seconds since 1970.
///
/// # Errors
/// When it is anything else; the specification asks for an error instead of a guess.
pub fn source_date_epoch(text: &str) -> Result<Created, Error> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(no("SOURCE_DATE_EPOCH", text, "it is a number of seconds since 1970"));
    }
    Ok(Created::parse(text)?)
}

/// Reads a duration such as `30s` or `1m30s`; `0` is none.
///
/// # Errors
/// When the text is none, or one that a container engine does not take: below a millisecond, or beyond 584 years.
pub fn duration(text: &str) -> Result<Duration, Error> {
    let error = || no("duration", text, "write a number with its unit, such as `30s` or `1m30s`");
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let duration = humantime::parse_duration(text).map_err(|_| error())?;
    // dockerd refuses shorter ones (api/types: "cannot be less than 1ms").
    if !duration.is_zero() && duration < Duration::from_millis(1) {
        return Err(no("duration", text, "a container engine takes nothing below `1ms`"));
    }
    u64::try_from(duration.as_nanos()).map(|_| duration).map_err(|_| error())
}

/// Checks the name or number of a signal.
///
/// # Errors
/// When it is neither a number from 1 to 64 nor a word such as `SIGTERM`.
pub fn stop_signal(text: &str) -> Result<String, Error> {
    let number = text.parse::<u8>().is_ok_and(|number| (1..=64).contains(&number));
    let word = text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'+' | b'-'));
    if number || word { Ok(text.to_owned()) } else { Err(no("signal", text, "write `SIGTERM` or a number")) }
}

/// Checks a value that may not be empty.
///
/// # Errors
/// When it is empty or holds a line break or NUL.
pub fn line(kind: &'static str, text: &str) -> Result<String, Error> {
    if text.trim().is_empty() || text.contains(['\n', '\r', '\0']) {
        return Err(no(kind, text, "it is empty or holds a line break"));
    }
    Ok(text.to_owned())
}

/// Checks an absolute path of the image.
pub(super) fn absolute(kind: &'static str, text: &str) -> Result<String, Error> {
    let path = text.strip_suffix('/').unwrap_or(text);
    let parts = || path.split('/').skip(1);
    if !text.starts_with('/') {
        return Err(no(kind, text, "it must be an absolute path"));
    }
    if text.contains('\0') || parts().any(|part| matches!(part, "." | "..")) || (text != "/" && parts().any(str::is_empty)) {
        return Err(no(kind, text, "its parts may not be empty, `.` or `..`"));
    }
    Ok(text.to_owned())
}

/// Checks the path of a volume.
///
/// # Errors
/// When it is not absolute.
pub fn volume(text: &str) -> Result<String, Error> {
    absolute("volume", text)
}

impl From<Assignment> for (String, String) {
    fn from(assignment: Assignment) -> Self {
        (assignment.name, assignment.value)
    }
}
