//! Writing to one repository: blobs, then manifests by digest, then tags.
//!
//! A [`Pusher`] remembers what it has put where, so that nothing is sent twice, and so that it can mend what a registry
//! lost. It refuses to move a tag by itself: the caller says when everything below it is there.

mod manifest;
mod referrer;
mod session;
mod upload;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use reqwest::{Method, StatusCode};
use tokio::sync::OnceCell;
use tokio_util::task::TaskTracker;
use url::Url;

use super::Error;
use super::auth::Scopes;
use super::client::Client;
use super::transport::{Endpoint, Request};
use crate::blob::Blob;
use crate::event::{Direction, Event, Outcome};
use crate::oci::{Descriptor, Digest, Reference};

use session::{Begun, Session};

/// Writes to one repository. Cheap to clone; clones share what is known to be there.
///
/// Dropping a future of it stops the work. Then, and after a failure, [`close`](Self::close) tells the registry.
#[derive(Clone)]
pub struct Pusher(Arc<Shared>);

struct Shared {
    client: Client,
    endpoint: Arc<Endpoint>,
    target: Reference,
    blobs: Mutex<HashMap<Digest, Arc<Slot>>>,
    manifests: Mutex<HashMap<Digest, (Descriptor, Bytes)>>,
    /// What a manifest that is there names, so that it need not be asked for.
    assumed: Mutex<HashSet<Digest>>,
    /// Sessions that were opened to prove permission and wait for an upload.
    spare: Mutex<Vec<Session>>,
    /// Whether they wait for a large one.
    is_spare_kept: AtomicBool,
    /// The places of all sessions that the registry holds for us.
    open: Mutex<HashMap<u64, Url>>,
    /// Requests that may open a session, until their answer is known.
    posts: TaskTracker,
    /// Repositories that the registry lets us mount nothing from.
    unmountable: Mutex<HashSet<String>>,
    sent: AtomicU64,
    mounted: AtomicU64,
    present: AtomicU64,
    documents: AtomicU64,
}

/// One blob on its way, or there.
struct Slot {
    blob: Blob,
    outcome: OnceCell<Outcome>,
}

/// When a registry is asked whether it has a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Before anything else.
    First,
    /// By the request that begins the upload.
    WithUpload,
}

/// What shows that we may push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// The blob was mounted.
    Mounted,
    /// An upload session is open; the next upload uses it, or the one that it is [kept](Pusher::keep_session) for.
    Session,
    /// Nothing: the blob is there already, and reading was enough to see it.
    Present,
}

/// What happened to a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagged {
    /// The tag names the digest now, and did not before.
    Moved,
    /// The tag named the digest already.
    Unchanged,
}

/// How many bytes a pusher sent and did not have to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Bytes of blobs that were uploaded.
    pub sent: u64,
    /// Bytes of blobs that were mounted from another repository.
    pub mounted: u64,
    /// Bytes of blobs that were there already.
    pub present: u64,
    /// Bytes of manifests and indexes that were sent.
    pub documents: u64,
}

impl Pusher {
    pub(super) fn new(client: Client, target: Reference) -> Self {
        Self(Arc::new(Shared {
            endpoint: client.endpoint(&target),
            client,
            target,
            blobs: Mutex::default(),
            manifests: Mutex::default(),
            assumed: Mutex::default(),
            spare: Mutex::default(),
            is_spare_kept: AtomicBool::default(),
            open: Mutex::default(),
            posts: TaskTracker::new(),
            unmountable: Mutex::default(),
            sent: AtomicU64::new(0),
            mounted: AtomicU64::new(0),
            present: AtomicU64::new(0),
            documents: AtomicU64::new(0),
        }))
    }

    /// The repository that is written to.
    #[must_use]
    pub fn target(&self) -> &Reference {
        &self.0.target
    }

    /// Shows that we may push, by the first request that writes for `first`: its mount, or its upload session.
    ///
    /// A token proves nothing: a token server may hand out one with fewer actions than were asked for. Where the blob is there
    /// already, nothing is written and nothing proven; try the next one, or [`prove_by_session`](Self::prove_by_session).
    ///
    /// # Errors
    /// [`Error::Denied`] where we may not push.
    pub async fn prove(&self, first: &Blob) -> Result<Proof, Error> {
        let slot = self.slot(first);
        if slot.outcome.get().is_some() || self.is_assumed(first.digest()) {
            return Ok(Proof::Present);
        }
        // A mount finds what is there already, too.
        if self.mount_source(first).await?.is_none() && self.has_blob(first.digest()).await? {
            let _ = slot.outcome.set(self.report(first, Outcome::Present));
            return Ok(Proof::Present);
        }
        match self.begin(first).await? {
            Begun::Present | Begun::Mounted => {
                let _ = slot.outcome.set(self.report(first, Outcome::Mounted));
                Ok(Proof::Mounted)
            }
            Begun::Session(session) => {
                lock(&self.0.spare).push(session);
                Ok(Proof::Session)
            }
        }
    }

    /// Shows that we may push, by opening an upload session. The next upload uses it, or the one that it is
    /// [kept](Self::keep_session) for, or [`close`](Self::close) deletes it.
    ///
    /// # Errors
    /// [`Error::Denied`] where we may not push.
    pub async fn prove_by_session(&self) -> Result<(), Error> {
        let session = self.open_session().await?;
        lock(&self.0.spare).push(session);
        Ok(())
    }

    /// Makes a blob be there: finds it, mounts it or uploads it. A blob that several platforms need is sent once.
    ///
    /// Layers that must not be distributed are never sent: their manifest names where they are.
    ///
    /// # Errors
    /// When the registry cannot be asked or refuses, or when the blob cannot be read.
    pub async fn push_blob(&self, blob: &Blob) -> Result<Outcome, Error> {
        if blob.descriptor().media_type.is_nondistributable() {
            return Ok(Outcome::Present);
        }
        let slot = self.slot(blob);
        slot.outcome.get_or_try_init(|| self.bring(blob, Asked::First)).await.copied()
    }

    /// The same for a blob that is small and most probably not there: whether it is, is asked in the request that begins its upload.
    /// A registry that does not answer that gets its bytes again.
    ///
    /// # Errors
    /// As [`push_blob`](Self::push_blob).
    pub async fn offer_blob(&self, blob: &Blob) -> Result<Outcome, Error> {
        let slot = self.slot(blob);
        slot.outcome.get_or_try_init(|| self.bring(blob, Asked::WithUpload)).await.copied()
    }

    /// Takes it that the repository has these blobs and manifests, because one that names them was just seen there. Where the registry
    /// disagrees it refuses what names them, and then they are sent.
    pub fn assume(&self, digests: impl IntoIterator<Item = Digest>) {
        lock(&self.0.assumed).extend(digests);
    }

    /// Keeps the session that proved our permission for the next blob that is [pushed](Self::push_blob), a large one that is still made:
    /// small ones that are [offered](Self::offer_blob) meanwhile open their own. It is kept no longer once a pushed blob was found to be
    /// there already.
    pub fn keep_session(&self) {
        self.0.is_spare_kept.store(true, Ordering::Relaxed);
    }

    fn is_assumed(&self, digest: &Digest) -> bool {
        lock(&self.0.assumed).contains(digest)
    }

    /// Deletes the upload sessions that were not used. It is best effort: registries drop them by themselves some day.
    pub async fn close(&self) {
        lock(&self.0.spare).clear();
        self.0.posts.close();
        self.0.posts.wait().await;
        let open: Vec<Url> = lock(&self.0.open).drain().map(|(_, url)| url).collect();
        for url in open {
            self.delete_session(url).await;
        }
    }

    /// What was sent and what was not, so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let shared = &self.0;
        Traffic {
            sent: read(&shared.sent),
            mounted: read(&shared.mounted),
            present: read(&shared.present),
            documents: read(&shared.documents),
        }
    }

    fn slot(&self, blob: &Blob) -> Arc<Slot> {
        let make = || Arc::new(Slot { blob: blob.clone(), outcome: OnceCell::new() });
        Arc::clone(lock(&self.0.blobs).entry(blob.digest().clone()).or_insert_with(make))
    }

    async fn bring(&self, blob: &Blob, asked: Asked) -> Result<Outcome, Error> {
        if self.is_assumed(blob.digest()) {
            return Ok(self.report(blob, Outcome::Present));
        }
        let is_mountable = self.mount_source(blob).await?.is_some();
        let mut kept = None;
        if !is_mountable && asked == Asked::First {
            let is_present = self.has_blob(blob.digest()).await?;
            let was_kept = self.0.is_spare_kept.swap(false, Ordering::Relaxed);
            if is_present {
                return Ok(self.report(blob, Outcome::Present));
            }
            if was_kept {
                kept = lock(&self.0.spare).pop();
            }
        }
        let closed = |_| Error::Input("the client was shut down".to_owned());
        let _permit = self.0.client.0.uploads.acquire().await.map_err(closed)?;
        // A session that proved our permission saves a request, but a mount saves the bytes.
        let may_use = !is_mountable && !self.0.is_spare_kept.load(Ordering::Relaxed);
        let spare = kept.or_else(|| if may_use { lock(&self.0.spare).pop() } else { None });
        let begun = match (spare, asked) {
            (Some(session), _) => Begun::Session(session),
            (None, Asked::WithUpload) if !is_mountable => self.begin_or_find(blob).await?,
            (None, _) => self.begin(blob).await?,
        };
        match begun {
            Begun::Mounted => Ok(self.report(blob, Outcome::Mounted)),
            Begun::Present => Ok(self.report(blob, Outcome::Present)),
            // Where mounts are refused, it was not said yet whether the blob is there.
            Begun::Session(session) if is_mountable && self.has_blob(blob.digest()).await? => {
                lock(&self.0.spare).push(session);
                Ok(self.report(blob, Outcome::Present))
            }
            Begun::Session(session) => {
                self.upload(blob, session).await?;
                Ok(self.report(blob, Outcome::Sent))
            }
        }
    }

    /// Whether the target has the blob now.
    async fn has_blob(&self, digest: &Digest) -> Result<bool, Error> {
        let Shared { client, endpoint, target, .. } = &*self.0;
        let url = client.url(endpoint, target, &format!("blobs/{digest}")).await?;
        let ask = |scopes| Request::new(Method::HEAD, url.clone()).access(target.path(), scopes);
        let mut request = ask(Scopes::pull(target.path()));
        let answer = match client.transport().send(endpoint, &request).await {
            // Where the repository does not exist yet, the right to pull may not either, and comes with the right to push.
            Err(Error::Denied(_)) => {
                request = ask(Scopes::push(target.path()));
                client.transport().send(endpoint, &request).await?
            }
            answer => answer?,
        };
        match answer.status() {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(client.transport().refuse(endpoint, &request, answer).await),
        }
    }

    fn report(&self, blob: &Blob, outcome: Outcome) -> Outcome {
        let counter = match outcome {
            Outcome::Sent => &self.0.sent,
            Outcome::Mounted => &self.0.mounted,
            Outcome::Present => &self.0.present,
        };
        counter.fetch_add(blob.size(), Ordering::Relaxed);
        let (digest, size) = (blob.digest().clone(), blob.size());
        self.0.client.events().emit(&Event::TransferFinished { digest, direction: Direction::Upload, outcome, size });
        outcome
    }
}

impl fmt::Debug for Pusher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Pusher({})", self.0.target)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
