//! Why the contents of a layer could not be read.

use std::io;

use crate::layer::ReadError;

/// Why the contents of a layer could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The layer could not be read, or is not what the image says.
    #[error(transparent)]
    Layer(#[from] ReadError),
    /// It holds more than is kept in memory.
    #[error("a layer holds more than {limit} {what}")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much is taken.
        limit: usize,
    },
    /// A large JAR could not be put aside.
    #[error("cannot write a temporary file: {0}")]
    Spool(io::Error),
    /// The thread that read it ended without a result.
    #[error("reading a layer was stopped")]
    Stopped,
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Layer(error) => error.hint(),
            Self::TooMuch { .. } => Some("`--layers none` looks at the documents alone".to_owned()),
            Self::Spool(_) => Some("name another folder for temporary files with the variable TMPDIR".to_owned()),
            Self::Stopped => None,
        }
    }

    /// The registry's part in it, where it has one.
    #[must_use]
    pub fn registry(&self) -> Option<&crate::registry::Error> {
        match self {
            Self::Layer(error) => error.registry(),
            _ => None,
        }
    }
}
