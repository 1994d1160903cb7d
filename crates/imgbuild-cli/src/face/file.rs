//! A file that the user asked for: it appears under its name when it is whole, and not at all otherwise.

use std::fs::{self, File, Permissions};
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
    place: Place,
}

enum Place {
    /// Beside the file, whose name it takes in the end.
    Beside(NamedTempFile),
    /// A device or a pipe, such as `/dev/stdout`, which nothing may replace.
    Device(File),
}

impl NewFile {
    /// Begins the file, so that a folder that cannot be written to is noticed before the work and not after it.
    pub(crate) fn create(path: &Path) -> Result<Self, Failure> {
        Self::begin(path).map_err(|error| failure(path, error))
    }

    fn begin(path: &Path) -> io::Result<Self> {
        let path = match fs::metadata(path) {
            // What a link leads to is replaced, not the link.
            Ok(metadata) if metadata.is_file() => path.canonicalize()?,
            Ok(_) => return Ok(Self { path: path.to_owned(), place: Place::Device(File::options().write(true).open(path)?) }),
            Err(_) => path.to_owned(),
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let file = tempfile::Builder::new().prefix(".imgbuild-").permissions(Permissions::from_mode(MODE)).tempfile_in(folder)?;
        Ok(Self { path, place: Place::Beside(file) })
    }

    /// Writes the text, and gives the file its name.
    pub(crate) fn write_text(self, text: &str) -> Result<(), Failure> {
        self.write(|mut file| file.write_all(text.as_bytes()))
    }

    /// Writes the value as JSON, and gives the file its name.
    pub(crate) fn write_json(self, value: &impl Serialize) -> Result<(), Failure> {
        self.write(|file| write_json(file, value))
    }

    fn write(self, content: impl FnOnce(&File) -> io::Result<()>) -> Result<(), Failure> {
        let Self { path, place } = self;
        let written = match place {
            Place::Device(file) => content(&file),
            Place::Beside(file) => content(file.as_file()).and_then(|()| Ok(file.persist(&path).map(drop)?)),
        };
        written.map_err(|error| failure(&path, error))
    }
}

fn write_json(file: &File, value: &impl Serialize) -> io::Result<()> {
    let mut writer = BufWriter::new(file);
    serde_json::to_writer_pretty(&mut writer, value)?;
    writeln!(writer)?;
    writer.flush()
}

fn failure(path: &Path, error: io::Error) -> Failure {
    Failure::new(Exit::FAILED, format!("cannot write `{}`", path.display())).because(error)
}
