//! Loads an image into an engine: `docker load` without the file.
//!
//! The engine gets the image of its own platform as one stream, an OCI layout with Docker's `manifest.json`. Layers that
//! it has are left out, so they are not even fetched. The room refuses to load for a platform that the engine does not run.

mod answer;
mod error;
mod layers;

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use imgbuild::blob::{Blob, BoxFuture};
use imgbuild::event::{Direction, Event, Events, Outcome};
use imgbuild::image::{Config, Image, ImageIndex};
use imgbuild::layout::{ArchiveWriter, CONTAINERD_NAME, saved_image};
use imgbuild::oci::{Compression, Descriptor, Digest, MAX_CONFIG_BYTES, annotation};
use imgbuild::target::{self, BlobReceipt, Receipt, Role, Session, Target};
use imgbuild::{Reference, layout};

use crate::engine::{Engine, Request};
use answer::Progress;
pub use error::Error;
use layers::Known;

/// The first API whose engine reads layers that are compressed with zstd (Docker 23.0).
const ZSTD_API: (u32, u32) = (1, 42);
/// Layers that are fetched at a time before they are streamed one by one.
const FETCHED_AT_ONCE: usize = 4;

/// An engine that images are loaded into.
#[derive(Debug, Clone)]
pub struct LoadTarget {
    engine: Engine,
    names: Vec<Reference>,
}

/// What of an image the engine gets.
struct Load<'a> {
    image: &'a Image,
    diff_ids: Vec<Digest>,
}

impl LoadTarget {
    /// Loads into `engine`, under no name.
    #[must_use]
    pub fn new(engine: Engine) -> Self {
        Self { engine, names: Vec::new() }
    }

    /// Names the image by these references.
    #[must_use]
    pub fn names(mut self, names: impl IntoIterator<Item = Reference>) -> Self {
        self.names.extend(names.into_iter().map(|name| name.resolved()));
        self
    }

    fn error(&self, source: Error) -> target::Error {
        target::Error::Other { target: self.name(), hint: source.hint(), source: Box::new(source) }
    }

    fn references(&self, image: &ImageIndex) -> Vec<String> {
        if self.names.is_empty() {
            return vec![format!("docker-daemon:{}", image.digest())];
        }
        self.names.iter().map(|name| format!("docker-daemon:{name}@{}", image.digest())).collect()
    }

    /// The image of the engine's platform.
    async fn choose<'a>(&self, index: &'a ImageIndex) -> Result<Load<'a>, Error> {
        let wanted = &self.engine.about().platform;
        let image = index.images.iter().find(|image| is_for(wanted, image)).ok_or_else(|| Error::NoPlatform {
            wanted: wanted.clone(),
            available: index.images.iter().map(|image| image.platform.clone()).collect(),
        })?;
        let config = image.config.read(MAX_CONFIG_BYTES).await.map_err(layout::Error::from)?;
        let config =
            Config::parse(&config).map_err(|error| Error::Config { digest: image.config.digest().clone(), reason: error.to_string() })?;
        let diff_ids = config.diff_ids().to_vec();
        if image.layers.iter().any(|layer| layer.descriptor().media_type.layer_compression() == Some(Compression::Zstd)) {
            let api = self.engine.about().api.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
            if api.is_none_or(|api: (u32, u32)| api < ZSTD_API) {
                return Err(Error::Zstd { version: self.engine.about().version.clone() });
            }
        }
        Ok(Load { image, diff_ids })
    }

    /// Whether the engine has this image under every name; its store names an image by its configuration, or, as
    /// containerd's, by its manifest.
    async fn has(&self, load: &Load<'_>) -> Result<bool, Error> {
        let ids = [load.image.config.digest().as_str(), load.image.manifest.digest().as_str()];
        for name in &self.names {
            let found = self.engine.find(Request::get(format!("/images/{name}/json"))).await?;
            if !found.is_some_and(|image| image["Id"].as_str().is_some_and(|id| ids.contains(&id))) {
                return Ok(false);
            }
        }
        Ok(!self.names.is_empty())
    }

    /// Streams the image, but for its lowest `known` layers.
    async fn load(&self, load: &Load<'_>, known: usize, events: &Events) -> Result<(), Error> {
        let missing: Vec<(&Digest, &Blob)> = load.diff_ids.iter().zip(&load.image.layers).skip(known).collect();
        // With a cache the layers are fetched several at a time; the stream takes them in their order.
        let fetch: Vec<_> = missing.iter().map(|(_, layer)| fetch(layer)).collect();
        stream::iter(fetch).buffer_unordered(FETCHED_AT_ONCE).try_collect::<()>().await?;
        let (writer, reader) = ArchiveWriter::piped(&self.name());
        let progress = Progress { layers: missing.clone(), events };
        let write = self.write(writer, load, &missing, events);
        let post = async { progress.follow(self.engine.answer(Request::tar("/images/load", reader).query("quiet", "0")).await?).await };
        match tokio::join!(write, post) {
            (Err(Error::Read(layout::Error::Write { .. })), Err(refused)) => Err(refused),
            (Err(error), _) | (Ok(()), Err(error)) => Err(error),
            (Ok(()), Ok(())) => Ok(()),
        }
    }

    async fn write(&self, mut writer: ArchiveWriter, load: &Load<'_>, layers: &[(&Digest, &Blob)], events: &Events) -> Result<(), Error> {
        for (_, layer) in layers {
            let (digest, size) = (layer.digest().clone(), layer.size());
            events.emit(&Event::TransferStarted { digest, direction: Direction::Upload, size });
            writer.write_blob(layer).await?;
        }
        writer.write_blob(&load.image.config).await?;
        writer.write_blob(&load.image.manifest).await?;
        let layers: Vec<Digest> = load.image.layers.iter().map(|layer| layer.digest().clone()).collect();
        let names: Vec<String> = self.names.iter().map(ToString::to_string).collect();
        let saved = saved_image(load.image.config.digest(), &layers, &names);
        writer.finish(&self.entries(load.image.manifest.descriptor()), Some(vec![saved])).await?;
        Ok(())
    }

    /// The entries of `index.json`, by which containerd's store names images.
    fn entries(&self, manifest: &Descriptor) -> Vec<Descriptor> {
        let named = |name: &Reference| {
            let mut entry = manifest.clone();
            let annotations = [(CONTAINERD_NAME, Some(name.to_string())), (annotation::REF_NAME, name.tag().map(str::to_owned))];
            let given: BTreeMap<_, _> = annotations.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
            entry.annotations.extend(given.into_iter().map(|(key, value)| (key, value.into())));
            entry
        };
        if self.names.is_empty() { vec![manifest.clone()] } else { self.names.iter().map(named).collect() }
    }

    async fn publish(&self, index: &ImageIndex, events: &Events) -> Result<Receipt, Error> {
        let load = self.choose(index).await?;
        let mut known = Known::ask(&self.engine).await?.count(&load.diff_ids);
        if let Err(error) = self.load(&load, known, events).await {
            // A layer that was there may have been removed since.
            if known == 0 || !matches!(error, Error::Refused(_)) {
                return Err(error);
            }
            known = 0;
            self.load(&load, known, events).await?;
        }
        let outcome = |number: usize| if number < known { Outcome::Present } else { Outcome::Sent };
        let layers = load.image.layers.iter().enumerate().map(|(number, layer)| (Role::Layer, layer, outcome(number)));
        let documents = [(Role::Config, &load.image.config), (Role::Manifest, &load.image.manifest)];
        let documents = documents.into_iter().map(|(role, blob)| (role, blob, Outcome::Sent));
        let receipts = layers.chain(documents).map(|(role, blob, outcome)| {
            let (digest, size) = (blob.digest().clone(), blob.size());
            events.emit(&Event::TransferFinished { digest, direction: Direction::Upload, outcome, size });
            BlobReceipt::new(role, blob, outcome)
        });
        let receipts = receipts.collect();
        Ok(Receipt::new(self.references(index), false, receipts))
    }

    async fn find(&self, index: &ImageIndex) -> Result<Option<Receipt>, Error> {
        let load = self.choose(index).await?;
        if !self.has(&load).await? {
            return Ok(None);
        }
        let blobs = load.image.layers.iter().map(|layer| (Role::Layer, layer));
        let blobs = blobs.chain([(Role::Config, &load.image.config), (Role::Manifest, &load.image.manifest)]);
        let blobs = blobs.map(|(role, blob)| BlobReceipt::new(role, blob, Outcome::Present)).collect();
        Ok(Some(Receipt::new(self.references(index), true, blobs)))
    }
}

async fn fetch(layer: &Blob) -> Result<(), Error> {
    layer.open().await.map(drop).map_err(|error| Error::Read(error.into()))
}

/// An engine names no variant of its architecture; for it any 32-bit ARM will do that the image has.
fn is_for(engine: &imgbuild::Platform, image: &Image) -> bool {
    let platform = image.platform.normalize();
    engine.os() == platform.os() && engine.architecture() == platform.architecture()
}

impl Target for LoadTarget {
    fn name(&self) -> String {
        let name = self.names.first().map(ToString::to_string).unwrap_or_default();
        format!("docker-daemon:{name}")
    }

    fn find<'a>(&'a self, image: &'a ImageIndex) -> BoxFuture<'a, Result<Option<Receipt>, target::Error>> {
        Box::pin(async move { self.find(image).await.map_err(|error| self.error(error)) })
    }

    /// Which layers are missing is known when the image is whole: nothing is begun here.
    fn open<'a>(&'a self, _: &'a [Blob], events: &'a Events) -> BoxFuture<'a, Result<Box<dyn Session>, target::Error>> {
        Box::pin(async move { Ok(Box::new(LoadSession { target: self.clone(), events: events.clone() }) as Box<dyn Session>) })
    }
}

struct LoadSession {
    target: LoadTarget,
    events: Events,
}

impl Session for LoadSession {
    /// An engine takes an image as a whole.
    fn send<'a>(&'a self, _: &'a Blob) -> BoxFuture<'a, Result<(), target::Error>> {
        Box::pin(async { Ok(()) })
    }

    fn publish<'a>(&'a self, image: &'a ImageIndex) -> BoxFuture<'a, Result<Receipt, target::Error>> {
        Box::pin(async move { self.target.publish(image, &self.events).await.map_err(|error| self.target.error(error)) })
    }

    /// An engine forgets a stream that ends too early.
    fn abort(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
