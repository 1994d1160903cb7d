//! Why an archive could not be read.

use std::io;

/// Why an archive could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The bytes could not be had.
    #[error("{0}")]
    Read(io::Error),
    /// The archive ends too early.
    #[error("it is cut short: {0}")]
    CutShort(String),
    /// It is no tar, or a header of it is not valid.
    #[error("{0}")]
    Invalid(String),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}
