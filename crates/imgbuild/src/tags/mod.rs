//! The tags of a repository: what each names, for which platforms, and what imgbuild recorded in it.

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde::Serialize;

use crate::cache::Cache;
use crate::oci::{Digest, Location, Platform, Reference};
use crate::registry::{self, Client};
use crate::source::{self, Source};

/// Tags that are looked at at a time; the client's own limit holds beside it.
const TAGS_AT_ONCE: usize = 8;

/// A tag and the image that it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// The tag.
    pub tag: String,
    /// The digest of the index or the manifest.
    pub digest: Digest,
    /// The platforms that run it; none where it is no image.
    pub platforms: Vec<Platform>,
    /// What imgbuild recorded; none where another program made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub built_by_imgbuild: Option<Recorded>,
}

/// What imgbuild records in an image, as far as it tells images apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// The base; none where it came from a layout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// The digest of the base's manifest for the first platform.
    pub base_digest: Digest,
    /// The layers on top of the base.
    pub layers: Vec<String>,
}

/// The tags of `repository` in the registry's order; a tag that is deleted meanwhile is left out.
///
/// Documents that `cache` has are not fetched again: a tag that was seen before costs a HEAD, which Docker Hub does not
/// count as a pull.
///
/// # Errors
/// When the registry cannot be asked or denies it.
pub async fn list(repository: &Reference, client: &Client, cache: &Cache) -> Result<Vec<Tag>, source::Error> {
    let names = client.tags(repository).await?;
    let looks = names.into_iter().filter_map(|name| {
        // What a registry lists may be no tag by our rules; such a name cannot be asked for.
        let reference = format!("{}:{name}", repository.repository()).parse().ok()?;
        Some(look(reference, name, client, cache))
    });
    let found: Vec<Option<Tag>> = stream::iter(looks.collect::<Vec<_>>()).buffered(TAGS_AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

async fn look(reference: Reference, tag: String, client: &Client, cache: &Cache) -> Result<Option<Tag>, source::Error> {
    let source = Source::open(&Location::Registry(reference), client, Some(cache)).await?;
    let root = match source.root().await {
        Ok(root) => root,
        Err(source::Error::Registry(registry::Error::NotFound { .. })) => return Ok(None),
        Err(error) => return Err(error),
    };
    let images = source.images(&root).await?;
    let built_by_imgbuild = images.first().and_then(|image| {
        let record = image.config.record()?;
        let layers = image.config.own_layers(record.base_layers)?.into_iter().map(str::to_owned).collect();
        Some(Recorded { base: record.base, base_digest: record.base_digest, layers })
    });
    let platforms = images.into_iter().map(|image| image.platform).collect();
    Ok(Some(Tag { tag, digest: root.descriptor().digest.clone(), platforms, built_by_imgbuild }))
}
