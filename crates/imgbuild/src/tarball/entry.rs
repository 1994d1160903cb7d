//! One entry of an archive: its header with the extensions in front of it.

use tar::{EntryType, Header};

use super::extension::Extensions;
use super::{BLOCK, Error, plain};

/// An entry. Texts that are not UTF-8 have `U+FFFD` in their place; names may hold anything, control characters too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path as it was written.
    pub name: String,
    /// The path below the root, without a `/` in front or at the end; empty for the root itself.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Bytes of content that follow.
    pub size: u64,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Numeric user.
    pub uid: u64,
    /// Numeric group.
    pub gid: u64,
    /// Time of modification in seconds since 1970.
    pub mtime: i64,
    /// Name of the user, empty in most images.
    pub user: String,
    /// Name of the group.
    pub group: String,
    /// PAX records in front of it, in their order; extended attributes are among them.
    pub records: Vec<(String, Vec<u8>)>,
    /// The header as it was written, without its extensions.
    pub header: [u8; BLOCK],
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A regular file of which only a part is stored: its content here is not what a program reads.
    Sparse,
    /// A folder.
    Folder,
    /// A symbolic link to this target, as it was written.
    Symlink(String),
    /// Another name for the file at this path, as it was written.
    HardLink(String),
    /// A device with its major and minor number.
    Device(u64, u64),
    /// A named pipe.
    Fifo,
    /// A kind of this letter, which no image needs.
    Other(u8),
}

impl Entry {
    /// The entry of `header`.
    pub(super) fn new(header: &Header, extensions: Extensions) -> Result<Self, Error> {
        let Extensions { name, link, records } = extensions;
        let record = |key: &str| records.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_slice());
        let record = |key: &str| record(key).filter(|value| !value.is_empty());
        let written = record("GNU.sparse.name").or_else(|| record("path")).map(text);
        let name = written.or(name).unwrap_or_else(|| text(&header.path_bytes()));
        let link = record("linkpath").map(text).or(link).or_else(|| header.link_name_bytes().map(|link| text(&link)));
        let number = |key: &str, field: &[u8]| {
            let stated = record(key).map_or_else(|| field_number(field), decimal);
            stated.ok_or_else(|| Error::Invalid(format!("the {key} of `{}` is not valid", name.escape_debug())))
        };
        let unsigned = |key: &str, field: &[u8]| {
            let invalid = || Error::Invalid(format!("the {key} of `{}` is negative", name.escape_debug()));
            number(key, field).and_then(|number| u64::try_from(number).map_err(|_| invalid()))
        };
        let old = header.as_old();
        let is_sparse = records.iter().any(|(key, _)| key.starts_with("GNU.sparse."));
        let kind = kind(header, &name, link.unwrap_or_default(), is_sparse);
        let size = unsigned("size", &old.size)?;
        let user = |field: Option<&[u8]>| text(field.unwrap_or_default());
        Ok(Self {
            path: plain(&name),
            size: if kind.has_content() { size } else { 0 },
            mode: u32::try_from(unsigned("mode", &old.mode)? & 0o7777).unwrap_or_default(),
            uid: unsigned("uid", &old.uid)?,
            gid: unsigned("gid", &old.gid)?,
            mtime: number("mtime", &old.mtime)?,
            user: record("uname").map_or_else(|| user(header.username_bytes()), text),
            group: record("gname").map_or_else(|| user(header.groupname_bytes()), text),
            header: *header.as_bytes(),
            kind,
            name,
            records,
        })
    }

    /// The value of a PAX record.
    #[must_use]
    pub fn record(&self, key: &str) -> Option<&[u8]> {
        self.records.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_slice())
    }
}

impl Kind {
    /// Whether content follows. What others claim as their size is no content: Go's reader passes over nothing either.
    const fn has_content(&self) -> bool {
        matches!(self, Self::File | Self::Sparse | Self::Other(_))
    }

    /// What people call it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Sparse => "sparse file",
            Self::Folder => "folder",
            Self::Symlink(_) => "symbolic link",
            Self::HardLink(_) => "hard link",
            Self::Device(..) => "device",
            Self::Fifo => "named pipe",
            Self::Other(_) => "entry of an unknown kind",
        }
    }

    /// The target of a link of either kind, as it was written.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        match self {
            Self::Symlink(target) | Self::HardLink(target) => Some(target),
            _ => None,
        }
    }
}

fn kind(header: &Header, name: &str, link: String, is_sparse: bool) -> Kind {
    match header.entry_type() {
        // Before POSIX a folder was a file whose name ends in a slash.
        EntryType::Regular if header.as_old().linkflag == [0] && name.ends_with('/') => Kind::Folder,
        EntryType::Regular | EntryType::Continuous if is_sparse => Kind::Sparse,
        EntryType::Regular | EntryType::Continuous => Kind::File,
        EntryType::GNUSparse => Kind::Sparse,
        EntryType::Directory => Kind::Folder,
        EntryType::Symlink => Kind::Symlink(link),
        EntryType::Link => Kind::HardLink(link),
        EntryType::Char | EntryType::Block => {
            let number = |field: Option<&[u8]>| field.and_then(field_number).and_then(|number| u64::try_from(number).ok());
            let fields = header.as_ustar().map(|ustar| (&ustar.dev_major[..], &ustar.dev_minor[..]));
            let fields = fields.or_else(|| header.as_gnu().map(|gnu| (&gnu.dev_major[..], &gnu.dev_minor[..])));
            Kind::Device(number(fields.map(|fields| fields.0)).unwrap_or(0), number(fields.map(|fields| fields.1)).unwrap_or(0))
        }
        EntryType::Fifo => Kind::Fifo,
        other => Kind::Other(other.as_byte()),
    }
}

/// A number of a header: octal digits, or base 256 where the first bit is set. An empty field is zero.
pub(super) fn field_number(field: &[u8]) -> Option<i64> {
    match field.split_first() {
        Some((first, rest)) if first & 0x80 != 0 => {
            let negative = first & 0x40 != 0;
            let start = if negative { -1 } else { 0 };
            let start = start << 6 | i64::from(first & 0x3f);
            rest.iter().try_fold(start, |number, byte| number.checked_mul(256).map(|number| number | i64::from(*byte)))
        }
        _ => {
            let text = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
            let text = text.split('\0').next().unwrap_or_default();
            if text.is_empty() { Some(0) } else { i64::from_str_radix(text, 8).ok() }
        }
    }
}

/// A number of a PAX record; a fraction of a second counts as the second that it lies in.
fn decimal(value: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(value).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    let below_zero = whole.starts_with('-') && fraction.bytes().any(|digit| digit != b'0');
    seconds.checked_sub(i64::from(below_zero))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
