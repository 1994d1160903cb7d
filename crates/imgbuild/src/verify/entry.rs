//! Two entries of one path.

use std::fmt::Write as _;

use super::bytes::{Side, differing};
use super::finding::{EntryFinding, Field, Presence};
use super::within;
use crate::contents::{Spooled, is_jar};
use crate::layer::{ReadError, Scan};
use crate::tarball::{Entry, Kind};

/// An entry that only one of them has.
pub(super) fn alone(entry: &Entry, presence: Presence) -> EntryFinding {
    EntryFinding { path: format!("/{}", entry.path), presence, fields: Vec::new(), bytes: None, within: None }
}

/// Compares two entries of one path with their contents, which are read to their ends.
pub(super) fn compare(left: (&Entry, &mut Scan), right: (&Entry, &mut Scan)) -> Result<Option<EntryFinding>, ReadError> {
    let ((one, found), (other, rebuilt)) = (left, right);
    let fields = fields(one, other);
    let mut within = None;
    let bytes = if is_jar(&one.path) && one.kind == Kind::File && other.kind == Kind::File {
        let spool = |scan: &mut Scan, size| Spooled::of(scan, size).map_err(|error| scan.read_error(error));
        let (found, rebuilt) = (spool(found, one.size)?, spool(rebuilt, other.size)?);
        let unreadable = |(Side::Found(source) | Side::Rebuilt(source))| ReadError::Unpack { place: one.path.clone(), source };
        let bytes = differing(&mut found.bytes().reader(), &mut rebuilt.bytes().reader()).map_err(unreadable)?;
        within = bytes.and_then(|_| within::first(&one.path, &found, &rebuilt));
        bytes
    } else {
        match differing(found, rebuilt) {
            Ok(bytes) => bytes,
            Err(Side::Found(error)) => return Err(found.read_error(error)),
            Err(Side::Rebuilt(error)) => return Err(rebuilt.read_error(error)),
        }
    };
    let finding = EntryFinding { path: format!("/{}", one.path), presence: Presence::Both, fields, bytes, within };
    Ok((!finding.fields.is_empty() || finding.bytes.is_some()).then_some(finding))
}

/// The fields that differ. Where none does and the headers still do, how they are written.
fn fields(one: &Entry, other: &Entry) -> Vec<Field> {
    let octal = |mode: u32| format!("{mode:04o}");
    let mut fields = Vec::new();
    let mut add = |name: &str, found: String, rebuilt: String| {
        if found != rebuilt {
            fields.push(Field { name: name.to_owned(), found, rebuilt });
        }
    };
    add("name", one.name.clone(), other.name.clone());
    add("type", kind(&one.kind), kind(&other.kind));
    add("mode", octal(one.mode), octal(other.mode));
    add("uid", one.uid.to_string(), other.uid.to_string());
    add("gid", one.gid.to_string(), other.gid.to_string());
    add("mtime", one.mtime.to_string(), other.mtime.to_string());
    add("size", one.size.to_string(), other.size.to_string());
    add("uname", one.user.clone(), other.user.clone());
    add("gname", one.group.clone(), other.group.clone());
    for (key, _) in one.records.iter().chain(&other.records) {
        let value = |entry: &Entry| entry.record(key).map_or_else(|| "none".to_owned(), text);
        if !matches!(key.as_str(), "path" | "size" | "mtime" | "uid" | "gid" | "uname" | "gname" | "linkpath") {
            add(&format!("pax {key}"), value(one), value(other));
        }
    }
    fields.dedup();
    let is_form = fields.is_empty() && (one.header != other.header || one.records != other.records);
    if is_form {
        let range = one.header.iter().zip(&other.header).position(|(one, other)| one != other);
        let at = range.map_or_else(|| "its PAX records".to_owned(), |at| format!("byte {at} of its header"));
        fields.push(Field { name: "form".to_owned(), found: at.clone(), rebuilt: at });
    }
    fields
}

fn kind(kind: &Kind) -> String {
    let mut text = kind.name().to_owned();
    if let Some(target) = kind.target() {
        // Writing to a `String` cannot fail.
        let _ = write!(text, " to {target}");
    }
    text
}

/// The value of a record, which may be no text.
fn text(value: &[u8]) -> String {
    value.escape_ascii().to_string()
}
