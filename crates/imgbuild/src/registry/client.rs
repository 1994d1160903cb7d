//! The client: a cheap handle to everything that talks to registries.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use url::Url;

use super::Error;
use super::builder::ClientBuilder;
use super::download::RemoteSource;
use super::mirror::Mirrors;
use super::push::Pusher;
use super::transport::{Endpoint, Transport};
use crate::blob::Blob;
use crate::event::Events;
use crate::oci::{Descriptor, Digest, Reference};

/// Talks to registries. Cheap to clone; clones share connections, tokens and limits.
#[derive(Clone)]
pub struct Client(pub(super) Arc<Shared>);

pub(super) struct Shared {
    pub(super) transport: Transport,
    pub(super) mirrors: Mirrors,
    pub(super) downloads: Arc<Semaphore>,
    pub(super) uploads: Semaphore,
    endpoints: Mutex<HashMap<String, Arc<Endpoint>>>,
    /// Blobs of which a mirror served other bytes.
    refuted: Mutex<HashSet<Digest>>,
}

impl Client {
    /// Sets up a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    pub(super) fn new(transport: Transport, mirrors: Mirrors, jobs: usize) -> Self {
        Self(Arc::new(Shared {
            transport,
            mirrors,
            downloads: Arc::new(Semaphore::new(jobs)),
            uploads: Semaphore::new(jobs),
            endpoints: Mutex::default(),
            refuted: Mutex::default(),
        }))
    }

    /// The blob that `descriptor` names in `repository`. Nothing is fetched until it is opened.
    #[must_use]
    pub fn blob(&self, repository: &Reference, descriptor: Descriptor) -> Blob {
        Blob::new(descriptor, RemoteSource::new(self.clone(), repository.clone()))
    }

    /// Writes to the repository of `target`. Nothing is sent yet.
    #[must_use]
    pub fn pusher(&self, target: &Reference) -> Pusher {
        Pusher::new(self.clone(), target.clone())
    }

    pub(super) fn transport(&self) -> &Transport {
        &self.0.transport
    }

    pub(super) fn events(&self) -> &Events {
        &self.0.transport.events
    }

    /// The registry of a reference.
    pub(super) fn endpoint(&self, reference: &Reference) -> Arc<Endpoint> {
        let mut endpoints = self.0.endpoints.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Arc::new(Endpoint::new(reference.domain(), reference.registry_host()));
        Arc::clone(endpoints.entry(reference.domain().to_owned()).or_insert_with(make))
    }

    /// The places to read a reference from, the registry itself last; one behind which another stands is not insisted on.
    pub(super) fn places(&self, reference: &Reference) -> Result<Vec<(Reference, bool)>, Error> {
        let places = self.0.mirrors.places(reference)?;
        let last = places.len();
        Ok(places.into_iter().enumerate().map(|(number, place)| (place, number + 1 == last)).collect())
    }

    /// The places to read a blob from. Where a mirror served other bytes, the registry itself is the only one left.
    pub(super) fn places_of_blob(&self, repository: &Reference, digest: &Digest) -> Result<Vec<(Reference, bool)>, Error> {
        let mut places = self.places(&repository.by_digest(digest.clone()))?;
        if self.refuted().contains(digest) {
            places.retain(|(_, is_last)| *is_last);
        }
        Ok(places)
    }

    /// Takes note that a mirror served other bytes than those of `digest`.
    pub(super) fn refute(&self, mirror: &Reference, digest: &Digest) {
        if self.refuted().insert(digest.clone()) {
            self.warn_of(mirror, digest);
        }
    }

    /// Tells that what a mirror serves is wrong.
    pub(super) fn warn_of(&self, mirror: &Reference, digest: &Digest) {
        let mirror = mirror.repository();
        self.events().warn(format!("the mirror `{mirror}` does not serve what `{digest}` names; the registry itself is asked"), None);
    }

    fn refuted(&self) -> MutexGuard<'_, HashSet<Digest>> {
        self.0.refuted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The URL of `what` in the repository of a reference, such as `manifests/latest`.
    pub(super) async fn url(&self, endpoint: &Endpoint, reference: &Reference, what: &str) -> Result<Url, Error> {
        let base = endpoint.base(self.transport()).await?;
        let path = format!("v2/{}/{what}", reference.path());
        base.join(&path).map_err(|error| Error::Input(format!("`{reference}` makes no URL: {error}")))
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::builder().build()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("registry::Client")
    }
}
