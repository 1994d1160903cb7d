//! Headers of the central directory (APPNOTE 4.3.12).

use std::io::Read;

use super::field::Record;
use super::flaw::Flaw;
use super::limits::{FREE_SIZE, MAX_HEADER, MAX_RATIO, MAX_SIZE};
use super::{Method, extra, name};

/// What the central directory says of an entry.
#[derive(Debug)]
pub(super) struct Header<'a> {
    pub(super) name: &'a str,
    pub(super) flags: u16,
    pub(super) method: Method,
    pub(super) crc32: u32,
    pub(super) compressed: u64,
    pub(super) size: u64,
    /// As written; a script in front may have to be added.
    pub(super) offset: u64,
    pub(super) requires_unpack: bool,
    /// Date and time as DOS writes them.
    pub(super) modified: u32,
    /// Bytes that this header takes in the directory.
    pub(super) len: usize,
}

const FIXED: usize = 46;
const UNIX: u16 = 3;
const FORMAT: u32 = 0o170_000;
const SYMLINK: u32 = 0o120_000;

/// Flag bits that unzip, Java or Python refuse: encryption, patch data, strong encryption, hidden headers.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const PATCH: u16 = 1 << 5;
pub(super) const DESCRIPTOR: u16 = 1 << 3;
pub(super) const UTF8: u16 = 1 << 11;

/// Reads the next header, with `variable` as its memory; the flaw comes with the entry's name where it is known by then.
pub(super) fn read<'v>(directory: &mut impl Read, variable: &'v mut Vec<u8>) -> Result<Header<'v>, (Option<String>, Flaw)> {
    let mut fixed = Record([0; FIXED]);
    directory.read_exact(&mut fixed.0).map_err(|error| (None, error.into()))?;
    if !fixed.0.starts_with(b"PK\x01\x02") {
        return Err((None, Flaw::format("a header of the directory has no signature")));
    }
    let [name_len, extra_len, comment_len] = [28, 30, 32].map(|at| usize::from(fixed.u16(at)));
    let len = FIXED + name_len + extra_len + comment_len;
    variable.resize(len - FIXED, 0);
    directory.read_exact(variable).map_err(|error| (None, error.into()))?;
    let (raw_name, rest) = variable.split_at(name_len);
    let (extra, comment) = rest.split_at(extra_len);
    let name = name::parse(raw_name, fixed.u16(8) & UTF8 != 0).map_err(|flaw| (None, flaw))?;
    header(&fixed, name, extra, comment, len).map_err(|flaw| (Some(name.to_owned()), flaw))
}

fn header<'a>(fixed: &Record<FIXED>, name: &'a str, extra: &[u8], comment: &[u8], len: usize) -> Result<Header<'a>, Flaw> {
    if len > MAX_HEADER {
        return Err(Flaw::hostile(format!("its header has {len} bytes, more than {MAX_HEADER}")));
    }
    let flags = fixed.u16(8);
    if flags & ENCRYPTED != 0 {
        return Err(Flaw::unsupported("it is encrypted"));
    }
    if flags & PATCH != 0 {
        return Err(Flaw::unsupported("it is patch data"));
    }
    // unzip 6.0 reads up to version 4.6 of the format.
    if fixed.0[6] > 46 {
        return Err(Flaw::unsupported(format!("it needs version {} of the ZIP format", fixed.0[6])));
    }
    if fixed.u16(34) != 0 {
        return Err(Flaw::unsupported("it is on another disk"));
    }
    let method = Method::parse(fixed.u16(10))?;
    if fixed.u16(4) >> 8 == UNIX && fixed.u32(38) >> 16 & FORMAT == SYMLINK {
        return Err(Flaw::hostile("it is a symbolic link, which unzip follows and Java reads as text"));
    }
    if std::str::from_utf8(comment).is_err() {
        return Err(Flaw::hostile("its comment is not UTF-8, which Java refuses"));
    }
    extra::no_other_name(extra, name.as_bytes())?;
    let mut size = u64::from(fixed.u32(24));
    let mut compressed = u64::from(fixed.u32(20));
    let mut offset = u64::from(fixed.u32(42));
    let mut wide = extra::wide(extra)?;
    wide.replace(&mut size)?;
    wide.replace(&mut compressed)?;
    wide.replace(&mut offset)?;
    if method == Method::Stored && size != compressed {
        return Err(Flaw::hostile(format!("it is stored, {compressed} bytes, and claims {size}")));
    }
    if name.ends_with('/') && size != 0 {
        return Err(Flaw::hostile("it is a folder with contents"));
    }
    if size > MAX_SIZE || size > FREE_SIZE && size / MAX_RATIO > compressed {
        return Err(Flaw::hostile(format!("it would become {size} bytes from {compressed}")));
    }
    Ok(Header {
        name,
        flags,
        method,
        crc32: fixed.u32(16),
        compressed,
        size,
        offset,
        requires_unpack: comment.starts_with(b"UNPACK:"),
        modified: u32::from(fixed.u16(14)) << 16 | u32::from(fixed.u16(12)),
        len,
    })
}
