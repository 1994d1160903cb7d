//! What can go wrong in a build.

use std::io;
use std::path::PathBuf;

use crate::guard::Findings;
use crate::{base, cache, image, jar, layer, recipe, registry, target};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The JAR cannot be used.
    #[error(transparent)]
    Jar(#[from] jar::Error),
    /// The Dockerfile cannot be followed.
    #[error(transparent)]
    Recipe(#[from] recipe::Error),
    /// The context of a Dockerfile cannot be read.
    #[error("cannot read the context `{}`: {source}", path.display())]
    Context {
        /// The folder, or its `.dockerignore`.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A Dockerfile was given bytes instead of a context.
    #[error("a Dockerfile needs a folder to copy files from, not the bytes of a JAR")]
    NoContext,
    /// A COPY or ADD that cannot be done.
    #[error("cannot do line {line} of the Dockerfile, `{step}`: {reason}")]
    Copy {
        /// The line.
        line: u64,
        /// The instruction.
        step: String,
        /// Why not.
        reason: String,
    },
    /// `--layout` of a Dockerfile whose JAR cannot be laid out.
    #[error("cannot lay out the JAR of the Dockerfile: {reason}")]
    NoJarToLayOut {
        /// Why not.
        reason: String,
    },
    /// `--natives matching` where a Dockerfile's JAR is copied byte for byte.
    #[error("the native code of other platforms cannot be kept out of a JAR that COPY puts into the image byte for byte")]
    NativesWithoutLayout,
    /// The base cannot be used.
    #[error(transparent)]
    Base(#[from] base::Error),
    /// The images cannot be composed.
    #[error("cannot compose the image for `{platform}`")]
    Image {
        /// The platform.
        platform: String,
        /// The cause.
        source: image::Error,
    },
    /// The index cannot be composed.
    #[error("cannot compose the index")]
    Index(#[source] image::Error),
    /// A layer cannot be made.
    #[error("cannot make the layer `{name}`")]
    Layer {
        /// What it holds.
        name: String,
        /// The cause.
        source: layer::Error,
    },
    /// A file that the recipe names cannot be read.
    #[error("cannot read `{path}`, which is to go to `{destination}`: {source}")]
    Injected {
        /// The file.
        path: PathBuf,
        /// Its place in the image.
        destination: String,
        /// The cause.
        source: io::Error,
    },
    /// What is known of the base is not enough to lay out a Dockerfile.
    #[error("it is not known what the base says about {what}")]
    UnknownGround {
        /// What is missing.
        what: String,
    },
    /// A layer cannot be put on the base.
    #[error("cannot put the layer `{layer}` on the base for `{platform}`")]
    Misplaced {
        /// What it holds.
        layer: String,
        /// The platform.
        platform: String,
        /// The cause.
        source: base::Conflict,
    },
    /// A lock needs what nobody looks for.
    #[error("a lock cannot be written or checked without facts about the base")]
    LockWithoutFacts,
    /// The cache cannot be used.
    #[error(transparent)]
    Cache(#[from] cache::Error),
    /// A target did not take the image.
    #[error(transparent)]
    Target(#[from] target::Error),
    /// The recipe names no platform.
    #[error("there is no platform to build for")]
    NoPlatforms,
    /// Guards refuse to send the image.
    #[error("guards refuse the image: {}", .0.refusal())]
    Refused(Findings),
    /// The build was cancelled.
    #[error("the build was cancelled; no tag has moved")]
    Cancelled,
    /// The build was cancelled after it had begun to name the image.
    #[error("the build was cancelled while it published; a tag may have moved")]
    CancelledLate,
    /// A thread that compressed a layer ended without a result.
    #[error("a compressor ended unexpectedly")]
    Thread,
}

/// What kind of failure it is, as far as a caller acts on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Input, disk, or anything that is neither of the others.
    Failed,
    /// The credentials do not suffice.
    NotAuthorised,
    /// A registry or the network failed.
    Registry,
    /// A guard refused.
    Refused,
    /// The build was cancelled.
    Cancelled,
}

impl Error {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let registry = match self {
            Self::Base(error) => error.registry(),
            Self::Target(error) => error.registry(),
            Self::Cancelled | Self::CancelledLate => return Kind::Cancelled,
            Self::Refused(_) => return Kind::Refused,
            _ => None,
        };
        match registry.map(registry::Error::kind) {
            None | Some(registry::Kind::Input) => Kind::Failed,
            Some(registry::Kind::NotAuthorised) => Kind::NotAuthorised,
            Some(_) => Kind::Registry,
        }
    }

    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Jar(error) => error.hint(),
            Self::Recipe(error) => error.hint(),
            Self::Context { source, .. } if source.kind() == io::ErrorKind::NotADirectory => {
                Some("with a Dockerfile the argument is the context: the folder that COPY takes files from, such as `.`".to_owned())
            }
            Self::NoJarToLayOut { .. } => Some("leave `--layout` out to copy the JAR byte for byte, as Docker does".to_owned()),
            Self::NativesWithoutLayout => Some("add `--layout extracted`, or leave `--natives matching` away".to_owned()),
            Self::Base(error) => error.hint(),
            Self::Misplaced { source, .. } => source.hint(),
            Self::LockWithoutFacts => Some("leave `--facts skip` away".to_owned()),
            Self::Cache(error) => error.hint(),
            Self::Target(error) => error.hint(),
            Self::Layer { source: layer::Error::Read { source, .. }, .. } if source.kind() != io::ErrorKind::NotFound => {
                source.get_ref().and_then(|error| error.downcast_ref::<jar::Error>()).and_then(jar::Error::hint)
            }
            // A file that is gone was there when the layer was planned.
            Self::Layer { source: layer::Error::Read { .. } | layer::Error::Changed { .. } | layer::Error::Rewritten, .. } => {
                Some("wait for what writes them, then run again".to_owned())
            }
            Self::Layer { source: layer::Error::Write(source), .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some("free space on that disk, or name another folder with `--cache-dir`".to_owned())
            }
            Self::Refused(findings) => findings.hint(),
            Self::NoPlatforms => Some("name one, such as `--platform linux/amd64,linux/arm64`".to_owned()),
            _ => None,
        }
    }
}

impl From<base::LockError> for Error {
    fn from(error: base::LockError) -> Self {
        Self::Base(error.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_change_or_go_while_a_layer_is_made_have_a_hint() {
        let read = |kind: io::ErrorKind| layer::Error::Read { path: "a".into(), place: "`a`".into(), source: kind.into() };
        let changed = layer::Error::Changed { place: "`a`".into(), expected: 10, found: 20 };
        let hint = |source| Error::Layer { name: "files".into(), source }.hint();
        for source in [read(io::ErrorKind::NotFound), changed, layer::Error::Rewritten] {
            assert_eq!(hint(source).as_deref(), Some("wait for what writes them, then run again"));
        }
        // Of one that cannot be read the cause says enough.
        assert_eq!(hint(read(io::ErrorKind::PermissionDenied)), None);
    }
}
