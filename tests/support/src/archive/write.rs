//! Writes tar archives: USTAR headers, and a PAX record only for what does not fit.

use super::{BLOCK, header};

/// What an entry is; links name their target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file with its content.
    File(Vec<u8>),
    /// A directory.
    Directory,
    /// A symbolic link to the path as it stands.
    Symlink(String),
    /// A hard link to another entry's path.
    HardLink(String),
    /// A character device with its major and minor number, as old whiteouts and `/dev` in a base have.
    CharacterDevice(u32, u32),
}

/// One entry of an archive. Its path is written as given: no leading slash is added or taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path inside the archive; a directory's trailing slash is added when it is written.
    pub path: String,
    /// Kind and content.
    pub kind: Kind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u64,
    /// Numeric group.
    pub gid: u64,
    /// Seconds since 1970.
    pub modified: u64,
    /// User and group names, empty in reproducible archives.
    pub names: (String, String),
    /// PAX records put in front of the entry, beside those that its path or link need.
    pub pax: Vec<(String, String)>,
}

impl Entry {
    /// An entry owned by 0:0 with the usual mode of its kind, modified at 1970-01-01.
    #[must_use]
    pub fn new(path: &str, kind: Kind) -> Self {
        let mode = match kind {
            Kind::Directory => 0o755,
            Kind::Symlink(_) => 0o777,
            _ => 0o644,
        };
        Self { path: path.into(), kind, mode, uid: 0, gid: 0, modified: 0, names: Default::default(), pax: Vec::new() }
    }
}

/// The archive of `entries` in their order, ended by two zero blocks.
#[must_use]
pub fn write(entries: &[Entry]) -> Vec<u8> {
    let mut archive = Vec::new();
    for entry in entries {
        write_entry(&mut archive, entry);
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}

/// Whether a path fits the name and prefix of a USTAR header, so that no PAX record is needed for it.
#[must_use]
pub fn fits_ustar(path: &str) -> bool {
    split_path(path).is_some()
}

fn write_entry(archive: &mut Vec<u8>, entry: &Entry) {
    let mut path = entry.path.clone();
    if entry.kind == Kind::Directory && !path.ends_with('/') {
        path.push('/');
    }
    let (kind, link, content): (u8, &str, &[u8]) = match &entry.kind {
        Kind::File(content) => (b'0', "", content),
        Kind::HardLink(target) => (b'1', target, &[]),
        Kind::Symlink(target) => (b'2', target, &[]),
        Kind::CharacterDevice(..) => (b'3', "", &[]),
        Kind::Directory => (b'5', "", &[]),
    };
    let mut pax = entry.pax.clone();
    let split = split_path(&path);
    if split.is_none() {
        pax.push(("path".into(), path.clone()));
    }
    if link.len() > header::LINK.len() || !link.is_ascii() {
        pax.push(("linkpath".into(), link.into()));
    }
    if !pax.is_empty() {
        let records: Vec<u8> = pax.iter().flat_map(|(key, value)| pax_record(key, value)).collect();
        let mut block = blank(entry, b'x', records.len() as u64);
        put(&mut block[header::NAME], b"PaxHeaders/entry");
        append(archive, block, &records);
    }
    let mut block = blank(entry, kind, content.len() as u64);
    let (prefix, name) = split.unwrap_or(("", &path));
    put(&mut block[header::NAME], name.as_bytes());
    put(&mut block[header::PREFIX], prefix.as_bytes());
    put(&mut block[header::LINK], link.as_bytes());
    if let Kind::CharacterDevice(major, minor) = entry.kind {
        octal(&mut block[header::DEVICE_MAJOR], major.into());
        octal(&mut block[header::DEVICE_MINOR], minor.into());
    }
    append(archive, block, content);
}

/// A header without its path.
fn blank(entry: &Entry, kind: u8, size: u64) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    octal(&mut block[header::MODE], entry.mode.into());
    octal(&mut block[header::UID], entry.uid);
    octal(&mut block[header::GID], entry.gid);
    octal(&mut block[header::SIZE], size);
    octal(&mut block[header::MTIME], entry.modified);
    block[header::TYPE] = kind;
    block[header::MAGIC].copy_from_slice(header::USTAR);
    put(&mut block[header::USER], entry.names.0.as_bytes());
    put(&mut block[header::GROUP], entry.names.1.as_bytes());
    block
}

fn append(archive: &mut Vec<u8>, mut block: [u8; BLOCK], content: &[u8]) {
    let sum = format!("{:06o}\0 ", header::checksum(&block));
    block[header::CHECKSUM].copy_from_slice(sum.as_bytes());
    archive.extend(block);
    archive.extend(content);
    archive.resize(archive.len().next_multiple_of(BLOCK), 0);
}

/// Prefix and name of a path that fits a USTAR header, `None` where only PAX can say it.
fn split_path(path: &str) -> Option<(&str, &str)> {
    if !path.is_ascii() {
        return None;
    }
    if path.len() <= header::NAME.len() {
        return Some(("", path));
    }
    path.match_indices('/')
        .map(|(at, _)| (&path[..at], &path[at + 1..]))
        .find(|(prefix, name)| prefix.len() <= header::PREFIX.len() && !name.is_empty() && name.len() <= header::NAME.len())
}

/// `<length> <key>=<value>\n`, where the length counts itself.
fn pax_record(key: &str, value: &str) -> Vec<u8> {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + rest.to_string().len();
    length = rest + length.to_string().len();
    format!("{length} {key}={value}\n").into_bytes()
}

/// As many leading bytes of `value` as the field holds; the rest stays NUL.
fn put(field: &mut [u8], value: &[u8]) {
    let length = value.len().min(field.len());
    field[..length].copy_from_slice(&value[..length]);
}

fn octal(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    put(field, format!("{value:0digits$o}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::{Entry, Kind, write};
    use crate::{archive::members, peer};

    fn entries() -> Vec<Entry> {
        let long = format!("{}/{}", "deep".repeat(20), "name".repeat(15));
        let longer = format!("{}/{}", "deep".repeat(60), "name".repeat(30));
        vec![
            Entry::new("bin", Kind::Symlink("usr/bin".into())),
            Entry { mode: 0o1777, ..Entry::new("tmp", Kind::Directory) },
            Entry { uid: 1000, gid: 1001, modified: 315_532_800, ..Entry::new("tmp/a", Kind::File(b"content".to_vec())) },
            Entry::new("tmp/b", Kind::HardLink("tmp/a".into())),
            Entry::new("tmp/\u{d55c}\u{ae00}", Kind::File(Vec::new())),
            Entry::new(&long, Kind::File(vec![7; 1000])),
            Entry::new(&longer, Kind::Symlink("target".repeat(30))),
        ]
    }

    #[test]
    fn python_reads_what_was_written() {
        let Some(mut python) = peer::find("python3") else {
            return;
        };
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), write(&entries())).unwrap();
        let script = "import sys,tarfile\n\
            for m in tarfile.open(sys.argv[1]): print(ascii(m.name), oct(m.mode), m.uid, m.gid, m.mtime, m.size, m.type.decode(), m.linkname)";
        let listing = peer::output(python.args(["-c", script]).arg(file.path()));
        let lines: Vec<&str> = listing.lines().collect();
        assert_eq!(lines.len(), entries().len());
        assert_eq!(lines[0], "'bin' 0o777 0 0 0 0 2 usr/bin");
        assert_eq!(lines[1], "'tmp' 0o1777 0 0 0 0 5 ");
        assert_eq!(lines[2], "'tmp/a' 0o644 1000 1001 315532800 7 0 ");
        assert_eq!(lines[4], r"'tmp/\ud55c\uae00' 0o644 0 0 0 0 0 ");
        assert!(lines[5].ends_with("0o644 0 0 0 1000 0 "), "{}", lines[5]);
        assert!(lines[6].ends_with(&"target".repeat(30)), "{}", lines[6]);
    }

    #[test]
    fn own_reader_sees_the_same_entries() {
        let archive = write(&entries());
        let members = members(&archive).unwrap();
        for (member, entry) in members.iter().zip(entries()) {
            assert_eq!(member.path.trim_end_matches('/'), entry.path);
            assert_eq!(member.kind, entry.kind);
            assert_eq!((member.mode, member.uid, member.gid, member.modified), (entry.mode, entry.uid, entry.gid, entry.modified));
        }
        assert_eq!(members.len(), entries().len());
        let with_pax: Vec<usize> = members.iter().enumerate().filter(|(_, m)| !m.pax.is_empty()).map(|(n, _)| n).collect();
        assert_eq!(with_pax, [4, 6], "pax only where a field does not fit");
    }
}
