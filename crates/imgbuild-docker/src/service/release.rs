//! What is rolled out: an image by digest, its platforms, and whether it brings a health check.

use imgbuild::image::Config;
use imgbuild::oci::Document;
use imgbuild::registry::{Client, Kind};
use imgbuild::source::Source;
use imgbuild::{Location, Platform, Reference};

use super::Error;

/// An image that was found in its registry.
#[derive(Debug, Clone)]
pub(super) struct Release {
    /// Repository, tag where one was given, and digest.
    pub(super) image: Reference,
    pub(super) platforms: Vec<Platform>,
    /// Whether it is one image without an index, which Swarm tells no platform of.
    pub(super) is_single: bool,
    source: Source,
    root: Document,
}

impl Release {
    /// Finds an image and what its tag names now.
    pub(super) async fn find(client: &Client, image: &Reference) -> Result<Self, Error> {
        let fail = |error: imgbuild::source::Error| Error::image(image, error);
        // With tag and digest the digest decides, and the tag is kept for people.
        let source = Source::open(&Location::Registry(image.resolved()), client, None).await.map_err(fail)?;
        let root = source.root().await.map_err(fail)?;
        let (platforms, is_single) = match &root {
            Document::Index(index) => {
                let runnable = index.manifests().iter().filter(|entry| !entry.is_attestation());
                let known = runnable.filter_map(|entry| entry.platform.clone()).filter(|platform| !platform.is_unknown());
                (known.collect(), false)
            }
            Document::Manifest(_) => {
                let images = source.images(&root).await.map_err(fail)?;
                (images.into_iter().map(|image| image.platform).collect(), true)
            }
        };
        let named = if image.tag().is_some() || image.digest().is_some() { image.clone() } else { image.resolved() };
        Ok(Self { image: named.with_digest(root.descriptor().digest.clone()), platforms, is_single, source, root })
    }

    /// Whether the image brings a health check; where it has several platforms, whether the first does.
    pub(super) async fn has_health_check(&self) -> Result<bool, Error> {
        let fail = |error: imgbuild::source::Error| Error::image(&self.image, error);
        let manifest = match &self.root {
            Document::Manifest(manifest) => manifest.clone(),
            Document::Index(_) => match self.platforms.first() {
                Some(platform) => self.source.image(&self.root, platform).await.map_err(fail)?.manifest,
                None => return Ok(false),
            },
        };
        let bytes = self.source.config(manifest.config()).await.map_err(fail)?;
        let checks = |config: Config| {
            let test = config.runtime("Healthcheck").and_then(|check| check["Test"].as_array().cloned()).unwrap_or_default();
            !test.is_empty() && test[0] != "NONE"
        };
        Ok(Config::parse(&bytes).is_ok_and(checks))
    }

    /// Checks that `client` may pull it; the registry's words where it may not.
    pub(super) async fn pullable(&self, client: &Client) -> Result<Option<String>, Error> {
        match client.head(&self.image).await {
            Ok(Some(_)) => Ok(None),
            Ok(None) => Ok(Some("the registry does not have it".to_owned())),
            Err(error) if error.kind() == Kind::NotAuthorised => Ok(Some(error.to_string())),
            Err(error) => Err(Error::image(&self.image, error)),
        }
    }
}
