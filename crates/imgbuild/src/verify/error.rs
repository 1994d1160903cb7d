//! Why an image could not be checked.

use crate::layer::ReadError;
use crate::oci::{Digest, Platform};
use crate::{build, cache, image, inspect, oci, registry, source};

/// Why an image could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The image could not be read.
    #[error(transparent)]
    Image(#[from] inspect::Error),
    /// It records no base.
    #[error("cannot verify `{image}`: imgbuild did not make its image for `{platform}`, so it does not record what it was made of")]
    NotOurs {
        /// Where it is.
        image: String,
        /// The platform.
        platform: Platform,
    },
    /// It has none of the platforms.
    #[error("cannot verify `{image}`: it has no image for {}, it has {}", listed(wanted), listed(has))]
    NoCommonPlatform {
        /// Where it is.
        image: String,
        /// The platforms of the recipe.
        wanted: Vec<Platform>,
        /// The platforms of the image.
        has: Vec<Platform>,
    },
    /// The base that it records could not be read.
    #[error("cannot read the base `{base}` that the image records")]
    Base {
        /// The base, with its digest.
        base: String,
        /// The cause.
        source: source::Error,
    },
    /// The base that it records is an index.
    #[error("the image records the base `{digest}`, which is not the manifest of one image")]
    BaseIsIndex {
        /// The digest.
        digest: Digest,
    },
    /// The name of the base that it records is no reference.
    #[error("the image records a base whose name is no reference: {0}")]
    BaseName(#[from] oci::ReferenceError),
    /// The inputs could not be built.
    #[error(transparent)]
    Build(#[from] build::Error),
    /// A document that was just made could not be read.
    #[error("cannot read what was built: {0}")]
    Rebuilt(#[from] image::Error),
    /// A layer could not be read.
    #[error("cannot compare the layer `{name}`")]
    Layer {
        /// What it holds.
        name: String,
        /// The cause.
        source: ReadError,
    },
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] cache::Error),
    /// A thread ended without a result.
    #[error("the comparison was stopped")]
    Stopped,
}

fn listed(platforms: &[Platform]) -> String {
    platforms.iter().map(|platform| format!("`{platform}`")).collect::<Vec<_>>().join(", ")
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Image(error) => error.hint(),
            Self::NoCommonPlatform { has, .. } => has.first().map(|platform| format!("name what it has, such as `--platform {platform}`")),
            Self::NotOurs { .. } => Some("`imgbuild diff` compares any two images, whoever made them".to_owned()),
            Self::Base { source, .. } => source.hint().or_else(|| {
                Some("name where the base is now with `--base`, such as a layout or a mirror that still has that digest".to_owned())
            }),
            Self::Build(error) => error.hint(),
            Self::Layer { source, .. } => source.hint(),
            Self::Cache(error) => error.hint(),
            _ => None,
        }
    }

    /// The registry's part in it, where it has one.
    #[must_use]
    pub fn registry(&self) -> Option<&registry::Error> {
        match self {
            Self::Image(error) => error.registry(),
            Self::Base { source, .. } => source.registry(),
            Self::Layer { source, .. } => source.registry(),
            _ => None,
        }
    }
}
