//! Everything that belongs to an image, as it lies at its source.

use crate::blob::{Blob, BoxFuture};
use crate::image::{Image, ImageIndex};
use crate::oci::{Descriptor, Document, Manifest, Platform};
use crate::source::{Error, Source};

/// Indexes within indexes that are followed.
const MAX_DEPTH: usize = 4;

/// The image that `source` names, or that of one platform.
pub(super) async fn gather(source: &Source, platform: Option<&Platform>) -> Result<ImageIndex, Error> {
    let mut root = source.root().await?;
    if let Some(platform) = platform {
        root = Document::Manifest(source.image(&root, platform).await?.manifest);
    }
    let mut image = ImageIndex { images: Vec::new(), nested: Vec::new(), index: document(root.descriptor(), &root) };
    walk(source, &root, None, MAX_DEPTH, &mut image).await?;
    Ok(image)
}

/// Adds what `found` leads to, deepest first. Attestations and artifacts come along: the index names them.
fn walk<'a>(
    source: &'a Source,
    found: &'a Document,
    platform: Option<Platform>,
    depth: usize,
    image: &'a mut ImageIndex,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        if depth == 0 {
            return Err(Error::TooDeep { limit: MAX_DEPTH });
        }
        match found {
            Document::Manifest(manifest) => image.images.push(part(source, manifest, platform).await?),
            Document::Index(index) => {
                for entry in index.manifests() {
                    let child = source.document(entry).await?;
                    walk(source, &child, entry.platform.clone(), depth - 1, image).await?;
                    if matches!(child, Document::Index(_)) {
                        image.nested.push(document(entry, &child));
                    }
                }
            }
        }
        Ok(())
    })
}

async fn part(source: &Source, manifest: &Manifest, platform: Option<Platform>) -> Result<Image, Error> {
    let platform = match platform {
        Some(platform) => platform,
        None if manifest.config().media_type.is_image_config() => {
            let bytes = source.config(manifest.config()).await?;
            let digest = manifest.config().digest.clone();
            crate::image::Config::parse(&bytes).map_err(|source| Error::Config { digest, source })?.platform()
        }
        // An artifact runs nowhere.
        None => Platform::new("unknown", "unknown", ""),
    };
    Ok(Image {
        platform,
        config: source.blob(manifest.config()),
        manifest: document(manifest.descriptor(), &Document::Manifest(manifest.clone())),
        layers: manifest.layers().iter().map(|layer| source.blob(layer)).collect(),
        base_layers: 0,
    })
}

/// A document under the three values of its descriptor: what an index says beside them belongs to the index.
fn document(descriptor: &Descriptor, found: &Document) -> Blob {
    Blob::from_bytes(descriptor.media_type.clone(), found.raw().clone())
}
