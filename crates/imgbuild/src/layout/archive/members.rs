//! Where the files of a tar lie in it. Only headers are read.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use tar::{EntryType, Header, PaxExtensions};

/// Entries and their content are padded to blocks of this size.
const BLOCK: u64 = 512;
/// Longest name or set of PAX records that is read.
const MAX_EXTENSION: u64 = 1 << 20;
/// An image has some dozens of files; more than this is no archive of images.
const MAX_MEMBERS: usize = 100_000;
/// Links that are followed from one file to the next; `docker save` needs one.
const MAX_LINKS: usize = 4;

/// A stretch of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Where it starts.
    pub(super) start: u64,
    /// How many bytes it has.
    pub(super) size: u64,
}

#[derive(Debug)]
enum Member {
    File(Stretch),
    /// The path of another member.
    Link(String),
}

/// The files of an archive by path, without `./` or `/` in front. Of two with one path the later counts, as it does when
/// the archive is unpacked.
#[derive(Debug, Default)]
pub(super) struct Members(HashMap<String, Member>);

impl Members {
    /// Reads the headers of `file`. The error is the reason, for people.
    pub(super) fn read(file: &File) -> Result<Self, String> {
        let length = file.metadata().map_err(|error| error.to_string())?.len();
        let mut members = Self::default();
        let mut next = Extensions::default();
        let mut position = 0;
        while let Some(header) = header_at(file, position, length)? {
            let entry_type = header.entry_type();
            let extends = matches!(entry_type, EntryType::GNULongName | EntryType::GNULongLink | EntryType::XHeader);
            let Extensions { path, link, size } = if extends { Extensions::default() } else { std::mem::take(&mut next) };
            let name = path.unwrap_or_else(|| text(&header.path_bytes()));
            let size =
                size.map_or_else(|| header.entry_size(), Ok).map_err(|error| format!("the size of `{name}` is not valid: {error}"))?;
            let data = position + BLOCK;
            let end = data.checked_add(size).filter(|end| *end <= length);
            let end = end.ok_or_else(|| format!("it is cut short: `{name}` has {} of {size} bytes", length - data))?;
            match entry_type {
                _ if extends => next.read(entry_type, &extension(file, data, size)?),
                EntryType::XGlobalHeader | EntryType::Directory => {}
                EntryType::Regular | EntryType::Continuous => members.insert(&name, Member::File(Stretch { start: data, size }))?,
                EntryType::Symlink | EntryType::Link => {
                    let target = link.or_else(|| header.link_name_bytes().map(|link| text(&link))).unwrap_or_default();
                    let target = if entry_type == EntryType::Symlink { beside(&name, &target) } else { plain(&target) };
                    members.insert(&name, Member::Link(target))?;
                }
                _ => return Err(format!("`{name}` is neither a file nor a folder nor a link")),
            }
            position = end.next_multiple_of(BLOCK);
        }
        if members.0.is_empty() { Err("it holds no files".to_owned()) } else { Ok(members) }
    }

    /// The content of a path, through links.
    pub(super) fn find(&self, path: &str) -> Option<Stretch> {
        let mut path = plain(path);
        for _ in 0..=MAX_LINKS {
            match self.0.get(&path)? {
                Member::File(stretch) => return Some(*stretch),
                Member::Link(target) => path.clone_from(target),
            }
        }
        None
    }

    fn insert(&mut self, name: &str, member: Member) -> Result<(), String> {
        self.0.insert(plain(name), member);
        if self.0.len() > MAX_MEMBERS { Err(format!("it holds more than {MAX_MEMBERS} files")) } else { Ok(()) }
    }
}

/// What stands in front of an entry and belongs to it.
#[derive(Default)]
struct Extensions {
    path: Option<String>,
    link: Option<String>,
    size: Option<u64>,
}

impl Extensions {
    fn read(&mut self, entry_type: EntryType, bytes: &[u8]) {
        match entry_type {
            EntryType::GNULongName => self.path = Some(text(until_nul(bytes))),
            EntryType::GNULongLink => self.link = Some(text(until_nul(bytes))),
            _ => {
                for record in PaxExtensions::new(bytes).flatten() {
                    let value = text(record.value_bytes());
                    match record.key_bytes() {
                        b"path" => self.path = Some(value),
                        b"linkpath" => self.link = Some(value),
                        b"size" => self.size = value.parse().ok(),
                        _ => {}
                    }
                }
            }
        }
    }
}

/// The header at `position`; nothing at the end, whether it is marked by zeros or not.
fn header_at(file: &File, position: u64, length: u64) -> Result<Option<Header>, String> {
    // The last entry may lack its padding.
    if position >= length {
        return Ok(None);
    }
    let mut header = Header::new_old();
    let bytes = header.as_mut_bytes();
    match file.read_exact_at(bytes, position) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(format!("it is cut short after {length} bytes")),
        Err(error) => return Err(error.to_string()),
    }
    if bytes.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    // The sum counts its own field as spaces.
    let sum: u32 = bytes[..148].iter().chain(&[b' '; 8]).chain(&bytes[156..]).map(|byte| u32::from(*byte)).sum();
    match header.cksum() {
        Ok(stated) if stated == sum => Ok(Some(header)),
        _ => Err(format!("there is no tar header at byte {position}")),
    }
}

fn extension(file: &File, start: u64, size: u64) -> Result<Vec<u8>, String> {
    let length = usize::try_from(size).ok().filter(|_| size <= MAX_EXTENSION);
    let mut bytes = vec![0; length.ok_or("a name in it is longer than 1 MiB")?];
    file.read_exact_at(&mut bytes, start).map_err(|error| error.to_string())?;
    Ok(bytes)
}

fn until_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A path without `.`, `..` and empty parts.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// What a symbolic link at `name` leads to.
fn beside(name: &str, target: &str) -> String {
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    if target.starts_with('/') { plain(target) } else { plain(&format!("{folder}/{target}")) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use imgbuild_testkit::archive::{Entry, Kind, write};

    use super::*;

    fn members(bytes: &[u8]) -> Result<Members, String> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Members::read(&file)
    }

    #[test]
    fn files_are_found_by_path_and_through_links() {
        let long = format!("{}/{}.tar", "a".repeat(150), "ü".repeat(90));
        let archive = write(&[
            Entry::new("./blobs", Kind::Directory),
            Entry::new("./blobs/x", Kind::File(b"hello".to_vec())),
            Entry::new("one/layer.tar", Kind::Symlink("../blobs/x".to_owned())),
            Entry::new("two", Kind::HardLink("one/layer.tar".to_owned())),
            Entry::new("loop", Kind::Symlink("loop".to_owned())),
            Entry::new(&long, Kind::File(b"long".to_vec())),
        ]);
        let members = members(&archive).unwrap();
        let hello = members.find("blobs/x").unwrap();
        let start = usize::try_from(hello.start).unwrap();
        assert_eq!((&archive[start..start + 5], hello.size), (&b"hello"[..], 5));
        for path in ["/blobs/x", "one/layer.tar", "two"] {
            assert_eq!(members.find(path), Some(hello), "{path}");
        }
        assert_eq!(members.find(&long).map(|found| found.size), Some(4));
        assert_eq!((members.find("loop"), members.find("blobs")), (None, None));
    }

    #[test]
    fn every_cut_is_noticed_or_loses_whole_files_only() {
        let archive = write(&[Entry::new("a", Kind::File(vec![1; 700])), Entry::new("b", Kind::File(vec![2; 10]))]);
        for length in 0..archive.len() {
            match members(&archive[..length]) {
                Ok(found) => {
                    let whole = |name| found.find(name).is_none_or(|found| found.start + found.size <= length as u64);
                    assert!(whole("a") && whole("b"), "{length}");
                }
                Err(reason) => assert!(reason.contains("cut short") || reason.contains("no files"), "{length}: {reason}"),
            }
        }
        assert!(members(&archive[..900]).unwrap_err().contains("`a` has 388 of 700 bytes"));
    }

    #[test]
    fn what_is_no_tar_is_refused() {
        assert!(members(&[7; 2048]).unwrap_err().contains("no tar header at byte 0"));
        assert!(members(&[]).unwrap_err().contains("no files"));
        let device = write(&[Entry::new("dev", Kind::CharacterDevice(1, 3))]);
        assert!(members(&device).unwrap_err().contains("neither a file"));
    }
}
