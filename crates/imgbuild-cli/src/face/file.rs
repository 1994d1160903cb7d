//! A file that the user asked for: it appears under its name when it is whole, and not at all otherwise.

use std::fs::Permissions;
use std::io::{self, BufWriter, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tempfile::NamedTempFile;

use super::{Exit, Failure};

/// What any new file may have; the umask takes from it.
const MODE: u32 = 0o666;

/// A file that is being written.
pub(crate) struct NewFile {
    path: PathBuf,
    file: NamedTempFile,
}

impl NewFile {
    /// Begins the file, so that a folder that cannot be written to is noticed before the work and not after it.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new().prefix(".imgbuild-").permissions(Permissions::from_mode(MODE)).tempfile_in(folder);
        let file = file.map_err(|error| failure(path, error))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes the value as JSON, and gives the file its name.
    pub(crate) fn write_json(mut self, value: &impl Serialize) -> Result<(), Failure> {
        let mut writer = BufWriter::new(self.file.as_file_mut());
        let written = serde_json::to_writer_pretty(&mut writer, value).map_err(io::Error::from);
        let written = written.and_then(|()| writeln!(writer)).and_then(|()| writer.flush());
        drop(writer);
        written.map_err(|error| failure(&self.path, error))?;
        self.file.persist(&self.path).map_err(|error| failure(&self.path, error.error))?;
        Ok(())
    }
}

fn failure(path: &Path, error: io::Error) -> Failure {
    Failure::new(Exit::FAILED, format!("cannot write `{}`", path.display())).because(error)
}
