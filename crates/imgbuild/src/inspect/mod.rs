//! What an image is made of: platforms, layers and what is in them, configuration, and who made it.
//!
//! Documents are read first, and layers only where their contents are wanted. Values that look secret, and variables
//! that are not known to be harmless, are left out. The room refuses to judge and to compare.

mod error;
mod history;
mod opened;
mod outline;
mod report;
mod settings;
#[cfg(test)]
mod tests;

use crate::contents;
use crate::equipment::{Equipment, equipped};
use crate::oci::{Location, Platform};
use crate::source::Origin;

pub use error::Error;
pub(crate) use history::steps;
pub(crate) use opened::layers;
pub use opened::{Opened, open};
pub use report::{ImageReport, Inspection, JarReport, LayerContentsReport, LayerReport, Other};
pub use settings::{Settings, Variable};

/// Which layers are downloaded to see what is in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    /// Every layer.
    All,
    /// The layers on top of the base. Which these are is known of images that imgbuild made; of others, none.
    #[default]
    Own,
    /// None.
    Nothing,
}

/// A look at an image.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use imgbuild::Inspect;
///
/// let found = Inspect::new("docker.io/koin/api:latest".parse()?).run().await?;
/// println!("{}", found.outline());
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is looked at before it is run"]
pub struct Inspect {
    origin: Origin,
    platform: Option<Platform>,
    reading: Reading,
    equipment: Equipment,
}

equipped!(Inspect);

impl Inspect {
    /// A look at the image or index at `location`.
    pub fn new(location: Location) -> Self {
        Self::of(location)
    }

    /// The same at an image that may be open already, such as one of a Docker Engine.
    pub fn of(origin: impl Into<Origin>) -> Self {
        Self { origin: origin.into(), platform: None, reading: Reading::default(), equipment: Equipment::default() }
    }

    /// Looks at the image of this platform alone.
    pub fn platform(mut self, platform: Platform) -> Self {
        self.platform = Some(platform);
        self
    }

    /// Looks into these layers.
    pub fn reading(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }

    /// The document at the location, or the manifest of the platform, byte for byte.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn raw(self) -> Result<bytes::Bytes, Error> {
        Ok(self.open().await?.root.raw().clone())
    }

    /// Looks at it.
    ///
    /// # Errors
    /// When a document or a layer cannot be read, or is not what it should be.
    pub async fn run(self) -> Result<Inspection, Error> {
        let opened = self.open().await?;
        let layers = opened.images.iter().flat_map(|image| opened::layers(image, self.reading));
        let failed = |source| Error::Contents { image: self.origin.to_string(), source };
        let contents = contents::read_several(layers).await.map_err(failed)?;
        Ok(Inspection::new(&opened, &contents))
    }

    async fn open(&self) -> Result<Opened, Error> {
        open(&self.origin, &self.equipment.client(), self.equipment.cache.as_ref(), self.platform.as_ref()).await
    }
}
