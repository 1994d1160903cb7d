//! Publishes to a repository of a registry.
//!
//! Blobs, then child manifests by digest, then what refers to them, then the index, one PUT a tag: until then no tag has moved. What the tags name is asked
//! once, and answers for everything that those images have in common with the new one.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::OnceCell;

use super::{BlobReceipt, Error, Receipt, Role, Session, Target, known, parts};
use crate::blob::{Blob, BoxFuture};
use crate::cache::Cache;
use crate::event::{Events, Outcome};
use crate::image::ImageIndex;
use crate::oci::{Digest, MAX_MANIFEST_BYTES, Reference};
use crate::registry::{self, Client, Proof, Pusher, Tagged};

/// Blobs that one target sends at a time. The client's own limit on connections holds beside it.
const BLOBS_AT_ONCE: usize = 8;
/// Layers up to this size are sent without asking first whether they are there: the answer takes as long.
const SMALL: u64 = 32 << 10;

/// One repository and the tags that are to name the image there.
///
/// Without a client of its own it uses that of the build.
#[derive(Debug, Clone)]
pub struct RegistryTarget {
    client: OnceLock<Client>,
    cache: OnceLock<Cache>,
    repository: Reference,
    tags: Vec<String>,
    /// What each tag named when it was asked for.
    named: OnceCell<Vec<Option<Digest>>>,
}

impl RegistryTarget {
    /// The repository and tag of `reference`, `latest` where it names none. A digest in it is refused when it is used.
    #[must_use]
    pub fn new(reference: Reference) -> Self {
        let tags = vec![reference.tag().unwrap_or("latest").to_owned()];
        Self { client: OnceLock::new(), cache: OnceLock::new(), repository: reference, tags, named: OnceCell::new() }
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

    /// What each tag names. It is asked once.
    async fn named(&self) -> Result<&[Option<Digest>], Error> {
        let pusher = &self.connected()?.pusher(&self.repository);
        let ask = || async {
            let heads = self.tags.iter().map(|tag| pusher.named(tag));
            stream::iter(heads.collect::<Vec<_>>()).buffered(BLOBS_AT_ONCE).try_collect::<Vec<_>>().await
        };
        self.named.get_or_try_init(ask).await.map(Vec::as_slice).map_err(|source| self.error(source))
    }

    /// What the repository has for sure: the parts of the images that the tags name, else of the one that was published last.
    async fn known(&self) -> Result<HashSet<Digest>, Error> {
        let Some(cache) = self.cache.get() else { return Ok(HashSet::new()) };
        let mut parts: HashSet<Digest> = self.named().await?.iter().flatten().flat_map(|digest| known::parts(cache, digest)).collect();
        if parts.is_empty()
            && let Some(last) = known::last_published(cache, &self.repository.repository())
            && self.connected()?.pusher(&self.repository).has_manifest(&last).await.map_err(|source| self.error(source))?
        {
            parts = known::parts(cache, &last);
        }
        Ok(parts)
    }

    /// The receipt of an image that every tag names.
    async fn unchanged(&self, image: &ImageIndex) -> Result<Option<Receipt>, Error> {
        let is_same = self.named().await?.iter().all(|digest| digest.as_ref() == Some(image.digest()));
        let is_same = is_same && self.unlisted(image).await?.is_empty();
        Ok(is_same.then(|| Receipt::unchanged(self.references(image.digest()), image)))
    }

    /// The referrers that the repository does not list under their subjects.
    async fn unlisted(&self, image: &ImageIndex) -> Result<HashSet<Digest>, Error> {
        let subjects: HashSet<&Digest> = image.referrers.iter().map(|referrer| &referrer.subject).collect();
        if subjects.is_empty() {
            return Ok(HashSet::new());
        }
        let pusher = &self.connected()?.pusher(&self.repository);
        let ask: Vec<_> = subjects.into_iter().map(|subject| pusher.referrers(subject)).collect();
        let listed = stream::iter(ask).buffer_unordered(BLOBS_AT_ONCE).try_concat().await.map_err(|source| self.error(source))?;
        let digests = image.referrers.iter().map(|referrer| referrer.artifact.digest());
        Ok(digests.filter(|digest| !listed.contains(digest)).cloned().collect())
    }
}

impl Target for RegistryTarget {
    fn name(&self) -> String {
        format!("{}:{}", self.repository.repository(), self.tags.join(","))
    }

    fn connect(&self, client: &Client, cache: &Cache) {
        self.client.get_or_init(|| client.clone());
        self.cache.get_or_init(|| cache.clone());
    }

    fn is_new(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async move { Ok(self.named().await?.iter().any(Option::is_none)) })
    }

    fn repositories(&self) -> Vec<Reference> {
        let named = |tag: &String| format!("{}:{tag}", self.repository.repository()).parse().ok();
        self.tags.first().and_then(named).into_iter().collect()
    }

    /// Layers of a repository in the same registry are linked, not sent.
    fn needs(&self, blob: &Blob) -> bool {
        blob.repository().is_none_or(|repository| repository.domain() != self.repository.domain())
    }

    fn find<'a>(&'a self, image: &'a ImageIndex) -> BoxFuture<'a, Result<Option<Receipt>, Error>> {
        Box::pin(self.unchanged(image))
    }

    fn open<'a>(&'a self, blobs: &'a [Blob], _: &'a Events) -> BoxFuture<'a, Result<Box<dyn Session>, Error>> {
        Box::pin(async move {
            let pusher = self.connected()?.pusher(&self.repository);
            let known = self.known().await?;
            let is_new = !known.is_empty() || self.named().await?.iter().all(Option::is_none);
            pusher.assume(known);
            // A token with fewer actions than asked is no error (Docker token specification), so only a POST proves
            // that pushing is allowed. Whoever may not push may still find that nothing has changed.
            let denied = match prove(&pusher, blobs).await {
                Ok(()) => None,
                Err(error @ registry::Error::Denied(_)) if self.named().await?.iter().all(Option::is_some) => Some(error),
                Err(error) => return Err(self.error(error)),
            };
            let session = RegistrySession { target: self.clone(), pusher, denied: Mutex::new(denied), is_new, outcomes: Mutex::default() };
            Ok(Box::new(session) as Box<dyn Session>)
        })
    }
}

struct RegistrySession {
    target: RegistryTarget,
    pusher: Pusher,
    /// Why pushing is not allowed; raised unless nothing is to be pushed.
    denied: Mutex<Option<registry::Error>>,
    /// Whether manifests are most probably not there: the repository's are known, or no tag names one.
    is_new: bool,
    outcomes: Mutex<HashMap<Digest, Outcome>>,
}

impl RegistrySession {
    async fn push(&self, role: Role, blob: &Blob) -> Result<BlobReceipt, Error> {
        let known = lock(&self.outcomes).get(blob.digest()).copied();
        let outcome = match (known, role) {
            (Some(outcome), _) => outcome,
            (None, Role::Layer | Role::Config) => {
                let is_offered = role == Role::Config || blob.size() <= SMALL;
                let pushed = if is_offered { self.pusher.offer_blob(blob).await } else { self.pusher.push_blob(blob).await };
                pushed.map_err(|source| self.target.error(source))?
            }
            (None, Role::Manifest | Role::Index | Role::Referrer) => {
                let bytes = blob.read(MAX_MANIFEST_BYTES).await.map_err(|source| self.target.error(registry::Error::Source(source)))?;
                let descriptor = blob.descriptor();
                let put = if role == Role::Referrer {
                    self.pusher.put_referrer(descriptor, bytes).await.map(|()| Outcome::Sent)
                } else if self.is_new {
                    self.pusher.put_manifest(descriptor, bytes).await
                } else {
                    self.pusher.push_manifest(descriptor, bytes).await
                };
                put.map_err(|source| self.target.error(source))?
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
        // Each one's entry is added to its subject's list, which is read and written as a whole where the registry keeps none.
        let unlisted = self.target.unlisted(image).await?;
        for (role, blob) in all.iter().filter(|(role, _)| *role == Role::Referrer) {
            receipts.push(if unlisted.contains(blob.digest()) {
                self.push(*role, blob).await?
            } else {
                BlobReceipt::new(*role, blob, Outcome::Present)
            });
        }
        let bytes = image.index.read(MAX_MANIFEST_BYTES).await.map_err(|source| self.target.error(registry::Error::Source(source)))?;
        let mut moved = 0;
        for (tag, named) in self.target.tags.iter().zip(self.target.named().await?) {
            let (descriptor, bytes) = (image.index.descriptor(), bytes.clone());
            let tagged = if named.as_ref() == Some(image.digest()) {
                self.pusher.tag(tag, descriptor, bytes).await
            } else {
                self.pusher.move_tag(tag, descriptor, bytes).await
            };
            moved += u64::from(tagged.map_err(|source| self.target.error(source))? == Tagged::Moved);
        }
        let outcome = if moved > 0 { Outcome::Sent } else { Outcome::Present };
        receipts.push(BlobReceipt::new(Role::Index, &image.index, outcome));
        let unchanged = receipts.iter().all(|receipt| receipt.outcome == Outcome::Present);
        let mut receipt = Receipt::new(self.target.references(image.digest()), unchanged, receipts);
        // The index is one blob, and goes over the wire once a tag.
        receipt.bytes_sent += image.index.size() * moved.saturating_sub(1);
        Ok(receipt)
    }
}

impl Session for RegistrySession {
    fn expect_large(&self) {
        self.pusher.keep_session();
    }

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
            // What was said before the layers were made is old by now. Where it means that nothing is to be done, it is asked again.
            let now = RegistryTarget { named: OnceCell::new(), ..self.target.clone() };
            let asked = if self.target.unchanged(image).await?.is_some() { &now } else { &self.target };
            let receipt = if let Some(receipt) = asked.unchanged(image).await? {
                receipt
            } else if let Some(denied) = lock(&self.denied).take() {
                return Err(self.target.error(denied));
            } else {
                self.push_all(image).await?
            };
            if let Some(cache) = self.target.cache.get() {
                let repository = self.target.repository.repository();
                // The image is there; that the next build will have to ask more is no reason to fail.
                known::remember(cache, &repository, image).await.unwrap_or_else(|error| tracing::warn!("{error}"));
            }
            self.pusher.close().await;
            Ok(receipt)
        })
    }

    fn abort(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.pusher.close())
    }
}

/// Proves that pushing is allowed by the first request that writes: for a blob of the base where that is not there yet,
/// else by a session that a layer uses.
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
