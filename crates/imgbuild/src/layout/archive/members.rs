//! Where the files of a tar lie in it. Only headers are read.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::tarball::{Input, Kind, Tarball, beside, plain};

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
        let mut tarball = Tarball::new(Positioned { file, position: 0, length });
        while let Some(entry) = tarball.next_entry().map_err(|error| error.to_string())? {
            let member = match entry.kind {
                Kind::Folder => continue,
                Kind::File => Member::File(Stretch { start: tarball.position(), size: entry.size }),
                Kind::Symlink(target) => Member::Link(beside(&entry.name, &target)),
                Kind::HardLink(target) => Member::Link(plain(&target)),
                _ => return Err(format!("`{}` is neither a file nor a folder nor a link", entry.name.escape_debug())),
            };
            members.0.insert(entry.path, member);
            if members.0.len() > MAX_MEMBERS {
                return Err(format!("it holds more than {MAX_MEMBERS} files"));
            }
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
}

/// A file that is read by position: contents are passed over without reading them.
struct Positioned<'a> {
    file: &'a File,
    position: u64,
    length: u64,
}

impl Input for Positioned<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.position)?;
        self.position += read as u64;
        Ok(read)
    }

    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let skipped = count.min(self.length.saturating_sub(self.position));
        self.position += skipped;
        Ok(skipped)
    }
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
