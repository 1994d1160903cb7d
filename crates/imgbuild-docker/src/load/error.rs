//! Why an image could not be loaded.

use imgbuild::{Platform, layout, oci};

use crate::engine;

/// Why an image could not be loaded into an engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine could not be asked, or said no.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The image is for other platforms than the engine.
    #[error("the image has no `{wanted}`, which is what the engine runs; it has {}", list(.available))]
    NoPlatform {
        /// The engine's platform.
        wanted: Platform,
        /// Those of the image.
        available: Vec<Platform>,
    },
    /// A layer is compressed in a way that the engine does not read.
    #[error("the engine (Docker {version}) reads no layers that are compressed with zstd")]
    Zstd {
        /// The engine's version.
        version: String,
    },
    /// The image cannot be read.
    #[error(transparent)]
    Read(#[from] layout::Error),
    /// The image's configuration is not valid.
    #[error("the configuration {digest} is not valid: {reason}")]
    Config {
        /// The configuration.
        digest: oci::Digest,
        /// What is wrong with it.
        reason: String,
    },
    /// The engine took the bytes and then said no.
    #[error("the engine did not take the image: {0}")]
    Refused(String),
}

fn list(platforms: &[Platform]) -> String {
    let names: Vec<String> = platforms.iter().map(|platform| format!("`{platform}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Engine(error) => error.hint(),
            Self::NoPlatform { wanted, .. } => Some(format!("build for it too: add `{wanted}` to `--platform`")),
            Self::Zstd { .. } => Some("build with `--compression gzip`".to_owned()),
            Self::Refused(reason) if reason.contains("no space left") => {
                Some("free space there: `imgbuild prune` removes exited containers and dangling images".to_owned())
            }
            _ => None,
        }
    }
}
