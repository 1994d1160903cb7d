//! Why an image could not be read. What it was wanted for is said by the room that wanted it.

use crate::oci::{Digest, DocumentError, Platform};
use crate::{blob, image, layout, registry};

/// Why an image could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry did not give it.
    #[error(transparent)]
    Registry(#[from] registry::Error),
    /// The layout or the archive did not give it.
    #[error(transparent)]
    Layout(#[from] layout::Error),
    /// A blob of it could not be read.
    #[error(transparent)]
    Blob(#[from] blob::Error),
    /// A document of it is not valid.
    #[error("its document `{digest}` is not valid: {source}")]
    Document {
        /// The document.
        digest: Digest,
        /// The cause.
        source: DocumentError,
    },
    /// Its configuration is not valid.
    #[error("its configuration `{digest}` is not valid: {source}")]
    Config {
        /// The configuration.
        digest: Digest,
        /// The cause.
        source: image::Error,
    },
    /// It has no image for a platform.
    #[error("it has no image for `{wanted}`; it has {}", list(.available))]
    NoPlatform {
        /// The platform that was asked for.
        wanted: Platform,
        /// The platforms that it has.
        available: Vec<Platform>,
    },
    /// It does not hold a digest.
    #[error("it has no `{digest}`")]
    NoDigest {
        /// The digest that was asked for.
        digest: Digest,
    },
    /// Indexes that contain indexes without end.
    #[error("it nests more than {limit} indexes into each other")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// More artifacts refer to it than are followed.
    #[error("more than {limit} artifacts refer to it")]
    TooManyReferrers {
        /// The limit.
        limit: usize,
    },
    /// A place in a Docker Engine, of which this crate knows none.
    #[error("there is no Docker Engine to read it from")]
    NoEngine,
    /// The runtime ended while an archive was opened.
    #[error("reading was stopped")]
    Interrupted,
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
            Self::Registry(source) => source.hint(),
            Self::Layout(source) => source.hint(),
            Self::NoPlatform { available, .. } if !available.is_empty() => {
                let list = available.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
                Some(format!("name what it has, such as `--platform {list}`"))
            }
            Self::NoEngine => Some("copy it first, as in `imgbuild copy docker-daemon:REF oci:DIR`, and name the copy".to_owned()),
            Self::TooManyReferrers { .. } => Some("leave `--referrers` away, and copy those that are needed by their digests".to_owned()),
            _ => None,
        }
    }

    /// The registry's part in it, where it has one.
    #[must_use]
    pub const fn registry(&self) -> Option<&registry::Error> {
        match self {
            Self::Registry(error) => Some(error),
            _ => None,
        }
    }

    /// The error for an index where its descriptor promised a manifest.
    pub(super) fn not_a_manifest(digest: &Digest) -> Self {
        let source = DocumentError::Ambiguous("its descriptor says manifest but it is an index");
        Self::Document { digest: digest.clone(), source }
    }
}
