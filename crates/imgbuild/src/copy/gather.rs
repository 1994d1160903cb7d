//! Everything that belongs to an image, as it lies at its source.

use std::collections::{HashSet, VecDeque};

use crate::blob::{Blob, BoxFuture, MemorySource};
use crate::event::Events;
use crate::image::{Image, ImageIndex, Referrer};
use crate::oci::{Descriptor, Digest, Document, Manifest, Platform};
use crate::source::{Error, Source};

/// Indexes within indexes that are followed.
const MAX_DEPTH: usize = 4;
/// Artifacts that are followed; a list without end would keep a copy from ending.
const MAX_REFERRERS: usize = 1_000;

/// The image that `source` names, or that of one platform.
pub(super) async fn gather(source: &Source, platform: Option<&Platform>) -> Result<ImageIndex, Error> {
    let mut root = source.root().await?;
    if let Some(platform) = platform {
        root = Document::Manifest(source.image(&root, platform).await?.manifest);
    }
    let index = document(root.descriptor(), &root);
    let mut image = ImageIndex { images: Vec::new(), nested: Vec::new(), index, referrers: Vec::new() };
    walk(source, &root, None, MAX_DEPTH, &mut image).await?;
    Ok(image)
}

/// Adds what refers to `image`, to one of its manifests, or to what was added.
pub(super) async fn add_referrers(source: &Source, image: &mut ImageIndex, events: &Events) -> Result<(), Error> {
    let mut waiting: VecDeque<Digest> = documents(image).collect();
    // An index may list what refers to its other entries: that is there already.
    let mut known: HashSet<Digest> = waiting.iter().cloned().collect();
    while let Some(subject) = waiting.pop_front() {
        for entry in source.referrers(&subject).await? {
            if !known.insert(entry.digest.clone()) {
                continue;
            }
            if image.referrers.len() == MAX_REFERRERS {
                return Err(Error::TooManyReferrers { limit: MAX_REFERRERS });
            }
            if !entry.media_type.is_manifest() && !entry.media_type.is_index() {
                let message = format!("`{}` refers to `{subject}` and is not copied: it is a `{}`", entry.digest, entry.media_type);
                events.warn(message, None);
                continue;
            }
            let found = source.document(&entry).await?;
            // Lists at fallback tags are written by clients, and may be out of date.
            if found.subject().is_none_or(|of| of.digest != subject) {
                continue;
            }
            let index = Blob::new(found.as_referrer(), MemorySource(found.raw().clone()));
            let mut artifact = ImageIndex { images: Vec::new(), nested: Vec::new(), index, referrers: Vec::new() };
            walk(source, &found, Some(nowhere()), MAX_DEPTH, &mut artifact).await?;
            waiting.extend(documents(&artifact).filter(|document| *document == entry.digest || known.insert(document.clone())));
            image.referrers.push(Referrer { subject: subject.clone(), artifact });
        }
    }
    Ok(())
}

/// The digests of an image's documents, the root first.
fn documents(image: &ImageIndex) -> impl Iterator<Item = Digest> {
    let manifests = image.images.iter().map(|image| &image.manifest).filter(|manifest| manifest.digest() != image.digest());
    [&image.index].into_iter().chain(&image.nested).chain(manifests).map(|blob| blob.digest().clone())
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
        None => nowhere(),
    };
    Ok(Image {
        platform,
        config: source.blob(manifest.config()),
        manifest: document(manifest.descriptor(), &Document::Manifest(manifest.clone())),
        layers: manifest.layers().iter().map(|layer| source.blob(layer)).collect(),
        base_layers: 0,
    })
}

/// The platform of an artifact, which runs nowhere.
fn nowhere() -> Platform {
    Platform::new("unknown", "unknown", "")
}

/// A document under the three values of its descriptor: what an index says beside them belongs to the index.
fn document(descriptor: &Descriptor, found: &Document) -> Blob {
    Blob::from_bytes(descriptor.media_type.clone(), found.raw().clone())
}
