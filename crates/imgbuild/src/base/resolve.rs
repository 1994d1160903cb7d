//! Finds the base image of each platform.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures_util::future::try_join_all;

use super::{Bases, Error};
use crate::cache::Cache;
use crate::image::Parent;
use crate::oci::{Digest, Location, Platform};
use crate::registry;
use crate::source::{self, Documents, PlatformImage, Source};

/// A base, resolved.
#[derive(Debug, Clone)]
pub struct Base {
    /// The digest of what the location names: an index, or the manifest of a single image.
    pub digest: Digest,
    /// One image a platform, in the order in which they were asked for.
    pub images: Vec<Parent>,
    /// The documents that led to them, their configurations among them.
    pub documents: BTreeMap<Digest, Bytes>,
}

/// Fetches the documents of bases.
#[derive(Debug, Clone)]
pub struct Resolver<'a> {
    client: &'a registry::Client,
    cache: Option<&'a Cache>,
    bases: Option<&'a Bases>,
    documents: Documents,
}

impl<'a> Resolver<'a> {
    /// A resolver that fetches with `client` and keeps what it fetched in `cache`.
    #[must_use]
    pub fn new(client: &'a registry::Client, cache: Option<&'a Cache>) -> Self {
        Self { client, cache, bases: None, documents: Documents::default() }
    }

    /// The same, which takes the base from `bases` where it was resolved before.
    #[must_use]
    pub fn once(self, bases: Option<&'a Bases>) -> Self {
        Self { bases, ..self }
    }

    /// The same, which does not ask for what is among `documents`.
    #[must_use]
    pub fn knowing(self, documents: Documents) -> Self {
        Self { documents, ..self }
    }

    /// The images of the base at `location` for `platforms`; of the digest `pin` where there is one, whatever the
    /// location names now.
    ///
    /// # Errors
    /// When the base cannot be fetched, is not valid, or lacks a platform.
    pub async fn resolve(&self, location: &Location, pin: Option<&Digest>, wanted: &[Platform]) -> Result<Base, Error> {
        self.find(location, pin, wanted).await.map_err(|source| Error::Source { base: location.to_string(), source })
    }

    /// The digest that `location` names now.
    ///
    /// # Errors
    /// When nobody can be asked.
    pub async fn named(&self, location: &Location) -> Result<Digest, Error> {
        let named = async {
            let source = Source::open(location, self.client, self.cache).await?;
            source.named().await
        };
        named.await.map_err(|source| Error::Source { base: location.to_string(), source })
    }

    async fn find(&self, location: &Location, pin: Option<&Digest>, wanted: &[Platform]) -> Result<Base, source::Error> {
        let source = Source::open(location, self.client, self.cache).await?.knowing(&self.documents);
        let root = match (pin, self.bases) {
            (Some(digest), _) => source.by_digest(digest).await?,
            (None, Some(bases)) => bases.root(&source).await?,
            (None, None) => source.root().await?,
        };
        let images = try_join_all(wanted.iter().map(|platform| source.image(&root, platform))).await?;
        let images = images.into_iter().map(|image| parent(&source, image)).collect();
        let digest = root.descriptor().digest.clone();
        let mut documents = self.documents.all();
        documents.insert(digest.clone(), root.raw().clone());
        Ok(Base { digest, images, documents })
    }
}

/// The image as the base of another. The name is what annotations record.
fn parent(source: &Source, image: PlatformImage) -> Parent {
    Parent {
        platform: image.platform,
        digest: image.manifest.descriptor().digest.clone(),
        name: source.reference().map(|reference| reference.resolved().to_string()),
        config: image.config,
        layers: image.layers,
    }
}
