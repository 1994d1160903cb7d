//! What can go wrong in a copy.

use crate::{cache, registry, source, target};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The image cannot be read.
    #[error("cannot copy `{image}`")]
    Source {
        /// Where it is.
        image: String,
        /// The cause.
        source: source::Error,
    },
    /// The target did not take it.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] cache::Error),
    /// The copy was cancelled.
    #[error("the copy was cancelled; no tag has moved")]
    Cancelled,
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source { source, .. } => source.hint(),
            Self::Target(error) => error.hint(),
            Self::Cache(error) => error.hint(),
            Self::Cancelled => None,
        }
    }

    /// The registry's part in it, where it has one.
    #[must_use]
    pub const fn registry(&self) -> Option<&registry::Error> {
        match self {
            Self::Source { source, .. } => source.registry(),
            Self::Target(error) => error.registry(),
            Self::Cache(_) | Self::Cancelled => None,
        }
    }
}
