//! Why a base could not be used.

use super::LockError;
use crate::layer::ReadError;
use crate::{blob, image, registry, source};

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
    /// An image of it contradicts itself.
    #[error("cannot use the base `{base}` for `{platform}`")]
    Image {
        /// The base as it was named.
        base: String,
        /// The platform.
        platform: String,
        /// The cause.
        source: image::Error,
    },
    /// The lock cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// A layer of it cannot be read.
    #[error("cannot learn what is in the base `{base}`")]
    Layer {
        /// The base as it was named.
        base: String,
        /// The cause.
        source: ReadError,
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
            Self::Image { .. } => None,
            Self::Lock(error) => error.hint(),
            Self::Layer { source: ReadError::Unpack { .. } | ReadError::Tar { .. } | ReadError::DiffId { .. }, .. } => {
                Some("choose another base, or tell whoever made it; `--facts skip` builds on it without a look into it".to_owned())
            }
            Self::Layer { source, .. } => registry_of(source).and_then(registry::Error::hint),
        }
    }

    /// The registry's part in it, where it has one.
    #[must_use]
    pub fn registry(&self) -> Option<&registry::Error> {
        match self {
            Self::Source { source, .. } => source.registry(),
            Self::Layer { source, .. } => registry_of(source),
            Self::Image { .. } | Self::Lock(_) => None,
        }
    }
}

fn registry_of(error: &ReadError) -> Option<&registry::Error> {
    match error {
        ReadError::Blob(blob::Error::Source(source)) => source.downcast_ref(),
        _ => None,
    }
}
