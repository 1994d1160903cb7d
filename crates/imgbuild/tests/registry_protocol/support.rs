//! What every test of the protocol needs: a client that loses no time, an image to push, and ears.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use imgbuild::blob::Blob;
use imgbuild::event::{Event, Events};
use imgbuild::oci::{Compression, Descriptor, MediaType, Platform, Reference};
use imgbuild::registry::{Anonymous, Client, ClientBuilder, Credential, Error, Policy, Pusher, Secret, StaticCredentials, Tagged};
use imgbuild_testkit::registry::{Registry, Tokens};
use serde_json::json;

/// Short delays and limits, so that no test waits.
pub(crate) fn quick() -> Policy {
    Policy::default()
        .delays(Duration::from_millis(5), Duration::from_millis(40))
        .stall(Duration::from_millis(700))
        .commit(Duration::from_secs(5))
}

pub(crate) fn builder() -> ClientBuilder {
    Client::builder().retry(quick())
}

/// A client with a user and a password for this registry.
pub(crate) fn user(registry: &Registry, user: &str, password: &str) -> ClientBuilder {
    let credential = Credential::Password { user: user.to_owned(), password: Secret::new(password) };
    with(registry, credential)
}

pub(crate) fn with(registry: &Registry, credential: Credential) -> ClientBuilder {
    builder().credentials(StaticCredentials::new(&registry.host(), credential, "the test", Anonymous))
}

pub(crate) fn reference(registry: &Registry, name: &str) -> Reference {
    format!("{}/{name}", registry.host()).parse().unwrap()
}

/// Everything that a client reports.
#[derive(Clone, Default)]
pub(crate) struct Ears(Arc<Mutex<Vec<Event>>>);

impl Ears {
    pub(crate) fn events(&self) -> Events {
        let seen = Arc::clone(&self.0);
        Events::to(move |event: &Event| seen.lock().unwrap().push(event.clone()))
    }

    pub(crate) fn heard(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        let told = |event: Event| if let Event::Warning { message, .. } = event { Some(message) } else { None };
        self.heard().into_iter().filter_map(told).collect()
    }

    pub(crate) fn retries(&self) -> usize {
        self.heard().iter().filter(|event| matches!(event, Event::Retry { .. })).count()
    }
}

/// Bytes that look like nothing in particular.
pub(crate) fn noise(length: usize, seed: u64) -> Bytes {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    (0..length)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .collect()
}

pub(crate) fn layer(bytes: impl Into<Bytes>) -> Blob {
    Blob::from_bytes(MediaType::OciLayer(Compression::Gzip), bytes)
}

/// A two-platform image whose platforms share one layer.
pub(crate) struct Image {
    pub(crate) shared: Blob,
    pub(crate) blobs: Vec<Blob>,
    pub(crate) manifests: Vec<(Descriptor, Bytes)>,
    pub(crate) index: (Descriptor, Bytes),
}

pub(crate) fn image(layer_size: usize) -> Image {
    let shared = layer(noise(layer_size, 1));
    let mut blobs = vec![shared.clone()];
    let mut manifests = Vec::new();
    for (number, platform) in [(2, Platform::LINUX_AMD64), (3, Platform::LINUX_ARM64)] {
        let own = layer(noise(layer_size / 2, number));
        let config = Blob::from_bytes(MediaType::OciConfig, json!({ "number": number }).to_string().into_bytes());
        let bytes: Bytes = json!({
            "schemaVersion": 2,
            "mediaType": MediaType::OciManifest.as_str(),
            "config": config.descriptor(),
            "layers": [shared.descriptor(), own.descriptor()],
        })
        .to_string()
        .into();
        blobs.extend([own, config]);
        manifests.push((Descriptor::of(MediaType::OciManifest, &bytes).with_platform(platform), bytes));
    }
    let children: Vec<&Descriptor> = manifests.iter().map(|(descriptor, _)| descriptor).collect();
    let bytes: Bytes = json!({ "schemaVersion": 2, "mediaType": MediaType::OciIndex.as_str(), "manifests": children }).to_string().into();
    Image { shared, blobs, manifests, index: (Descriptor::of(MediaType::OciIndex, &bytes), bytes) }
}

/// Blobs in parallel, children, then the tag.
pub(crate) async fn push(pusher: &Pusher, image: &Image, tag: &str) -> Result<Tagged, Error> {
    let blobs: Vec<_> = image
        .blobs
        .iter()
        .cloned()
        .map(|blob| {
            let pusher = pusher.clone();
            tokio::spawn(async move { pusher.push_blob(&blob).await })
        })
        .collect();
    for blob in blobs {
        blob.await.unwrap()?;
    }
    for (descriptor, bytes) in &image.manifests {
        pusher.push_manifest(descriptor, bytes.clone()).await?;
    }
    pusher.tag(tag, &image.index.0, image.index.1.clone()).await
}

/// The user `writer`, who may pull and push, and the user `reader`, who may pull.
pub(crate) fn tokens() -> Tokens {
    Tokens::new().user("writer", "writepw", &["pull", "push"]).user("reader", "readpw", &["pull"])
}

pub(crate) fn writer(registry: &Registry) -> Client {
    user(registry, "writer", "writepw").build()
}

/// A blob as the registry has it, still to be fetched.
pub(crate) fn remote(client: &Client, registry: &Registry, repository: &str, bytes: &Bytes) -> Blob {
    registry.put_blob(repository, bytes.clone());
    client.blob(&reference(registry, repository), layer(bytes.clone()).descriptor().clone())
}

pub(crate) fn blob_error(error: imgbuild::blob::Error) -> Error {
    Error::from(error)
}

/// Writes nothing, as a log of a registry must show: no PUT, no PATCH.
pub(crate) fn sent_no_bytes(registry: &Registry) -> bool {
    registry.count("PUT", "*") + registry.count("PATCH", "*") == 0
}
