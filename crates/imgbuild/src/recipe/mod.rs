//! What to build: the values of `imgbuild.yaml`, of the flags and of the defaults, valid once parsed.
//!
//! A Dockerfile gives the same values: see [`Dockerfile`]. [`Settings`] is what one source asks for; laid over each other and over the defaults they are a [`Recipe`]. The room
//! refuses the content of the files that a recipe names: it knows their paths, and reads nothing but itself.

mod dockerfile;
mod draft;
mod error;
mod facts;
mod file;
mod health;
mod injected;
mod near;
mod project;
mod settings;
mod shape;
mod syntax;
#[cfg(test)]
mod tests;
mod value;

use crate::guard::Allowance;
use crate::image::{Annotations, Created, Format, Overlay};
use crate::jar::{Layout, Natives};
use crate::layer::{Attributes, EPOCH_1980, Encoding};
use crate::oci::{Location, Platform};

pub use dockerfile::{CopyStep, DEFAULT_DOCKERFILE, Dockerfile, Ignore, Pattern, Step, StepOwner, Steps};
pub use draft::Draft;
pub use error::Error;
pub use facts::FactsFrom;
pub use injected::{Injected, Injection};
pub use near::nearest;
pub use project::{Project, Service};
pub use settings::Settings;
pub(crate) use settings::lay_overlay;
pub use value::{Annotation, Assignment, Exec, duration, line, mtime, source_date_epoch, stop_signal, volume};

/// The JSON Schema of `imgbuild.yaml`, for editors.
pub const SCHEMA: &str = include_str!("schema.json");
/// The base that is used when none is named.
pub const DEFAULT_BASE: &str = "amazoncorretto:17";
/// The working directory when none is named; configuration files lie in its `config` folder.
pub const DEFAULT_WORKING_DIR: &str = "/app";

/// Everything that decides an image, apart from the bytes of the JAR, the base and the files that it names.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Recipe {
    /// The base image.
    pub base: Location,
    /// The platforms, in the order of the index.
    pub platforms: Vec<Platform>,
    /// A Dockerfile, whose steps take the place of the JAR's layout; it is applied to a context instead of a JAR.
    pub dockerfile: Option<Dockerfile>,
    /// Values for the Dockerfile's ARGs; of two for one name the later counts.
    pub build_args: Vec<Assignment>,
    /// How the JAR is laid out; `None` chooses the best that is safe for it.
    pub layout: Option<Layout>,
    /// Whose native code the libraries keep.
    pub natives: Natives,
    /// Changes of the base's configuration. Without an entrypoint the layout's own is used, without a working
    /// directory `/app`.
    pub overlay: Overlay,
    /// Configuration files that go into the last layer, which is never cached.
    pub configs: Vec<Injected>,
    /// Other files, in a layer of their own.
    pub additions: Vec<Injected>,
    /// Owner of what is put into layers.
    pub owner: Owner,
    /// Time of modification of what is put into layers, in seconds since 1970.
    pub mtime: u64,
    /// When the image says that it was created.
    pub created: Created,
    /// OCI or Docker documents.
    pub format: Format,
    /// How layers are compressed.
    pub encoding: Encoding,
    /// Annotations of manifests and index.
    pub annotations: Annotations,
    /// Findings that are let pass.
    pub allow: Vec<Allowance>,
    /// Whether it is meant that anybody can pull what the image holds.
    pub public: bool,
    /// Where the facts about the base come from. They change no image where the base is what it claims to be.
    pub facts: FactsFrom,
}

/// A numeric owner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owner {
    /// Numeric user.
    pub uid: u64,
    /// Numeric group.
    pub gid: u64,
}

impl Recipe {
    /// The folder of the application's own files, whatever the working directory is.
    #[must_use]
    pub const fn application_folder(&self) -> &'static str {
        DEFAULT_WORKING_DIR
    }

    /// `attributes` with the recipe's owner and time.
    #[must_use]
    pub const fn attributes(&self, attributes: Attributes) -> Attributes {
        Attributes { uid: self.owner.uid, gid: self.owner.gid, mtime: self.mtime, ..attributes }
    }
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            base: Location::Registry(DEFAULT_BASE.parse().unwrap_or_else(|_| unreachable!("the default base is a reference"))),
            platforms: vec![Platform::LINUX_AMD64, Platform::LINUX_ARM64],
            dockerfile: None,
            build_args: Vec::new(),
            layout: None,
            natives: Natives::default(),
            overlay: Overlay::default(),
            configs: Vec::new(),
            additions: Vec::new(),
            owner: Owner::default(),
            mtime: EPOCH_1980,
            created: Created::OfBase,
            format: Format::Oci,
            encoding: Encoding::default(),
            annotations: Annotations::default(),
            allow: Vec::new(),
            public: false,
            facts: FactsFrom::default(),
        }
    }
}
