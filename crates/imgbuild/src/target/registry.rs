//! Publishes to a repository of a registry.
//!
//! Blobs, then child manifests by digest, then the index, one PUT a tag: until then no tag has moved.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::{BlobReceipt, Error, Receipt, Role, Session, Target, parts};
use crate::blob::{Blob, BoxFuture};
use crate::event::{Events, Outcome};
use crate::image::ImageIndex;
use crate::oci::{Digest, MAX_MANIFEST_BYTES, Reference};
use crate::registry::{self, Client, Proof, Pusher, Tagged};

/// Blobs that one target sends at a time. The client's own limit on connections holds beside it.
const BLOBS_AT_ONCE: usize = 8;

/// One repository and the tags that are to name the image there.
///
/// Without a client of its own it uses that of the build.
#[derive(Debug, Clone)]
pub struct RegistryTarget {
    client: OnceLock<Client>,
    repository: Reference,
    tags: Vec<String>,
    /// What the tags named when it was asked whether they are there, for the question that follows at once.
    named: Arc<Mutex<Option<Vec<Option<Digest>>>>>,
}

impl RegistryTarget {
    /// The repository and tag of `reference`, `latest` where it names none. A digest in it is refused when it is used.
    #[must_use]
    pub fn new(reference: Reference) -> Self {
        let tags = vec![reference.tag().unwrap_or("latest").to_owned()];
        Self { client: OnceLock::new(), repository: reference, tags, named: Arc::default() }
    }

    /// Uses this client instead of the build's.
    #[must_use]
    pub fn client(self, client: Client) -> Self {
        Self { client: client.into(), ..self }
    }

    /// One target a repository, whatever the order of the references: its tags share one set of blobs.
    #[must_use]
    pub fn group(references: impl IntoIterator<Item = Reference>) -> Vec<Self> {
        let mut targets: Vec<Self> = Vec::new();
        for new in references.into_iter().map(Self::new) {
            match targets.iter_mut().find(|target| target.repository.repository() == new.repository.repository()) {
                Some(target) => target.tags.extend(new.tags.into_iter().filter(|tag| !target.tags.contains(tag)).collect::<Vec<_>>()),
                None => targets.push(new),
            }
        }
        targets
    }

    /// The client, once it is clear that the reference can be pushed to.
    fn connected(&self) -> Result<&Client, Error> {
        if self.repository.digest().is_some() {
            return Err(Error::Digest(self.repository.to_string()));
        }
        self.client.get().ok_or_else(|| Error::NoClient(self.name()))
    }

    fn references(&self, digest: &Digest) -> Vec<String> {
        self.tags.iter().map(|tag| format!("{}:{tag}@{digest}", self.repository.repository())).collect()
    }

    fn error(&self, source: registry::Error) -> Error {
        Error::Registry { target: self.name(), source }
    }

    /// What each tag names now.
    async fn tagged(&self) -> Result<Vec<Option<Digest>>, Error> {
        let pusher = &self.connected()?.pusher(&self.repository);
        let heads = self.tags.iter().map(|tag| pusher.named(tag));
        stream::iter(heads.collect::<Vec<_>>()).buffered(BLOBS_AT_ONCE).try_collect().await.map_err(|source| self.error(source))
    }
}

impl Target for RegistryTarget {
    fn name(&self) -> String {
        format!("{}:{}", self.repository.repository(), self.tags.join(","))
    }

    fn connect(&self, client: &Client) {
        self.client.get_or_init(|| client.clone());
    }

    fn is_new(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move {
            let named = self.tagged().await?;
            let is_new = named.iter().any(Option::is_none);
            *lock(&self.named) = Some(named);
            Ok(is_new)
        })
    }

    fn find<'a>(&'a self, image: &'a ImageIndex) -> BoxFuture<'a, Result<Option<Receipt>, Error>> {
        Box::pin(async move {
            let known = lock(&self.named).take();
            let named = match known {
                Some(named) => named,
                None => self.tagged().await?,
            };
            let same = named.iter().all(|digest| digest.as_ref() == Some(image.digest()));
            Ok(same.then(|| Receipt::unchanged(self.references(image.digest()), image)))
        })
    }

    fn open<'a>(&'a self, blobs: &'a [Blob], _: &'a Events) -> BoxFuture<'a, Result<Box<dyn Session>, Error>> {
        Box::pin(async move {
            let pusher = self.connected()?.pusher(&self.repository);
            // A token with fewer actions than asked is no error (Docker token specification), so only a POST proves
            // that pushing is allowed. Whoever may not push may still find that nothing has changed.
            let denied = match prove(&pusher, blobs).await {
                Ok(()) => None,
                Err(error @ registry::Error::Denied(_)) if self.tagged().await.is_ok_and(|tags| tags.iter().all(Option::is_some)) => {
                    Some(error)
                }
                Err(error) => return Err(self.error(error)),
            };
            // What was said before is old by the time that the image is whole.
            let target = Self { named: Arc::default(), ..self.clone() };
            let session = RegistrySession { target, pusher, denied: Mutex::new(denied), outcomes: Mutex::default() };
            Ok(Box::new(session) as Box<dyn Session>)
        })
    }
}

struct RegistrySession {
    target: RegistryTarget,
    pusher: Pusher,
    /// Why pushing is not allowed; raised unless nothing is to be pushed.
    denied: Mutex<Option<registry::Error>>,
    outcomes: Mutex<HashMap<Digest, Outcome>>,
}

impl RegistrySession {
    async fn push(&self, role: Role, blob: &Blob) -> Result<BlobReceipt, Error> {
        let known = lock(&self.outcomes).get(blob.digest()).copied();
        let outcome = match (known, role) {
            (Some(outcome), _) => outcome,
            (None, Role::Layer | Role::Config) => self.pusher.push_blob(blob).await.map_err(|source| self.target.error(source))?,
            (None, Role::Manifest | Role::Index) => {
                let bytes = blob.read(MAX_MANIFEST_BYTES).await.map_err(|source| self.target.error(registry::Error::Source(source)))?;
                self.pusher.push_manifest(blob.descriptor(), bytes).await.map_err(|source| self.target.error(source))?
            }
        };
        lock(&self.outcomes).entry(blob.digest().clone()).or_insert(outcome);
        Ok(BlobReceipt::new(role, blob, outcome))
    }

    async fn push_all(&self, image: &ImageIndex) -> Result<Receipt, Error> {
        let all = parts(image);
        let mut receipts = Vec::with_capacity(all.len());
        for wanted in [&[Role::Layer, Role::Config][..], &[Role::Manifest]] {
            let stage: Vec<_> = all.iter().filter(|(role, _)| wanted.contains(role)).map(|(role, blob)| self.push(*role, blob)).collect();
            receipts.extend(stream::iter(stage).buffered(BLOBS_AT_ONCE).try_collect::<Vec<_>>().await?);
        }
        // An index within another must be there before the one that names it, so these go one by one.
        for (role, blob) in all.iter().filter(|(role, blob)| *role == Role::Index && blob.digest() != image.digest()) {
            receipts.push(self.push(*role, blob).await?);
        }
        let bytes = image.index.read(MAX_MANIFEST_BYTES).await.map_err(|source| self.target.error(registry::Error::Source(source)))?;
        let mut moved = 0;
        for tag in &self.target.tags {
            let tagged = self.pusher.tag(tag, image.index.descriptor(), bytes.clone()).await.map_err(|source| self.target.error(source))?;
            moved += u64::from(tagged == Tagged::Moved);
        }
        let outcome = if moved > 0 { Outcome::Sent } else { Outcome::Present };
        receipts.push(BlobReceipt::new(Role::Index, &image.index, outcome));
        let mut receipt = Receipt::new(self.target.references(image.digest()), moved == 0, receipts);
        // The index is one blob, and goes over the wire once a tag.
        receipt.bytes_sent += image.index.size() * moved.saturating_sub(1);
        Ok(receipt)
    }
}

impl Session for RegistrySession {
    fn send<'a>(&'a self, blob: &'a Blob) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            if lock(&self.denied).is_some() {
                return Ok(());
            }
            self.push(Role::Layer, blob).await.map(drop)
        })
    }

    fn publish<'a>(&'a self, image: &'a ImageIndex) -> BoxFuture<'a, Result<Receipt, Error>> {
        Box::pin(async move {
            let receipt = if let Some(receipt) = self.target.find(image).await? {
                receipt
            } else if let Some(denied) = lock(&self.denied).take() {
                return Err(self.target.error(denied));
            } else {
                self.push_all(image).await?
            };
            self.pusher.close().await;
            Ok(receipt)
        })
    }

    fn abort(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.pusher.close())
    }
}

/// Proves that pushing is allowed by the first request that writes: for a blob of the base where that is not there yet,
/// else by a session that the first layer uses.
async fn prove(pusher: &Pusher, blobs: &[Blob]) -> Result<(), registry::Error> {
    let needed = blobs.iter().find(|blob| !blob.descriptor().media_type.is_nondistributable());
    match needed {
        Some(blob) if pusher.prove(blob).await? != Proof::Present => Ok(()),
        _ => pusher.prove_by_session().await,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
