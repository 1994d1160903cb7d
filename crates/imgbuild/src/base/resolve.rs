//! Finds the base image of each platform.

use futures_util::future::try_join_all;

use super::{Bases, Error};
use crate::cache::Cache;
use crate::image::Parent;
use crate::oci::{Digest, Location, Platform};
use crate::registry;
use crate::source::{self, PlatformImage, Source};

/// A base, resolved.
#[derive(Debug, Clone)]
pub struct Base {
    /// The digest of what the location names: an index, or the manifest of a single image.
    pub digest: Digest,
    /// One image a platform, in the order in which they were asked for.
    pub images: Vec<Parent>,
}

/// Fetches the documents of bases.
#[derive(Debug, Clone, Copy)]
pub struct Resolver<'a> {
    client: &'a registry::Client,
    cache: Option<&'a Cache>,
    bases: Option<&'a Bases>,
}

impl<'a> Resolver<'a> {
    /// A resolver that fetches with `client` and keeps what it fetched in `cache`.
    #[must_use]
    pub const fn new(client: &'a registry::Client, cache: Option<&'a Cache>) -> Self {
        Self { client, cache, bases: None }
    }

    /// The same, which takes the base from `bases` where it was resolved before.
    #[must_use]
    pub const fn once(self, bases: Option<&'a Bases>) -> Self {
        Self { bases, ..self }
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
        let source = Source::open(location, self.client, self.cache).await?;
        let root = match (pin, self.bases) {
            (Some(digest), _) => source.by_digest(digest).await?,
            (None, Some(bases)) => bases.root(&source).await?,
            (None, None) => source.root().await?,
        };
        let images = try_join_all(wanted.iter().map(|platform| source.image(&root, platform))).await?;
        let images = images.into_iter().map(|image| parent(&source, image)).collect();
        Ok(Base { digest: root.descriptor().digest.clone(), images })
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
