//! Archives that cannot be read by position are copied to a file without a name.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use flate2::read::MultiGzDecoder;

use crate::layout::Error;
use crate::oci::is_stdio;

/// Largest archive that a compressed one may grow to; what is not compressed is as large as its file.
const MAX_UNPACKED: u64 = 64 << 30;
/// How a gzip member starts (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The archive at `path` as a file that can be read by position.
pub(super) fn open(path: &Path) -> Result<File, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), source };
    let file = if is_stdio(path) {
        copy(io::stdin().lock()).map_err(failed)?
    } else {
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_file() { file } else { copy(file).map_err(failed)? }
    };
    let mut start = [0; 2];
    match file.read_exact_at(&mut start, 0) {
        Ok(()) if start == GZIP => unpack(file).map_err(failed),
        _ => Ok(file),
    }
}

fn copy(mut reader: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut reader, &mut file)?;
    Ok(file)
}

fn unpack(mut file: File) -> io::Result<File> {
    io::Seek::rewind(&mut file)?;
    let file = copy(MultiGzDecoder::new(io::BufReader::new(file)).take(MAX_UNPACKED))?;
    if file.metadata()?.len() == MAX_UNPACKED {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it unpacks to more than {MAX_UNPACKED} bytes")));
    }
    Ok(file)
}
