//! Why the cache could not be used.

use std::io;
use std::path::PathBuf;

/// Why the cache could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder of the cache cannot be written: no permission, a full or broken disk.
    #[error("cannot write `{path}` in the cache: {source}")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file or folder of the cache cannot be read.
    #[error("cannot read `{path}` in the cache: {source}")]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The user has no home, so there is no default place.
    #[error("there is no folder for the cache: the user has no home")]
    NoHome,
    /// The bytes that were to be kept could not be had.
    #[error(transparent)]
    Blob(#[from] crate::blob::Error),
    /// The runtime ended while the lock was waited for.
    #[error("the build was stopped while it waited for the cache")]
    Interrupted,
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Write { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("free space on that disk, or name another folder with `--cache-dir`".to_owned())
            }
            Self::Write { .. } | Self::Read { .. } | Self::NoHome => {
                Some("name a folder that you may write to with `--cache-dir`, or build with `--no-cache`".to_owned())
            }
            Self::Blob(_) | Self::Interrupted => None,
        }
    }
}
