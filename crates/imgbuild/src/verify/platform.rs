//! One platform's image and what was built again.

use super::finding::{LayerFinding, Where};
use super::{Error, PlatformVerification, layer};
use crate::blob::Blob;
use crate::diff::{Change, of_documents};
use crate::image::{Config, Image};
use crate::oci::{Digest, Document, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES};
use crate::source::PlatformImage;

/// Compares an image with the one that was built again.
pub(super) async fn compare(found: &PlatformImage, rebuilt: &Image) -> Result<PlatformVerification, Error> {
    let record = found.config.record();
    let base = record.map_or_else(|| rebuilt.manifest.digest().clone(), |record| record.base_digest);
    let digest = found.manifest.descriptor().digest.clone();
    let mut verification = PlatformVerification {
        platform: found.platform.clone(),
        rebuilt: rebuilt.manifest.digest().clone(),
        found: digest,
        base,
        layer: None,
        documents: Vec::new(),
        locked_base: None,
    };
    if verification.found != verification.rebuilt {
        let rebuilt = opened(rebuilt).await?;
        verification.layer = first_layer(found, &rebuilt).await?;
        verification.documents = of_documents(found, &rebuilt).iter().map(Change::to_line).collect();
    }
    Ok(verification)
}

/// What was built again, as if it had been read from somewhere.
async fn opened(image: &Image) -> Result<PlatformImage, Error> {
    let memory = |error: crate::blob::Error| Error::Layer { name: "manifest".to_owned(), source: error.into() };
    let config = image.config.read(MAX_CONFIG_BYTES).await.map_err(memory)?;
    let manifest = image.manifest.read(MAX_MANIFEST_BYTES).await.map_err(memory)?;
    let document = Document::parse(manifest, Some(image.manifest.descriptor().media_type.clone()));
    let Ok(Document::Manifest(manifest)) = document else { return Err(Error::Stopped) };
    let config = Config::parse(&config)?;
    Ok(PlatformImage { platform: image.platform.clone(), manifest, config, layers: image.layers.clone() })
}

/// The first layer that is not the same in both.
async fn first_layer(found: &PlatformImage, rebuilt: &PlatformImage) -> Result<Option<LayerFinding>, Error> {
    let names = crate::inspect::steps(&rebuilt.config);
    let other_names = crate::inspect::steps(&found.config);
    for number in 0..found.layers.len().max(rebuilt.layers.len()) {
        let (one, other) = (found.layers.get(number), rebuilt.layers.get(number));
        let digests = (one.map(Blob::digest), other.map(Blob::digest));
        if digests.0 == digests.1 {
            continue;
        }
        let follows = |layers: &[Blob], digest: Option<&Digest>| layers.iter().skip(number + 1).any(|layer| Some(layer.digest()) == digest);
        // One more layer moves those above it, which are no different for that.
        let (one, other) = match (follows(&found.layers, digests.1), follows(&rebuilt.layers, digests.0)) {
            (true, false) => (one, None),
            (false, true) => (None, other),
            _ => (one, other),
        };
        let of_names = if other.is_some() { [&names, &other_names] } else { [&other_names, &names] };
        let name = of_names.iter().find_map(|names| names.get(number)).cloned().unwrap_or_default();
        let diff_ids = (found.config.diff_ids().get(number), rebuilt.config.diff_ids().get(number));
        let place = match (one.zip(diff_ids.0), other.zip(diff_ids.1)) {
            (Some(one), Some(other)) if one.1 == other.1 => {
                // What the configuration promises must be true before it is believed.
                crate::layer::scan(one.0, Some(one.1), |_| Ok(())).await.map_err(|source| Error::Layer { name: name.clone(), source })?;
                Where::Compression
            }
            (Some(one), Some(other)) => layer::compare(&name, one, other).await?,
            (Some(_), None) => Where::OnlyFound,
            (None, _) => Where::OnlyRebuilt,
        };
        let (found, rebuilt) = (one.map(Blob::digest).cloned(), other.map(Blob::digest).cloned());
        return Ok(Some(LayerFinding { number: number + 1, name, found, rebuilt, place }));
    }
    Ok(None)
}
