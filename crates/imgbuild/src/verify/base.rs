//! The base that an image records.

use std::collections::BTreeMap;
use std::path::Path;

use super::Error;
use crate::base::{Base, Lock};
use crate::build;
use crate::cache::Cache;
use crate::image::{Parent, Record};
use crate::inspect::Opened;
use crate::oci::{Digest, Document, Location, Platform, Reference};
use crate::recipe::Recipe;
use crate::registry::Client;
use crate::source::{self, PlatformImage, Source};

/// The base of each platform of `recipe`, as the image at `found` records it: by digest, wherever the tag is by now.
pub(super) async fn recorded(found: &Opened, recipe: &Recipe, client: &Client, cache: &Cache) -> Result<Base, Error> {
    let mut images = Vec::new();
    for image in &found.images {
        if image.config.record().is_none() {
            return Err(Error::NotOurs { image: found.location.to_string(), platform: image.platform.clone() });
        }
    }
    for platform in &recipe.platforms {
        let image = matching(&found.images, platform);
        let Some((image, record)) = image.and_then(|image| Some((image, image.config.record()?))) else { continue };
        images.push(parent(image, &record, &recipe.base, client, cache).await?);
    }
    Ok(Base { digest: found.digest().clone(), images, documents: BTreeMap::new() })
}

/// What the lock at `path` holds for each platform of the recipe, where that is another image than the recorded one.
pub(super) fn locked(path: &Path, base: &Base, recipe: &Recipe) -> Result<Vec<Option<Digest>>, Error> {
    let Some(lock) = Lock::read(path).map_err(build::Error::from)? else { return Ok(vec![None; recipe.platforms.len()]) };
    lock.require_base(path, &recipe.base).map_err(build::Error::from)?;
    let held = |platform: &Platform| lock.platforms.get(&Lock::key(platform)).map(|image| image.manifest.clone());
    let images = recipe.platforms.iter().zip(&base.images);
    Ok(images.map(|(platform, image)| held(platform).filter(|held| *held != image.digest)).collect())
}

/// The image for a platform that the recipe names.
pub(super) fn matching<'a>(images: &'a [PlatformImage], platform: &Platform) -> Option<&'a PlatformImage> {
    images.iter().find(|image| platform.matches(&image.platform))
}

/// The name that a build with this recipe gives its base; none for one from a layout.
pub(super) fn name(base: &Location) -> Option<String> {
    match base {
        Location::Registry(reference) => Some(reference.resolved().to_string()),
        _ => None,
    }
}

async fn parent(image: &PlatformImage, record: &Record, base: &Location, client: &Client, cache: &Cache) -> Result<Parent, Error> {
    let digest = &record.base_digest;
    // A layout records no name, and a base that the recipe has elsewhere is looked for there.
    let place = match (&record.base, base) {
        (Some(name), Location::Registry(_)) => Location::Registry(name.parse::<Reference>()?.by_digest(digest.clone())),
        _ => base.clone(),
    };
    let failed = |source: source::Error| Error::Base { base: format!("{place} ({digest})"), source };
    let source = Source::open(&place, client, Some(cache)).await.map_err(failed)?;
    let document = Box::pin(source.by_digest(digest)).await.map_err(failed)?;
    let Document::Manifest(_) = &document else { return Err(Error::BaseIsIndex { digest: digest.clone() }) };
    let found = source.images(&document).await.map_err(failed)?;
    let Some(found) = found.into_iter().next() else { return Err(Error::BaseIsIndex { digest: digest.clone() }) };
    Ok(Parent {
        // The manifest alone does not say the variant that the base's index names.
        platform: image.platform.clone(),
        digest: digest.clone(),
        name: name(base),
        config: found.config,
        layers: found.layers,
    })
}
