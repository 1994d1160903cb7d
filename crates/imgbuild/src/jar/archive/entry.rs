//! One entry of an archive.

use std::io::{self, Read as _};
use std::sync::Arc;

use super::super::{Bytes, Error};
use super::contents::Contents;
use super::flaw::Flaw;
use super::limits::MAX_TEXT;

/// A file or folder in an archive; it can be read on its own, without the archive at hand.
#[derive(Debug, Clone)]
pub struct Entry {
    pub(super) archive: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) method: Method,
    pub(super) size: u64,
    pub(super) crc32: u32,
    pub(super) data: Bytes,
    pub(super) requires_unpack: bool,
    pub(super) modified: u32,
}

/// How the data of an entry is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// As it is.
    Stored,
    /// By Deflate (RFC 1951).
    Deflated,
}

impl Entry {
    /// The whole path; a folder's ends in `/`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a folder.
    #[must_use]
    pub fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }

    /// How the data is packed.
    #[must_use]
    pub fn method(&self) -> Method {
        self.method
    }

    /// Number of bytes after inflating, as claimed; [`Entry::open`] proves it.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// CRC-32 of the inflated bytes, as claimed; [`Entry::open`] proves it.
    #[must_use]
    pub fn crc32(&self) -> u32 {
        self.crc32
    }

    /// The data as it lies in the archive, packed or not.
    #[must_use]
    pub fn packed(&self) -> &Bytes {
        &self.data
    }

    /// The contents as a range of the archive, where they are stored; its checksum is not proven.
    #[must_use]
    pub fn stored(&self) -> Option<&Bytes> {
        (self.method == Method::Stored).then_some(&self.data)
    }

    /// Whether Spring Boot's launcher unpacks it before use (the comment `UNPACK:`).
    #[must_use]
    pub fn requires_unpack(&self) -> bool {
        self.requires_unpack
    }

    /// Date and time of modification as DOS writes them, the date in the upper half (APPNOTE 4.4.6).
    #[must_use]
    pub fn modified(&self) -> u32 {
        self.modified
    }

    /// Reads the contents; size and checksum are proven with the last byte.
    #[must_use]
    pub fn open(&self) -> Contents {
        Contents::of(self.clone())
    }

    /// Reads the contents of a text as a whole.
    ///
    /// # Errors
    /// [`Error::Hostile`] above 8 MiB, else as [`Entry::open`].
    pub fn read(&self) -> Result<Vec<u8>, Error> {
        if self.size > MAX_TEXT {
            let reason = format!("it is a text of {} bytes, more than {MAX_TEXT}", self.size);
            return Err(self.error(Flaw::Hostile(reason)));
        }
        // A size that lies must not allocate: the vector grows with what is really there.
        let mut bytes = Vec::new();
        self.open().read_to_end(&mut bytes).map_err(|error| self.read_error(error))?;
        Ok(bytes)
    }

    /// The error behind one that `Read` passed on.
    #[must_use]
    pub fn read_error(&self, error: io::Error) -> Error {
        Error::from_io(&format!("{}!/{}", self.archive, self.name), error)
    }

    pub(super) fn error(&self, flaw: Flaw) -> Error {
        flaw.within(&self.archive, Some(&self.name))
    }
}

impl Method {
    pub(super) fn parse(code: u16) -> Result<Self, Flaw> {
        match code {
            0 => Ok(Self::Stored),
            8 => Ok(Self::Deflated),
            other => Err(Flaw::unsupported(format!("its compression method is {other}, not stored or deflated"))),
        }
    }

    pub(super) fn code(self) -> u16 {
        match self {
            Self::Stored => 0,
            Self::Deflated => 8,
        }
    }
}
