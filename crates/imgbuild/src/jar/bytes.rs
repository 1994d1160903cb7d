//! Where the bytes of a JAR are: a range of an open file or of memory.
//!
//! A [`Bytes`] is cheap to clone, is read by position from many threads at once, and never holds a
//! file's contents: a nested JAR that is stored is a slice of the fat JAR's file. It refuses what is
//! no regular file, and notices when the file is written to while it is read.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::Error;

/// A file that was changed so short a time ago may be changed again without a new time: the clocks of file systems move in steps
/// of up to two seconds.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

/// A range of bytes in a file or in memory.
#[derive(Debug, Clone)]
pub struct Bytes {
    source: Arc<Source>,
    offset: u64,
    len: u64,
}

#[derive(Debug)]
enum Source {
    File {
        file: File,
        path: PathBuf,
        identity: Identity,
        mark: Option<String>,
    },
    Memory(Arc<[u8]>),
    /// Gives one byte a call: no reader may count on more.
    #[cfg(test)]
    Trickle(Arc<[u8]>),
}

/// What changes when a file is written to, replaced or cut.
#[derive(Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
    len: u64,
    modified: (i64, i64),
}

impl Bytes {
    /// Opens a file for reading by position.
    ///
    /// # Errors
    /// [`Error::Io`] when it cannot be opened or is no regular file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let open = || {
            let now = SystemTime::now();
            let file = File::open(path)?;
            let metadata = file.metadata()?;
            if !metadata.is_file() {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
            }
            Ok((file, Identity::of(&metadata), mark(&metadata, now)))
        };
        let (file, identity, mark) = open().map_err(|source| Error::Io { what: path.display().to_string(), source })?;
        let len = identity.len;
        let source = Source::File { file, path: path.to_owned(), identity, mark };
        Ok(Self { source: Arc::new(source), offset: 0, len })
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The part that starts at `offset`; `None` where it would reach past the end.
    #[must_use]
    pub fn slice(&self, offset: u64, len: u64) -> Option<Self> {
        let end = offset.checked_add(len)?;
        (end <= self.len).then(|| Self { source: Arc::clone(&self.source), offset: self.offset + offset, len })
    }

    /// Reads at a position of this range; fewer bytes than asked for are no error, none are the end.
    ///
    /// # Errors
    /// What the operating system says.
    pub fn read_at(&self, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = self.len.saturating_sub(position);
        let wanted = usize::try_from(rest).map_or(buffer.len(), |rest| rest.min(buffer.len()));
        let Some(buffer) = buffer.get_mut(..wanted).filter(|buffer| !buffer.is_empty()) else { return Ok(0) };
        let position = self.offset + position;
        match &*self.source {
            Source::File { file, .. } => file.read_at(buffer, position),
            Source::Memory(bytes) => Ok(copy(bytes, position, buffer)),
            #[cfg(test)]
            Source::Trickle(bytes) => Ok(copy(bytes, position, &mut buffer[..1])),
        }
    }

    /// Fills the buffer from a position of this range.
    ///
    /// # Errors
    /// [`io::ErrorKind::UnexpectedEof`] where the range, or a file that was cut meanwhile, ends before.
    pub fn read_exact_at(&self, mut position: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.read_at(position, buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => {
                    buffer = &mut buffer[count..];
                    position += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads the range from its start; unbuffered.
    #[must_use]
    pub fn reader(&self) -> BytesReader {
        BytesReader { bytes: self.clone(), position: 0 }
    }

    /// The file that the bytes are in, if they are in one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        if let Source::File { path, .. } = &*self.source { Some(path) } else { None }
    }

    /// Proves that the file is still the one that was opened: same inode, length and time of change.
    ///
    /// Ask this after the last byte was read: what was read before may mix two states of the file.
    ///
    /// # Errors
    /// [`Error::Changed`]; [`Error::Io`] when the file cannot be looked at.
    pub fn verify_unchanged(&self) -> Result<(), Error> {
        let Source::File { file, path, identity, .. } = &*self.source else { return Ok(()) };
        let changed = || Error::Changed { path: path.clone() };
        let io = |source| Error::Io { what: path.display().to_string(), source };
        let named = match std::fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(changed()),
            Err(error) => return Err(io(error)),
        };
        let opened = file.metadata().map_err(io)?;
        if Identity::of(&named) == *identity && Identity::of(&opened) == *identity { Ok(()) } else { Err(changed()) }
    }

    /// Names the state that the file was opened in: as long as another opening gives the same mark, no byte was written between the
    /// two, whatever time was set on the file. There is none for memory, and none for a file that was changed a moment before.
    #[must_use]
    pub fn mark(&self) -> Option<&str> {
        if let Source::File { mark, .. } = &*self.source { mark.as_deref() } else { None }
    }

    #[cfg(test)]
    pub(super) fn trickle(bytes: &[u8]) -> Self {
        Self { source: Arc::new(Source::Trickle(bytes.into())), offset: 0, len: bytes.len() as u64 }
    }
}

impl From<Arc<[u8]>> for Bytes {
    fn from(bytes: Arc<[u8]>) -> Self {
        let len = bytes.len() as u64;
        Self { source: Arc::new(Source::Memory(bytes)), offset: 0, len }
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Arc::<[u8]>::from(bytes).into()
    }
}

/// Reads a [`Bytes`] in order.
#[derive(Debug)]
pub struct BytesReader {
    bytes: Bytes,
    position: u64,
}

impl Read for BytesReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read_at(self.position, buffer)?;
        if count == 0 && !buffer.is_empty() && self.position < self.bytes.len {
            // The range was within the file when it was opened, so the file was cut since.
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was read"));
        }
        self.position += count as u64;
        Ok(count)
    }
}

impl Identity {
    fn of(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino(), len: metadata.len(), modified: (metadata.mtime(), metadata.mtime_nsec()) }
    }
}

/// The time of a change of the inode decides: programs can set every other time of a file, and builds do.
fn mark(metadata: &Metadata, now: SystemTime) -> Option<String> {
    let (seconds, nanoseconds) = (metadata.ctime(), metadata.ctime_nsec());
    let changed = UNIX_EPOCH + Duration::new(u64::try_from(seconds).ok()?, u32::try_from(nanoseconds).ok()?);
    let age = now.duration_since(changed).ok()?;
    let Identity { device, inode, len, modified } = Identity::of(metadata);
    (age > SETTLED_AFTER).then(|| format!("{device}:{inode}:{len}:{}.{}:{seconds}.{nanoseconds}", modified.0, modified.1))
}

fn copy(from: &[u8], position: u64, buffer: &mut [u8]) -> usize {
    let rest = usize::try_from(position).ok().and_then(|position| from.get(position..)).unwrap_or_default();
    let count = rest.len().min(buffer.len());
    buffer[..count].copy_from_slice(&rest[..count]);
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn slices_stay_within_their_range() {
        for bytes in [Bytes::from(b"0123456789".to_vec()), Bytes::trickle(b"0123456789")] {
            let part = bytes.slice(2, 5).unwrap();
            let mut text = String::new();
            part.reader().read_to_string(&mut text).unwrap();
            assert_eq!(text, "23456");
            assert_eq!(part.slice(1, 2).unwrap().len(), 2);
            assert!(part.slice(1, 5).is_none());
            assert!(part.slice(u64::MAX, 1).is_none());
            assert!(part.read_exact_at(3, &mut [0; 3]).is_err());
        }
    }

    #[test]
    fn a_file_that_changes_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jar");
        std::fs::write(&path, b"before").unwrap();
        let bytes = Bytes::open(&path).unwrap();
        bytes.verify_unchanged().unwrap();
        std::fs::File::options().append(true).open(&path).unwrap().write_all(b"!").unwrap();
        assert!(matches!(bytes.verify_unchanged(), Err(Error::Changed { .. })));
        let bytes = Bytes::open(&path).unwrap();
        std::fs::write(folder.path().join("b"), b"before!").unwrap();
        std::fs::rename(folder.path().join("b"), &path).unwrap();
        assert!(matches!(bytes.verify_unchanged(), Err(Error::Changed { .. })));
        let bytes = Bytes::open(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(bytes.verify_unchanged(), Err(Error::Changed { .. })));
    }

    #[test]
    fn a_file_has_a_mark_once_it_has_settled_and_another_one_once_it_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jar");
        std::fs::write(&path, b"before").unwrap();
        assert_eq!(Bytes::open(&path).unwrap().mark(), None);
        assert_eq!(Bytes::from(vec![1]).mark(), None);
        let later = SystemTime::now() + SETTLED_AFTER + Duration::from_secs(1);
        let settled = |path: &Path| mark(&std::fs::metadata(path).unwrap(), later);
        let before = settled(&path);
        assert!(before.is_some());
        assert_eq!(settled(&path), before);
        // As `touch --reference` or a restored cache does it: same length, same time of modification.
        let modified = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        std::fs::write(&path, b"BEFORE").unwrap();
        File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
        assert_ne!(settled(&path), before);
    }

    #[test]
    fn a_file_cut_while_read_is_an_error_not_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.jar");
        std::fs::write(&path, vec![7; 1000]).unwrap();
        let mut reader = Bytes::open(&path).unwrap().reader();
        std::fs::File::options().write(true).open(&path).unwrap().set_len(10).unwrap();
        assert!(reader.read_to_end(&mut Vec::new()).is_err());
    }

    #[test]
    fn folders_and_missing_files_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Bytes::open(folder.path()), Err(Error::Io { .. })));
        let missing = Bytes::open(folder.path().join("x.jar")).unwrap_err();
        assert!(missing.hint().unwrap().contains("build the JAR"));
    }
}
