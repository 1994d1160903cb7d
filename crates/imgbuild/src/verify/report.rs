//! What a check came to, as values that serialise.

use serde::Serialize;

use super::base::{matching, name};
use super::finding::LayerFinding;
use super::{Error, platform};
use crate::image::ImageIndex;
use crate::inspect::Opened;
use crate::oci::{Digest, Platform};
use crate::recipe::Recipe;

/// What a check came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verification {
    /// The image.
    pub reference: String,
    /// Its digest.
    pub found: Digest,
    /// The digest that the inputs give.
    pub rebuilt: Digest,
    /// Whether the image is what the inputs give.
    pub same: bool,
    /// The platforms that were built again.
    pub platforms: Vec<PlatformVerification>,
    /// Platforms that the recipe names and the image lacks.
    pub missing_platforms: Vec<Platform>,
    /// Platforms that the image has and the recipe does not name.
    pub extra_platforms: Vec<Platform>,
    /// The base that the recipe names, where the image records another.
    pub other_base: Option<OtherBase>,
}

/// A base that the recipe names and the image does not record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OtherBase {
    /// What the image records.
    pub recorded: Option<String>,
    /// What the recipe names.
    pub recipe: Option<String>,
}

/// What a check of one platform came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlatformVerification {
    /// The platform.
    pub platform: Platform,
    /// The digest of its manifest.
    pub found: Digest,
    /// The digest of the manifest that the inputs give.
    pub rebuilt: Digest,
    /// The base that it was built again on.
    pub base: Digest,
    /// The first layer that differs.
    pub layer: Option<LayerFinding>,
    /// What else differs, for people.
    pub documents: Vec<String>,
    /// The base that the lock holds, where that is another.
    pub locked_base: Option<Digest>,
}

impl Verification {
    /// `locked` is what a lock holds for each of the recipe's platforms, where that is another base.
    pub(super) async fn compare(
        found: &Opened,
        recipe: &Recipe,
        rebuilt: &ImageIndex,
        missing: Vec<Platform>,
        locked: Vec<Option<Digest>>,
    ) -> Result<Self, Error> {
        let mut platforms = Vec::new();
        let is_on_locked = locked.iter().all(Option::is_none);
        for ((wanted, image), locked_base) in recipe.platforms.iter().zip(&rebuilt.images).zip(locked) {
            if let Some(found) = matching(&found.images, wanted) {
                platforms.push(PlatformVerification { locked_base, ..platform::compare(found, image).await? });
            }
        }
        let is_built = |platform: &Platform| platforms.iter().any(|built: &PlatformVerification| built.platform == *platform);
        let extra: Vec<Platform> = found.images.iter().map(|image| image.platform.clone()).filter(|platform| !is_built(platform)).collect();
        let recorded = found.images.iter().find_map(|image| image.config.record()).and_then(|record| record.base);
        let wanted = name(&recipe.base);
        Ok(Self {
            reference: found.location.to_string(),
            found: found.digest().clone(),
            rebuilt: rebuilt.digest().clone(),
            same: found.digest() == rebuilt.digest() && missing.is_empty() && is_on_locked,
            platforms,
            missing_platforms: missing,
            extra_platforms: extra,
            other_base: (recorded != wanted).then_some(OtherBase { recorded, recipe: wanted }),
        })
    }
}
