//! Why a base could not be used.

use crate::{registry, source};

/// Why a base could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It cannot be read, or lacks a platform.
    #[error("cannot use the base `{base}`")]
    Source {
        /// The base as it was named.
        base: String,
        /// The cause.
        source: source::Error,
    },
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source { source: source::Error::NoPlatform { available, .. }, .. } if !available.is_empty() => {
                let list = available.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
                Some(format!("build for what the base has, such as `--platform {list}`, or choose another base"))
            }
            Self::Source { source, .. } => source.hint(),
        }
    }

    /// The registry's part in it, where it has one.
    #[must_use]
    pub const fn registry(&self) -> Option<&registry::Error> {
        match self {
            Self::Source { source, .. } => source.registry(),
        }
    }
}
