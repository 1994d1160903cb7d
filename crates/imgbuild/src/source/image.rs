//! The images of platforms within what a source names.

use super::select::{Choice, choose, platforms, runnable};
use super::{Error, Source};
use crate::blob::{Blob, BoxFuture};
use crate::image::Config;
use crate::oci::{Descriptor, Document, Manifest, Platform};

/// Indexes within indexes that are followed; real images have one level, some mirrors two.
pub(super) const MAX_DEPTH: usize = 4;

/// The image of one platform. Its layers stay where they are until they are opened.
#[derive(Debug, Clone)]
pub struct PlatformImage {
    /// The platform as the index gives it, else as the configuration claims it.
    pub platform: Platform,
    /// The manifest.
    pub manifest: Manifest,
    /// The configuration.
    pub config: Config,
    /// The layers, lowest first.
    pub layers: Vec<Blob>,
}

impl Source {
    /// The image for `wanted` within `root`, which this source gave.
    ///
    /// # Errors
    /// [`Error::NoPlatform`] where there is none; else when it cannot be read or is not valid.
    pub async fn image(&self, root: &Document, wanted: &Platform) -> Result<PlatformImage, Error> {
        let mut available = Vec::new();
        let found = search(self, root, wanted, MAX_DEPTH, &mut available).await?;
        found.ok_or_else(|| Error::NoPlatform { wanted: wanted.clone(), available })
    }

    /// Every image within `root` that can be run, in the order of the index. Attestations and artifacts are passed over.
    ///
    /// # Errors
    /// When one cannot be read or is not valid.
    pub async fn images(&self, root: &Document) -> Result<Vec<PlatformImage>, Error> {
        let mut images = Vec::new();
        collect(self, root, None, MAX_DEPTH, &mut images).await?;
        Ok(images)
    }

    /// The platform is the index entry's, with its variant; a manifest that stands alone has what its configuration claims.
    async fn platform_image(&self, manifest: &Manifest, platform: Option<Platform>) -> Result<PlatformImage, Error> {
        let bytes = self.config(manifest.config()).await?;
        let digest = manifest.config().digest.clone();
        let config = Config::parse(&bytes).map_err(|source| Error::Config { digest, source })?;
        Ok(PlatformImage {
            platform: platform.unwrap_or_else(|| config.platform()),
            manifest: manifest.clone(),
            layers: manifest.layers().iter().map(|layer| self.blob(layer)).collect(),
            config,
        })
    }

    async fn chosen(&self, entry: &Descriptor) -> Result<PlatformImage, Error> {
        match self.document(entry).await? {
            Document::Manifest(manifest) => self.platform_image(&manifest, entry.platform.clone()).await,
            Document::Index(index) => Err(Error::not_a_manifest(index.digest())),
        }
    }
}

/// Looks through `document` and what it leads to, and notes the platforms that are there.
fn search<'a>(
    source: &'a Source,
    document: &'a Document,
    wanted: &'a Platform,
    depth: usize,
    available: &'a mut Vec<Platform>,
) -> BoxFuture<'a, Result<Option<PlatformImage>, Error>> {
    Box::pin(async move {
        if depth == 0 {
            return Err(Error::TooDeep { limit: MAX_DEPTH });
        }
        let index = match document {
            Document::Manifest(manifest) => {
                let image = source.platform_image(manifest, None).await?;
                let matches = wanted.matches(&image.platform);
                available.push(image.platform.clone());
                return Ok(matches.then_some(image));
            }
            Document::Index(index) => index,
        };
        available.extend(platforms(index));
        match choose(index, wanted) {
            Choice::Entry(entry) => source.chosen(entry).await.map(Some),
            Choice::Unclear(entries) => {
                for entry in entries {
                    let child = source.document(entry).await?;
                    if let Some(image) = search(source, &child, wanted, depth - 1, available).await? {
                        return Ok(Some(image));
                    }
                }
                Ok(None)
            }
        }
    })
}

fn collect<'a>(
    source: &'a Source,
    document: &'a Document,
    platform: Option<Platform>,
    depth: usize,
    images: &'a mut Vec<PlatformImage>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        if depth == 0 {
            return Err(Error::TooDeep { limit: MAX_DEPTH });
        }
        match document {
            Document::Manifest(manifest) if manifest.config().media_type.is_image_config() => {
                images.push(source.platform_image(manifest, platform).await?);
            }
            Document::Manifest(_) => {}
            Document::Index(index) => {
                for entry in runnable(index) {
                    let child = source.document(entry).await?;
                    collect(source, &child, entry.platform.clone(), depth - 1, images).await?;
                }
            }
        }
        Ok(())
    })
}
