//! A finding inside an archive, before it is known what the archive is called.

use std::io;

use super::super::Error;

/// Kind and reason; becomes an [`Error`] when the archive's name is put to it.
#[derive(Debug)]
pub(super) enum Flaw {
    Io(io::Error),
    NotAZip(String),
    Truncated(String),
    Format(String),
    Hostile(String),
    Unsupported(String),
}

impl Flaw {
    pub(super) fn format(reason: impl Into<String>) -> Self {
        Self::Format(reason.into())
    }

    pub(super) fn hostile(reason: impl Into<String>) -> Self {
        Self::Hostile(reason.into())
    }

    pub(super) fn unsupported(reason: impl Into<String>) -> Self {
        Self::Unsupported(reason.into())
    }

    pub(super) fn within(self, archive: &str, entry: Option<&str>) -> Error {
        let archive = archive.to_owned();
        let entry = entry.map(str::to_owned);
        match self {
            Self::Io(source) => Error::Io { what: entry.map_or(archive.clone(), |entry| format!("{archive}!/{entry}")), source },
            Self::NotAZip(reason) => Error::NotAJar { archive, reason },
            Self::Truncated(reason) => Error::Truncated { archive, reason },
            Self::Format(reason) => Error::Format { archive, entry, reason },
            Self::Hostile(reason) => Error::Hostile { archive, entry, reason },
            Self::Unsupported(reason) => Error::Unsupported { archive, entry, reason },
        }
    }
}

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::Truncated("a record reaches past the end".to_owned())
        } else {
            Self::Io(error)
        }
    }
}
