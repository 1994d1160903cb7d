//! What publishing did, blob by blob.

use serde::Serialize;

use super::parts;
use crate::blob::Blob;
use crate::event::Outcome;
use crate::image::ImageIndex;
use crate::oci::Digest;

/// What a blob is in an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A layer.
    Layer,
    /// An image configuration.
    Config,
    /// The manifest of one platform.
    Manifest,
    /// The index.
    Index,
    /// The manifest of an artifact that refers to the image.
    Referrer,
}

/// One blob or document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BlobReceipt {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// What it is.
    pub role: Role,
    /// How it came to be there.
    pub outcome: Outcome,
}

impl BlobReceipt {
    /// A receipt for `blob`.
    #[must_use]
    pub fn new(role: Role, blob: &Blob, outcome: Outcome) -> Self {
        Self { digest: blob.digest().clone(), size: blob.size(), role, outcome }
    }
}

/// What publishing to one target did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// Where the image is now, each name with its digest: `docker.io/koin/api:1@sha256:…` or `oci:DIR@sha256:…`.
    pub references: Vec<String>,
    /// Whether all was there before.
    pub unchanged: bool,
    /// Bytes of blobs and documents that were transferred.
    pub bytes_sent: u64,
    /// Bytes that were there or were linked from another repository.
    pub bytes_skipped: u64,
    /// Every blob and document of the image, each once.
    pub blobs: Vec<BlobReceipt>,
}

impl Receipt {
    /// The receipt of an image that was there before.
    pub(super) fn unchanged(references: Vec<String>, image: &ImageIndex) -> Self {
        let present = |(role, blob): (Role, &Blob)| BlobReceipt::new(role, blob, Outcome::Present);
        Self::new(references, true, parts(image).into_iter().map(present).collect())
    }

    /// A receipt of `blobs`.
    #[must_use]
    pub fn new(references: Vec<String>, unchanged: bool, blobs: Vec<BlobReceipt>) -> Self {
        let bytes = |sent: bool| blobs.iter().filter(|blob| (blob.outcome == Outcome::Sent) == sent).map(|blob| blob.size).sum();
        Self { bytes_sent: bytes(true), bytes_skipped: bytes(false), references, unchanged, blobs }
    }
}
