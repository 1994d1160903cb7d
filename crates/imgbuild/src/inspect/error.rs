//! Why an image could not be looked at.

use crate::{contents, registry, source};

/// Why an image could not be looked at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A document of it could not be read.
    #[error("cannot read `{image}`")]
    Source {
        /// Where it is.
        image: String,
        /// The cause.
        source: source::Error,
    },
    /// A layer of it could not be read.
    #[error("cannot look into the layers of `{image}`")]
    Contents {
        /// Where it is.
        image: String,
        /// The cause.
        source: contents::Error,
    },
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source { source, .. } => source.hint(),
            Self::Contents { source, .. } => source.hint(),
        }
    }

    /// The registry's part in it, where it has one.
    #[must_use]
    pub fn registry(&self) -> Option<&registry::Error> {
        match self {
            Self::Source { source, .. } => source.registry(),
            Self::Contents { source, .. } => source.registry(),
        }
    }
}
