//! Files that are being written. They have no name that anybody looks for until they are whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::Error;

/// A file in `tmp` younger than this may belong to a build that has not locked it yet.
const ABANDONED_AFTER: Duration = Duration::from_mins(10);

/// A file that is being written; dropped before [`Cache::commit`](super::Cache::commit), it is removed.
#[derive(Debug)]
pub struct Pending(NamedTempFile);

impl Pending {
    pub(super) fn create(folder: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Write { path: folder.to_owned(), source };
        let file = NamedTempFile::new_in(folder).map_err(failed)?;
        file.as_file().lock().map_err(failed)?;
        Ok(Self(file))
    }

    /// Appends bytes.
    ///
    /// # Errors
    /// When the disk is full or broken.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.0.write_all(bytes).map_err(|source| Error::Write { path: self.0.path().to_owned(), source })
    }

    /// A name beside what is being written that nothing has yet.
    pub(super) fn aside(&self) -> std::path::PathBuf {
        let mut name = self.0.path().as_os_str().to_owned();
        name.push("-aside");
        name.into()
    }

    /// Gives it its name, and the file as it was written.
    pub(super) fn persist(self, path: &Path) -> Result<File, Error> {
        self.0.persist(path).map_err(|error| Error::Write { path: path.to_owned(), source: error.error })
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Removes files whose writers are gone: nobody holds their lock. What cannot be looked at is left alone.
pub(super) fn remove_abandoned(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
        let unlocked = || File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if age.is_some_and(|age| age > ABANDONED_AFTER) && unlocked() {
            // Another build may have removed it first.
            let _ = fs::remove_file(entry.path());
        }
    }
}
