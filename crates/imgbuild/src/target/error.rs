//! Why an image could not be published.

use crate::oci::ReferenceError;
use crate::{layout, registry};

/// Why an image could not be published.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A registry did not take it.
    #[error("cannot push `{target}`")]
    Registry {
        /// The reference.
        target: String,
        /// The cause.
        source: registry::Error,
    },
    /// A layout or an archive could not be written.
    #[error("cannot write `{target}`")]
    Layout {
        /// The layout or the archive.
        target: String,
        /// The cause.
        source: layout::Error,
    },
    /// The name of an image in Docker's archive is no reference.
    #[error("cannot write `{target}`")]
    Name {
        /// The archive and the name.
        target: String,
        /// The cause.
        source: ReferenceError,
    },
    /// A target of another crate.
    #[error("cannot publish to `{target}`")]
    Other {
        /// The target.
        target: String,
        /// What the user can do.
        hint: Option<String>,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A session was used again after it had published.
    #[error("the image was already published to `{0}`")]
    Finished(String),
    /// A registry target was used without a client, outside of a build.
    #[error("there is no registry client to push `{0}` with")]
    NoClient(String),
    /// A place in a Docker Engine, of which this crate knows none.
    #[error("there is no Docker Engine to load `{0}` into")]
    NoEngine(String),
    /// A registry target was given a reference by digest: the digest follows from the image.
    #[error("`{0}` names a digest; an image is pushed under a tag")]
    Digest(String),
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Registry { source, .. } => source.hint(),
            Self::Digest(_) => Some("leave the part from `@` on away".to_owned()),
            Self::Other { hint, .. } => hint.clone(),
            Self::Layout { source, .. } => source.hint(),
            Self::Name { .. } | Self::Finished(_) | Self::NoClient(_) | Self::NoEngine(_) => None,
        }
    }

    /// The registry's part in it, where it has one.
    #[must_use]
    pub const fn registry(&self) -> Option<&registry::Error> {
        match self {
            Self::Registry { source, .. } => Some(source),
            _ => None,
        }
    }
}
