//! Finds the base image of each platform.

use futures_util::future::try_join_all;

use super::select::{Choice, choose, platforms};
use super::store::Store;
use super::{Error, error};
use crate::blob::BoxFuture;
use crate::cache::Cache;
use crate::image::{Config, Parent};
use crate::oci::{Descriptor, Digest, Document, Location, Manifest, Platform};
use crate::registry;

/// Indexes within indexes that are followed; real images have one level, some mirrors two.
const MAX_DEPTH: usize = 4;

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
}

impl<'a> Resolver<'a> {
    /// A resolver that fetches with `client` and keeps what it fetched in `cache`.
    #[must_use]
    pub const fn new(client: &'a registry::Client, cache: Option<&'a Cache>) -> Self {
        Self { client, cache }
    }

    /// The images of the base at `location` for `platforms`.
    ///
    /// # Errors
    /// When the base cannot be fetched, is not valid, or lacks a platform.
    pub async fn resolve(&self, location: &Location, wanted: &[Platform]) -> Result<Base, Error> {
        let store = Store::open(location, self.client, self.cache)?;
        let root = store.root().await?;
        let images = try_join_all(wanted.iter().map(|platform| find(&store, &root, platform))).await?;
        Ok(Base { digest: root.descriptor().digest.clone(), images })
    }
}

async fn find(store: &Store<'_>, root: &Document, wanted: &Platform) -> Result<Parent, Error> {
    let mut available = Vec::new();
    let found = search(store, root, wanted, MAX_DEPTH, &mut available).await?;
    found.ok_or_else(|| Error::NoPlatform { base: store.base(), wanted: wanted.clone(), available })
}

/// Looks through `document` and what it leads to, and notes the platforms that are there.
fn search<'a>(
    store: &'a Store<'_>,
    document: &'a Document,
    wanted: &'a Platform,
    depth: usize,
    available: &'a mut Vec<Platform>,
) -> BoxFuture<'a, Result<Option<Parent>, Error>> {
    Box::pin(async move {
        if depth == 0 {
            return Err(Error::TooDeep { base: store.base(), limit: MAX_DEPTH });
        }
        let index = match document {
            Document::Manifest(manifest) => {
                let parent = parent(store, manifest, None).await?;
                let matches = wanted.matches(&parent.platform);
                available.push(parent.platform.clone());
                return Ok(matches.then_some(parent));
            }
            Document::Index(index) => index,
        };
        available.extend(platforms(index));
        match choose(index, wanted) {
            Choice::Entry(entry) => chosen(store, entry).await.map(Some),
            Choice::Unclear(entries) => {
                for entry in entries {
                    let child = store.document(entry).await?;
                    if let Some(parent) = search(store, &child, wanted, depth - 1, available).await? {
                        return Ok(Some(parent));
                    }
                }
                Ok(None)
            }
        }
    })
}

async fn chosen(store: &Store<'_>, entry: &Descriptor) -> Result<Parent, Error> {
    match store.document(entry).await? {
        Document::Manifest(manifest) => parent(store, &manifest, entry.platform.clone()).await,
        Document::Index(index) => Err(error::not_a_manifest(store.base(), index.digest())),
    }
}

/// The platform is the index entry's, with its variant; a manifest that stands alone has what its configuration claims.
async fn parent(store: &Store<'_>, manifest: &Manifest, platform: Option<Platform>) -> Result<Parent, Error> {
    let bytes = store.config(manifest.config()).await?;
    let digest = manifest.config().digest.clone();
    let config = Config::parse(&bytes).map_err(|source| Error::Config { base: store.base(), digest, source })?;
    Ok(Parent {
        platform: platform.unwrap_or_else(|| config.platform()),
        digest: manifest.descriptor().digest.clone(),
        name: store.name(),
        config,
        layers: manifest.layers().iter().map(|layer| store.layer(layer)).collect(),
    })
}
