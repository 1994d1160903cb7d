//! Whether an image's base is behind what its tag names now.

use serde::Serialize;

use super::Error;
use super::image::OwnImage;
use crate::cache::Cache;
use crate::oci::{Digest, Location, Platform};
use crate::registry::Client;
use crate::source::Source;

/// What became of an image's base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freshness {
    /// Its tag names the same base.
    Current,
    /// Its tag names another one by now.
    Behind,
}

/// The base of one platform's image.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlatformStatus {
    /// The platform.
    pub platform: Platform,
    /// The base as it was named.
    pub base: String,
    /// The digest of the base's manifest that the image was made on.
    pub built_on: Digest,
    /// The digest that the name leads to now.
    pub current: Digest,
    /// What follows.
    pub freshness: Freshness,
}

/// The bases of an image.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BaseStatus {
    /// The image.
    pub image: String,
    /// One entry a platform.
    pub platforms: Vec<PlatformStatus>,
}

impl BaseStatus {
    /// Asks for the bases of the image at `image`, or for `instead` of them. A tag that was seen before is asked for by
    /// HEAD alone, which Docker Hub does not count as a pull.
    ///
    /// # Errors
    /// When the image is none of ours or does not name its base, or a registry cannot be asked.
    pub async fn of(image: &Location, instead: Option<&Location>, client: &Client, cache: &Cache) -> Result<Self, Error> {
        let name = image.to_string();
        let failed = |source| Error::Source { image: name.clone(), source };
        let source = Source::open(image, client, Some(cache)).await.map_err(failed)?;
        let root = source.root().await.map_err(failed)?;
        let mut platforms: Vec<PlatformStatus> = Vec::new();
        let mut bases: Vec<(Location, Source, crate::oci::Document)> = Vec::new();
        for found in source.images(&root).await.map_err(failed)? {
            let own = OwnImage::read(&name, found)?;
            let location = match (instead, &own.record.base) {
                (Some(instead), _) => instead.clone(),
                (None, Some(base)) => base.parse().map_err(|_| Error::NoBase { image: name.clone() })?,
                (None, None) => return Err(Error::NoBase { image: name }),
            };
            let of_base = |source| crate::base::Error::Source { base: location.to_string(), source };
            let known = bases.iter().position(|(known, ..)| *known == location);
            let known = if let Some(known) = known {
                known
            } else {
                let base = Source::open(&location, client, Some(cache)).await.map_err(of_base)?;
                let root = base.root().await.map_err(of_base)?;
                bases.push((location.clone(), base, root));
                bases.len() - 1
            };
            let (_, base, root) = &bases[known];
            let current = base.image(root, &own.platform).await.map_err(of_base)?.manifest.descriptor().digest.clone();
            let freshness = if current == own.record.base_digest { Freshness::Current } else { Freshness::Behind };
            platforms.push(PlatformStatus {
                platform: own.platform,
                base: location.to_string(),
                built_on: own.record.base_digest,
                current,
                freshness,
            });
        }
        if platforms.is_empty() {
            return Err(Error::NothingToRun { image: name });
        }
        Ok(Self { image: name, platforms })
    }

    /// Behind as soon as one platform is.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        let behind = self.platforms.iter().any(|platform| platform.freshness == Freshness::Behind);
        if behind { Freshness::Behind } else { Freshness::Current }
    }
}
