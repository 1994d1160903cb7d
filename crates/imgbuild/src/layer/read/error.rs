//! Why a layer could not be read.

use std::io;

use crate::blob::{self, Blob};
use crate::oci::Digest;
use crate::{registry, tarball};

/// Why a layer could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// Its bytes could not be had, or are not those that its descriptor names.
    #[error(transparent)]
    Blob(#[from] blob::Error),
    /// Its compression is damaged.
    #[error("cannot unpack {place}: {source}")]
    Unpack {
        /// The layer.
        place: String,
        /// The cause.
        source: io::Error,
    },
    /// What was compressed is no tar.
    #[error("the tar in {place} cannot be read: {source}")]
    Tar {
        /// The layer.
        place: String,
        /// The cause.
        source: tarball::Error,
    },
    /// The tar is not the one that the image's configuration names.
    #[error("{place} unpacks to `{found}`, but the image's configuration says `{expected}`")]
    DiffId {
        /// The layer.
        place: String,
        /// What the configuration says.
        expected: Digest,
        /// What came out.
        found: Digest,
    },
    /// Reading was stopped.
    #[error("reading {place} was stopped")]
    Stopped {
        /// The layer.
        place: String,
    },
}

impl ReadError {
    /// An error of reading `place`; one of ours that travelled through [`io::Error`] comes back as itself.
    pub(super) fn from_io(place: &str, error: io::Error) -> Self {
        match error.downcast::<blob::Error>().map_err(io::Error::downcast::<Self>) {
            Ok(blob) => Self::Blob(blob),
            Err(Ok(ours)) => ours,
            Err(Err(source)) => Self::Unpack { place: place.to_owned(), source },
        }
    }

    pub(super) fn from_tar(place: &str, error: tarball::Error) -> Self {
        match error {
            tarball::Error::Read(error) => Self::from_io(place, error),
            source => Self::Tar { place: place.to_owned(), source },
        }
    }

    /// The registry's part in it, where it has one.
    #[must_use]
    pub fn registry(&self) -> Option<&registry::Error> {
        match self {
            Self::Blob(blob::Error::Source(source)) => source.downcast_ref(),
            _ => None,
        }
    }

    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Blob(blob::Error::Mismatch { .. }) | Self::Unpack { .. } | Self::Tar { .. } | Self::DiffId { .. } => {
                Some("the layer is damaged where it lies, or was made so; copy or push the image there again".to_owned())
            }
            Self::Blob(_) => self.registry().and_then(registry::Error::hint),
            Self::Stopped { .. } => None,
        }
    }

    pub(super) fn stopped(blob: &Blob) -> Self {
        Self::Stopped { place: blob.to_string() }
    }
}
