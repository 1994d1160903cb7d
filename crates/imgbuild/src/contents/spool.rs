//! The content of one file of a layer, to be read by position: in memory, or aside on disk where it is large.

use std::io::{self, Read, Write as _};

use tempfile::NamedTempFile;

use crate::jar;

/// Files up to this size are held in memory, one at a time.
const MAX_IN_MEMORY: u64 = 64 << 20;

/// Bytes that can be read by position. A file on disk is removed with this.
#[derive(Debug)]
pub struct Spooled {
    bytes: jar::Bytes,
    _file: Option<NamedTempFile>,
}

impl Spooled {
    /// Takes `size` bytes of `reader`, and what else it gives.
    ///
    /// # Errors
    /// When they cannot be read, or not be written.
    pub fn of(reader: &mut impl Read, size: u64) -> io::Result<Self> {
        if size <= MAX_IN_MEMORY {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            return Ok(Self { bytes: bytes.into(), _file: None });
        }
        let mut file = NamedTempFile::with_prefix("imgbuild-")?;
        io::copy(reader, &mut file)?;
        file.flush()?;
        let bytes = jar::Bytes::open(file.path()).map_err(io::Error::other)?;
        Ok(Self { bytes, _file: Some(file) })
    }

    /// The bytes.
    #[must_use]
    pub const fn bytes(&self) -> &jar::Bytes {
        &self.bytes
    }
}
