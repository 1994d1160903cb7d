//! An image with the documents of its platforms.

use super::{Error, Reading};
use crate::blob::Blob;
use crate::cache::Cache;
use crate::oci::{Digest, Document, Location, Platform};
use crate::registry::Client;
use crate::source::{Origin, PlatformImage};

/// An image whose documents were read.
#[derive(Debug, Clone)]
pub struct Opened {
    /// Where it is.
    pub location: Location,
    /// What is there: an index, or one manifest; the manifest of the platform that was asked for.
    pub root: Document,
    /// The images that can be run.
    pub images: Vec<PlatformImage>,
}

/// Reads the documents of the image at `origin`, of all platforms or of one.
///
/// # Errors
/// When one cannot be read or is not valid.
pub async fn open(origin: &Origin, client: &Client, cache: Option<&Cache>, platform: Option<&Platform>) -> Result<Opened, Error> {
    let failed = |source| Error::Source { image: origin.to_string(), source };
    let source = origin.open(client, cache).await.map_err(failed)?;
    let root = source.root().await.map_err(failed)?;
    let (root, images) = if let Some(platform) = platform {
        let image = source.image(&root, platform).await.map_err(failed)?;
        (Document::Manifest(image.manifest.clone()), vec![image])
    } else {
        let images = source.images(&root).await.map_err(failed)?;
        (root, images)
    };
    Ok(Opened { location: origin.location().clone(), root, images })
}

impl Opened {
    /// The digest of what is there.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.root.descriptor().digest
    }
}

/// The layers of an image that are read, with their diff ids.
pub(crate) fn layers(image: &PlatformImage, reading: Reading) -> Vec<(Blob, Digest)> {
    let all = image.layers.iter().cloned().zip(image.config.diff_ids().iter().cloned());
    let base = image.config.record().map(|record| record.base_layers);
    match (reading, base) {
        (Reading::All, _) => all.collect(),
        (Reading::Own, Some(base)) => all.skip(base).collect(),
        (Reading::Own, None) | (Reading::Nothing, _) => Vec::new(),
    }
}
