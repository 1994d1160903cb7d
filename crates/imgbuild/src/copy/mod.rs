//! Images from one place to another, byte for byte: between registries, layouts, archives and daemons.
//!
//! Documents are sent as they were read, so a digest means the same on both sides. What the other side has is not sent
//! again, and a tag moves when everything below it is there. The room refuses to change anything in an image.

mod error;
mod gather;

use serde::Serialize;

use crate::equipment::{Equipment, cancellable, equipped};
use crate::oci::{Digest, Location, Platform};
use crate::source::Origin;
use crate::target::{Receipt, Target, deliver};

pub use error::Error;

/// A copy of an image: every platform of it, unless one is named.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use imgbuild::{Copy, RegistryTarget};
///
/// let mirror = RegistryTarget::new("registry.intern/mirror/amazoncorretto:17".parse()?);
/// let copied = Copy::new("docker.io/library/amazoncorretto:17".parse()?, mirror).run().await?;
/// println!("{}", copied.reference());
/// # Ok(())
/// # }
/// ```
#[must_use = "a copy does nothing before it is run"]
pub struct Copy {
    from: Origin,
    to: Box<dyn Target>,
    platform: Option<Platform>,
    referrers: bool,
    equipment: Equipment,
}

/// What a copy did.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Copied {
    /// Where it was copied from.
    pub source: String,
    /// The digest, the same on both sides.
    pub digest: Digest,
    /// The platforms that were copied.
    pub platforms: Vec<Platform>,
    /// What was copied because it refers to the image.
    pub referrers: Vec<Digest>,
    /// What the target did.
    #[serde(flatten)]
    pub receipt: Receipt,
}

impl Copied {
    /// The first name of the copy with its digest.
    #[must_use]
    pub fn reference(&self) -> String {
        self.receipt.references.first().cloned().unwrap_or_else(|| self.digest.to_string())
    }
}

equipped!(Copy);
cancellable!(Copy);

impl Copy {
    /// A copy of the image at `from` to the target `to`.
    pub fn new(from: Location, to: impl Into<Box<dyn Target>>) -> Self {
        Self::of(from, to)
    }

    /// The same of an image that may be open already, such as one of a Docker Engine.
    pub fn of(from: impl Into<Origin>, to: impl Into<Box<dyn Target>>) -> Self {
        let from = from.into();
        Self { from, to: to.into(), platform: None, referrers: false, equipment: Equipment::default() }
    }

    /// Copies the image of this platform alone: its manifest, without the index around it.
    pub fn platform(mut self, platform: Platform) -> Self {
        self.platform = Some(platform);
        self
    }

    /// Copies what refers to the image and to its manifests as well, and what refers to that: signatures, SBOMs and the like. A
    /// registry lists them, by its API or at the tag `sha256-HEX`; layouts and archives hold them as entries without names.
    pub fn with_referrers(mut self) -> Self {
        self.referrers = true;
        self
    }

    /// Copies.
    ///
    /// # Errors
    /// The first thing that went wrong; no tag has moved then.
    pub async fn run(self) -> Result<Copied, Error> {
        let (client, cache) = (self.equipment.client(), self.equipment.cache()?);
        let Equipment { events, cancel, .. } = &self.equipment;
        self.to.connect(&client, &cache);
        let failed = |source| Error::Source { image: self.from.to_string(), source };
        let source = self.from.open(&client, Some(&cache)).await.map_err(failed)?;
        let mut image = gather::gather(&source, self.platform.as_ref()).await.map_err(failed)?;
        if self.referrers {
            gather::add_referrers(&source, &mut image, events).await.map_err(failed)?;
        }
        let delivered = deliver(self.to.as_ref(), &image, events, cancel.cancelled()).await?;
        let receipt = delivered.ok_or(Error::Cancelled)?;
        let platforms = image.images.iter().map(|image| image.platform.clone()).filter(|platform| !platform.is_unknown()).collect();
        let referrers = image.referrers.iter().map(|referrer| referrer.artifact.digest().clone()).collect();
        Ok(Copied { source: self.from.to_string(), digest: image.digest().clone(), platforms, referrers, receipt })
    }
}
