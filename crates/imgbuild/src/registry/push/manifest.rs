//! Putting manifests by digest, and tags.

use bytes::Bytes;
use reqwest::{Method, StatusCode};

use super::super::Error;
use super::super::auth::Scopes;
use super::super::transport::{Answer, Body, Request, is_transient};
use super::{Pusher, Tagged, lock};
use crate::blob::BoxFuture;
use crate::event::Outcome;
use crate::oci::{Descriptor, Digest, Document, Reference};

impl Pusher {
    /// Makes a manifest or an index be there, by its digest. No tag moves.
    ///
    /// # Errors
    /// When the registry cannot be asked or refuses, or when `bytes` are not what `descriptor` says.
    pub async fn push_manifest(&self, descriptor: &Descriptor, bytes: Bytes) -> Result<Outcome, Error> {
        check(descriptor, &bytes)?;
        lock(&self.0.manifests).insert(descriptor.digest.clone(), (descriptor.clone(), bytes.clone()));
        let reference = self.0.target.by_digest(descriptor.digest.clone());
        if self.is_assumed(&descriptor.digest) || self.names(&reference).await? == Some(descriptor.digest.clone()) {
            return Ok(Outcome::Present);
        }
        self.put_document(&reference, descriptor, &bytes).await?;
        Ok(Outcome::Sent)
    }

    /// The same for a manifest that is most probably not there: it is sent without a question, since it is hardly larger than one.
    ///
    /// # Errors
    /// As [`push_manifest`](Self::push_manifest).
    pub async fn put_manifest(&self, descriptor: &Descriptor, bytes: Bytes) -> Result<Outcome, Error> {
        check(descriptor, &bytes)?;
        lock(&self.0.manifests).insert(descriptor.digest.clone(), (descriptor.clone(), bytes.clone()));
        if self.is_assumed(&descriptor.digest) {
            return Ok(Outcome::Present);
        }
        self.put_document(&self.0.target.by_digest(descriptor.digest.clone()), descriptor, &bytes).await?;
        Ok(Outcome::Sent)
    }

    /// Makes a tag name a manifest or an index, whose parts must be there. This is the one step that others see.
    ///
    /// A tag that names it already is left alone; so is one that a registry refuses to move and that names it all the same.
    ///
    /// # Errors
    /// When `tag` is no tag, when the registry cannot be asked or refuses, or when `bytes` are not what `descriptor` says.
    pub async fn tag(&self, tag: &str, descriptor: &Descriptor, bytes: Bytes) -> Result<Tagged, Error> {
        if self.names(&self.tagged(tag)?).await? == Some(descriptor.digest.clone()) {
            return Ok(Tagged::Unchanged);
        }
        self.move_tag(tag, descriptor, bytes).await
    }

    /// The same for a tag that is known to name something else, or nothing.
    ///
    /// # Errors
    /// As [`tag`](Self::tag).
    pub async fn move_tag(&self, tag: &str, descriptor: &Descriptor, bytes: Bytes) -> Result<Tagged, Error> {
        check(descriptor, &bytes)?;
        let reference = self.tagged(tag)?;
        match self.put_document(&reference, descriptor, &bytes).await {
            Ok(()) => Ok(Tagged::Moved),
            // Immutable tags are refused even when nothing would change (ECR 400 TAG_INVALID, Docker Hub 403, Harbor 412).
            Err(error) if matches!(error.status(), Some(400 | 403 | 409 | 412)) => match self.names(&reference).await {
                Ok(Some(named)) if named == descriptor.digest => Ok(Tagged::Unchanged),
                _ => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    /// The digest that a tag of the target names now, by the registry's own word: a mirror's may be old.
    ///
    /// # Errors
    /// When `tag` is no tag or the registry cannot be asked.
    pub async fn named(&self, tag: &str) -> Result<Option<Digest>, Error> {
        self.names(&self.tagged(tag)?).await
    }

    /// Whether the target has this manifest or index now.
    ///
    /// # Errors
    /// When the registry cannot be asked.
    pub async fn has_manifest(&self, digest: &Digest) -> Result<bool, Error> {
        Ok(self.names(&self.0.target.by_digest(digest.clone())).await?.is_some())
    }

    fn tagged(&self, tag: &str) -> Result<Reference, Error> {
        let text = format!("{}:{tag}", self.0.target.repository());
        text.parse().map_err(|error| Error::Input(format!("{error}")))
    }

    /// The digest that a reference names now.
    async fn names(&self, reference: &Reference) -> Result<Option<Digest>, Error> {
        match self.0.client.head_at(reference, true).await {
            // Where the repository does not exist yet, reading it can be denied to one who may create it.
            Err(Error::Denied(_)) => Ok(None),
            result => Ok(result?.map(|descriptor| descriptor.digest)),
        }
    }

    pub(super) async fn put_document(&self, reference: &Reference, descriptor: &Descriptor, bytes: &Bytes) -> Result<(), Error> {
        let (client, endpoint) = (&self.0.client, &self.0.endpoint);
        let url = client.url(endpoint, reference, &format!("manifests/{}", reference.selector())).await?;
        let path = reference.path();
        let request = Request::new(Method::PUT, url.clone())
            .access(path, Scopes::push(path))
            .body(descriptor.media_type.as_str(), Body::Bytes(bytes.clone()));
        let mut trial = client.transport().trial(request.line());
        let cool_down = client.transport().cool_down(&url);
        loop {
            let (error, wait) = match client.transport().attempt(endpoint, &request).await {
                Ok(answer)
                    if matches!(answer.status(), StatusCode::CREATED | StatusCode::OK | StatusCode::ACCEPTED | StatusCode::NO_CONTENT) =>
                {
                    same_digest(&answer, &descriptor.digest)?;
                    self.0.documents.fetch_add(bytes.len() as u64, std::sync::atomic::Ordering::Relaxed);
                    // A registry that lists referrers says so; for any other one the list is ours to keep.
                    if answer.header("oci-subject").is_none()
                        && let Ok(document) = Document::parse(bytes.clone(), Some(descriptor.media_type.clone()))
                        && let Some(subject) = document.subject()
                    {
                        self.keep_fallback(&subject.digest, document.as_referrer()).await?;
                    }
                    return Ok(());
                }
                Ok(answer) => {
                    let wait = answer.retry_after().filter(|_| is_transient(answer.status()));
                    (client.transport().refuse(endpoint, &request, answer).await, wait)
                }
                Err(error) => (error, None),
            };
            if is_of_children(&error) {
                // Registries that replicate can answer a HEAD from one store and check a manifest against another.
                trial.pause(error, wait, &cool_down).await?;
                self.push_children_again(bytes).await?;
            } else {
                trial.again(error, wait, &cool_down).await?;
            }
        }
    }

    /// Sends everything that a document names and that this pusher knows, whatever the registry said of it before.
    fn push_children_again<'a>(&'a self, bytes: &'a Bytes) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let Ok(document) = Document::parse(bytes.clone(), None) else { return Ok(()) };
            match document {
                Document::Index(index) => {
                    for child in index.manifests() {
                        let known = lock(&self.0.manifests).get(&child.digest).cloned();
                        if let Some((descriptor, bytes)) = known {
                            self.push_children_again(&bytes).await?;
                            self.put_document(&self.0.target.by_digest(descriptor.digest.clone()), &descriptor, &bytes).await?;
                        }
                    }
                }
                Document::Manifest(manifest) => {
                    for child in manifest.layers().iter().chain([manifest.config()]) {
                        let slot = lock(&self.0.blobs).get(&child.digest).cloned();
                        if let Some(slot) = slot {
                            let session = self.open_session().await?;
                            self.upload(&slot.blob, session).await?;
                        }
                    }
                }
            }
            Ok(())
        })
    }
}

/// Whether a document was refused for what it names: a blob (`MANIFEST_BLOB_UNKNOWN` or `BLOB_UNKNOWN`), or a manifest of an index
/// (distribution answers `MANIFEST_UNKNOWN`).
fn is_of_children(error: &Error) -> bool {
    error.has_code("BLOB_UNKNOWN") || error.has_code("MANIFEST_UNKNOWN")
}

pub(super) fn check(descriptor: &Descriptor, bytes: &Bytes) -> Result<(), Error> {
    let found = Descriptor::of(descriptor.media_type.clone(), bytes);
    if found.size == descriptor.size && found.digest == descriptor.digest {
        return Ok(());
    }
    Err(Error::Input(format!(
        "the document to push is {} ({} bytes), not {} ({} bytes)",
        found.digest, found.size, descriptor.digest, descriptor.size
    )))
}

/// A registry that stored something else says so by its digest.
fn same_digest(answer: &Answer, expected: &Digest) -> Result<(), Error> {
    match answer.header("docker-content-digest").and_then(|digest| digest.parse::<Digest>().ok()) {
        Some(found) if found.algorithm() == expected.algorithm() && found != *expected => {
            Err(Error::Integrity { request: answer.request.clone(), reason: format!("the registry stored {found}, not {expected}") })
        }
        _ => Ok(()),
    }
}
