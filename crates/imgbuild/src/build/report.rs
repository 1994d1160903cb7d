//! What a build did.

use serde::Serialize;

use crate::base::Base;
use crate::image::ImageIndex;
use crate::oci::{Digest, Platform};
use crate::target::Receipt;

/// What a build did. As JSON it is the metadata file.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The digest of the index: what a rollout names.
    pub digest: Digest,
    /// Where the image is, each name with the digest.
    pub references: Vec<String>,
    /// Whether every target had the image before.
    pub unchanged: bool,
    /// The base as it was named.
    pub base: String,
    /// The digest that the base had.
    pub base_digest: Digest,
    /// The image of each platform.
    pub platforms: Vec<PlatformReport>,
    /// The layers on top of the base, each once.
    pub layers: Vec<LayerReport>,
    /// Bytes that were sent to all targets together.
    pub bytes_sent: u64,
    /// Bytes that were there or were linked from another repository.
    pub bytes_skipped: u64,
    /// What each target did.
    pub targets: Vec<Receipt>,
}

/// The image of one platform.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlatformReport {
    /// The platform, as the index names it.
    pub platform: Platform,
    /// The digest of its manifest.
    pub manifest: Digest,
    /// The digest of its configuration.
    pub config: Digest,
    /// The digest of the base's manifest.
    pub base_manifest: Digest,
    /// The layers, the base's first.
    pub layers: Vec<Digest>,
}

/// A layer on top of the base.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerReport {
    /// What it holds.
    pub name: String,
    /// The digest of the compressed bytes.
    pub digest: Digest,
    /// The digest of the tar.
    pub diff_id: Digest,
    /// The number of compressed bytes.
    pub size: u64,
    /// The platforms that have it.
    pub platforms: Vec<Platform>,
}

impl Report {
    pub(super) fn new(base: String, resolved: &Base, image: &ImageIndex, layers: Vec<LayerReport>, targets: Vec<Receipt>) -> Self {
        let platforms = image.images.iter().zip(&resolved.images).map(|(image, parent)| PlatformReport {
            platform: image.platform.clone(),
            manifest: image.manifest.digest().clone(),
            config: image.config.digest().clone(),
            base_manifest: parent.digest.clone(),
            layers: image.layers.iter().map(|layer| layer.digest().clone()).collect(),
        });
        Self {
            digest: image.digest().clone(),
            references: targets.iter().flat_map(|target| target.references.clone()).collect(),
            unchanged: !targets.is_empty() && targets.iter().all(|target| target.unchanged),
            base,
            base_digest: resolved.digest.clone(),
            platforms: platforms.collect(),
            layers,
            bytes_sent: targets.iter().map(|target| target.bytes_sent).sum(),
            bytes_skipped: targets.iter().map(|target| target.bytes_skipped).sum(),
            targets,
        }
    }

    /// The first name of the image with its digest; the digest alone where it was published nowhere.
    #[must_use]
    pub fn reference(&self) -> String {
        self.references.first().cloned().unwrap_or_else(|| self.digest.to_string())
    }
}
