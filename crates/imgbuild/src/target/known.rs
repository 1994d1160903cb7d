//! What a repository is known to have, because an image that we published is still there.
//!
//! An image that is there has its parts: a registry keeps what its manifests name, and refuses a manifest whose parts are gone.
//! So one question about the last image stands for one about each of its parts.

use std::collections::HashSet;

use crate::cache::{self, Cache};
use crate::image::ImageIndex;
use crate::oci::{Digest, Document, MAX_MANIFEST_BYTES};

/// The name of the record of a repository.
fn record(repository: &str) -> Digest {
    Digest::of(format!("imgbuild-published-1 {repository}").as_bytes())
}

/// The image that was published to this repository last. Whether it is still there is not known.
pub(super) fn last_published(cache: &Cache, repository: &str) -> Option<Digest> {
    cache.find_record(&record(repository))
}

/// Remembers an image and what it is made of.
pub(super) async fn remember(cache: &Cache, repository: &str, image: &ImageIndex) -> Result<(), cache::Error> {
    for document in image.images.iter().map(|image| &image.manifest).chain([&image.index]) {
        cache.keep(document.descriptor(), &document.read(MAX_MANIFEST_BYTES).await?)?;
    }
    cache.remember_record(&record(repository), image.digest())
}

/// Everything that an image is made of, as far as its documents are in the cache.
pub(super) fn parts(cache: &Cache, image: &Digest) -> HashSet<Digest> {
    let document = |digest: &Digest| Document::parse(cache.find_document(digest)?, None).ok();
    let Some(Document::Index(index)) = document(image) else { return HashSet::new() };
    let mut parts = HashSet::new();
    for child in index.manifests() {
        if let Some(Document::Manifest(manifest)) = document(&child.digest) {
            parts.insert(child.digest.clone());
            parts.extend(manifest.layers().iter().chain([manifest.config()]).map(|part| part.digest.clone()));
        }
    }
    parts
}
