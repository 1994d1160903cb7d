//! Why a base could not be used.

use crate::oci::{Digest, DocumentError, Platform};
use crate::{blob, image, layout, registry};

/// Why a base could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry did not give it.
    #[error("cannot use the base `{base}`")]
    Registry {
        /// The base as it was named.
        base: String,
        /// The cause.
        source: registry::Error,
    },
    /// The layout did not give it.
    #[error("cannot use the base `{base}`")]
    Layout {
        /// The base as it was named.
        base: String,
        /// The cause.
        source: layout::Error,
    },
    /// A blob of it could not be read.
    #[error("cannot use the base `{base}`")]
    Blob {
        /// The base as it was named.
        base: String,
        /// The cause.
        source: blob::Error,
    },
    /// A document of it is not valid.
    #[error("cannot use the base `{base}`: its document `{digest}` is not valid")]
    Document {
        /// The base as it was named.
        base: String,
        /// The document.
        digest: Digest,
        /// The cause.
        source: DocumentError,
    },
    /// Its configuration is not valid.
    #[error("cannot use the base `{base}`: the configuration `{digest}` is not valid")]
    Config {
        /// The base as it was named.
        base: String,
        /// The configuration.
        digest: Digest,
        /// The cause.
        source: image::Error,
    },
    /// It has no image for a platform.
    #[error("the base `{base}` has no image for `{wanted}`; it has {}", list(.available))]
    NoPlatform {
        /// The base as it was named.
        base: String,
        /// The platform that was asked for.
        wanted: Platform,
        /// The platforms that it has.
        available: Vec<Platform>,
    },
    /// Indexes that contain indexes without end.
    #[error("the base `{base}` nests more than {limit} indexes into each other")]
    TooDeep {
        /// The base as it was named.
        base: String,
        /// The limit.
        limit: usize,
    },
}

fn list(platforms: &[Platform]) -> String {
    if platforms.is_empty() {
        return "no platforms at all".to_owned();
    }
    platforms.iter().map(|platform| format!("`{platform}`")).collect::<Vec<_>>().join(", ")
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Registry { source, .. } => source.hint(),
            Self::NoPlatform { available, .. } if !available.is_empty() => {
                let list = available.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
                Some(format!("build for what the base has, such as `--platform {list}`, or choose another base"))
            }
            _ => None,
        }
    }
}

/// The error for an index where its descriptor promised a manifest.
pub(super) fn not_a_manifest(base: String, digest: &Digest) -> Error {
    let source = DocumentError::Ambiguous("its descriptor says manifest but it is an index");
    Error::Document { base, digest: digest.clone(), source }
}
