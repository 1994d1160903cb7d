//! Why an image cannot be put on another base.

use crate::guard::Findings;
use crate::layer::ReadError;
use crate::oci::Platform;
use crate::{base, cache, image, registry, source, target};

/// Why an image cannot be put on another base.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The image cannot be read.
    #[error("cannot read `{image}`")]
    Source {
        /// Where it is.
        image: String,
        /// The cause.
        source: source::Error,
    },
    /// Another program made it, or changed it since.
    #[error("`{image}` for `{platform}` is no image that imgbuild built: {reason}")]
    Foreign {
        /// The image.
        image: String,
        /// The platform.
        platform: Platform,
        /// How that shows.
        reason: &'static str,
    },
    /// No platform of it can be run.
    #[error("`{image}` holds no image that runs")]
    NothingToRun {
        /// The image.
        image: String,
    },
    /// Its base has no name that could be asked for.
    #[error("`{image}` does not say where its base is: it was built on a base from a layout or an archive")]
    NoBase {
        /// The image.
        image: String,
    },
    /// The image was computed with a value of the old base that the new one does not have.
    #[error("`{image}` for `{platform}` was made with the `{what}` of its base, and the new base has another")]
    OtherValue {
        /// The image.
        image: String,
        /// The platform.
        platform: Platform,
        /// The variable or setting.
        what: String,
    },
    /// A folder of the old base is in the image's layers, and the new base has another one there.
    #[error("`{image}` for `{platform}` was laid out on its base, and on the new one `{path}` would be another")]
    OtherFolder {
        /// The image.
        image: String,
        /// The platform.
        platform: Platform,
        /// The path.
        path: String,
    },
    /// One of its own layers cannot be read.
    #[error("cannot read the layer `{layer}` of `{image}`")]
    Layer {
        /// The image.
        image: String,
        /// What it holds.
        layer: String,
        /// The cause.
        source: ReadError,
    },
    /// Guards refuse the image on its new base.
    #[error("guards refuse the image: {}", .0.refusal())]
    Refused(Findings),
    /// The new base cannot be used.
    #[error(transparent)]
    Base(#[from] base::Error),
    /// The new image cannot be composed.
    #[error("cannot put `{image}` on the new base")]
    Compose {
        /// The image.
        image: String,
        /// The cause.
        source: image::Error,
    },
    /// A target did not take it.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] cache::Error),
    /// The rebase was cancelled.
    #[error("the rebase was cancelled; no tag has moved")]
    Cancelled,
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source { source, .. } => source.hint(),
            Self::Refused(findings) => findings.hint(),
            Self::Foreign { .. } | Self::OtherValue { .. } | Self::OtherFolder { .. } => {
                Some("build it again on the new base: `imgbuild build … --base NEW`".to_owned())
            }
            Self::NoBase { .. } => Some("say where its base is with `--base REF`".to_owned()),
            Self::Base(error) => error.hint(),
            Self::Target(error) => error.hint(),
            Self::Cache(error) => error.hint(),
            Self::Layer { .. } | Self::NothingToRun { .. } | Self::Compose { .. } | Self::Cancelled => None,
        }
    }

    /// The registry's part in it, where it has one.
    #[must_use]
    pub fn registry(&self) -> Option<&registry::Error> {
        match self {
            Self::Source { source, .. } => source.registry(),
            Self::Base(error) => error.registry(),
            Self::Target(error) => error.registry(),
            _ => None,
        }
    }
}
