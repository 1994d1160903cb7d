//! Reading manifests, indexes and small blobs.

use bytes::Bytes;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Method, StatusCode};

use super::Error;
use super::auth::Scopes;
use super::client::Client;
use super::transport::{Endpoint, Request};
use crate::oci::{Descriptor, Digest, Document, MAX_MANIFEST_BYTES, MediaType, Reference};

/// What we read; registries convert or refuse by this list.
pub(super) const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

impl Client {
    /// What `reference` names now, or nothing where there is no such manifest.
    ///
    /// It is a HEAD, which Docker Hub does not count as a pull. Registries that answer it without a digest (ECR, Red Hat's) are
    /// asked for the whole document.
    ///
    /// # Errors
    /// When the registry cannot be asked or denies it.
    pub async fn head(&self, reference: &Reference) -> Result<Option<Descriptor>, Error> {
        for (place, is_last) in self.places(reference)? {
            match self.head_at(&place, is_last).await {
                Ok(None) | Err(_) if !is_last => {}
                result => return result,
            }
        }
        Ok(None)
    }

    /// The same without mirrors.
    pub(super) async fn head_at(&self, reference: &Reference, insists: bool) -> Result<Option<Descriptor>, Error> {
        let endpoint = self.endpoint(reference);
        let request = self.manifest_request(&endpoint, Method::HEAD, reference, insists).await?;
        let answer = self.transport().send(&endpoint, &request).await?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(None),
            // Some proxies of registries know no HEAD.
            StatusCode::METHOD_NOT_ALLOWED => return self.head_by_get(reference, insists).await,
            _ => return Err(self.transport().refuse(&endpoint, &request, answer).await),
        }
        let digest = answer.header("docker-content-digest").and_then(|digest| digest.parse::<Digest>().ok());
        let size = answer.header("content-length").and_then(|length| length.parse::<u64>().ok());
        let media_type = answer.header(CONTENT_TYPE.as_str()).map(MediaType::from);
        match (digest, size, media_type) {
            (Some(digest), Some(size), Some(media_type)) if reference.digest().is_none_or(|wanted| *wanted == digest) => {
                Ok(Some(Descriptor::new(media_type, digest, size)))
            }
            _ => self.head_by_get(reference, insists).await,
        }
    }

    async fn head_by_get(&self, reference: &Reference, insists: bool) -> Result<Option<Descriptor>, Error> {
        match self.document_at(reference, insists).await {
            Ok(document) => Ok(Some(document.descriptor().clone())),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The manifest or index that `reference` names.
    ///
    /// # Errors
    /// When it is not there, is not what its digest says, or is a document that imgbuild refuses.
    pub async fn pull_document(&self, reference: &Reference) -> Result<Document, Error> {
        let places = self.places(reference)?;
        for (place, _) in places.iter().filter(|(_, is_last)| !is_last) {
            match self.document_at(place, false).await {
                Ok(document) => return Ok(document),
                Err(error) => self.pass_over(place, &error),
            }
        }
        let own = places.last().map_or(reference, |(place, _)| place);
        self.document_at(own, true).await
    }

    /// The same without mirrors.
    pub(super) async fn document_at(&self, reference: &Reference, insists: bool) -> Result<Document, Error> {
        let endpoint = self.endpoint(reference);
        let request = self.manifest_request(&endpoint, Method::GET, reference, insists).await?;
        let wanted = reference.digest().map(|digest| Descriptor::new(MediaType::Other("".into()), digest.clone(), u64::MAX));
        let (raw, served) = self.document_bytes(&endpoint, &request, wanted.as_ref()).await?;
        Document::parse(raw, served).map_err(|source| Error::Document { request: request.line(), source })
    }

    /// The document that `descriptor` names in `repository`; the descriptor's type decides, since its digest was checked.
    ///
    /// # Errors
    /// As [`pull_document`](Self::pull_document).
    pub async fn pull_child(&self, repository: &Reference, descriptor: &Descriptor) -> Result<Document, Error> {
        let reference = repository.by_digest(descriptor.digest.clone());
        let places = self.places(&reference)?;
        for (place, _) in places.iter().filter(|(_, is_last)| !is_last) {
            match self.child_at(place, descriptor, false).await {
                Ok(document) => return Ok(document),
                Err(error) => self.pass_over(place, &error),
            }
        }
        let own = places.last().map_or(&reference, |(place, _)| place);
        self.child_at(own, descriptor, true).await
    }

    /// A mirror may lack what is asked for, or be down; wrong bytes are something that its owner should know.
    fn pass_over(&self, mirror: &Reference, error: &Error) {
        tracing::debug!("mirror `{mirror}`: {error}");
        if let (Error::Integrity { .. }, Some(digest)) = (error, mirror.digest()) {
            self.warn_of(mirror, digest);
        }
    }

    async fn child_at(&self, reference: &Reference, descriptor: &Descriptor, insists: bool) -> Result<Document, Error> {
        let endpoint = self.endpoint(reference);
        let request = self.manifest_request(&endpoint, Method::GET, reference, insists).await?;
        let (raw, _) = self.document_bytes(&endpoint, &request, Some(descriptor)).await?;
        Document::parse(raw, Some(descriptor.media_type.clone())).map_err(|source| Error::Document { request: request.line(), source })
    }

    /// All bytes of a blob, such as an image configuration.
    ///
    /// # Errors
    /// When the blob has more than `limit` bytes, is not there, or is twice in a row not what its digest says.
    pub async fn pull_bytes(&self, repository: &Reference, descriptor: &Descriptor, limit: u64) -> Result<Bytes, Error> {
        let blob = self.blob(repository, descriptor.clone());
        match blob.read(limit).await {
            // Caches in between can hold a damaged copy; a second request may reach a good one.
            Err(crate::blob::Error::Mismatch { .. }) => Ok(blob.read(limit).await?),
            result => Ok(result?),
        }
    }

    async fn manifest_request(&self, endpoint: &Endpoint, method: Method, reference: &Reference, insists: bool) -> Result<Request, Error> {
        let url = self.url(endpoint, reference, &format!("manifests/{}", reference.selector())).await?;
        let request = Request::new(method, url).access(reference.path(), Scopes::pull(reference.path())).header(ACCEPT, ACCEPTED);
        Ok(Request { insists, ..request })
    }

    /// Fetches a document and checks it against `wanted`; one that is wrong is fetched once more.
    async fn document_bytes(
        &self,
        endpoint: &Endpoint,
        request: &Request,
        wanted: Option<&Descriptor>,
    ) -> Result<(Bytes, Option<MediaType>), Error> {
        let mut trial = self.transport().trial(request.line());
        let cool_down = self.transport().cool_down(&request.url);
        let mut wrong_before = false;
        loop {
            let answer = self.transport().send(endpoint, request).await?;
            if answer.status() != StatusCode::OK {
                return Err(self.transport().refuse(endpoint, request, answer).await);
            }
            let served = answer.header(CONTENT_TYPE.as_str()).map(MediaType::from);
            let promised = answer.header("docker-content-digest").and_then(|digest| digest.parse::<Digest>().ok());
            let raw = match answer.body(MAX_MANIFEST_BYTES).await {
                Ok(raw) => raw,
                Err(error) => {
                    trial.again(error, None, &cool_down).await?;
                    continue;
                }
            };
            let digest = wanted.map(|wanted| wanted.digest.clone()).or(promised);
            match digest.map_or(Ok(()), |digest| check(&raw, &digest, wanted)) {
                Ok(()) => return Ok((raw, served)),
                Err(reason) if wrong_before => return Err(Error::Integrity { request: request.line(), reason }),
                Err(_) => wrong_before = true,
            }
        }
    }
}

fn check(raw: &Bytes, digest: &Digest, wanted: Option<&Descriptor>) -> Result<(), String> {
    if let Some(size) = wanted.map(|wanted| wanted.size).filter(|&size| size != u64::MAX && size != raw.len() as u64) {
        return Err(format!("it has {} bytes, and its descriptor says {size}", raw.len()));
    }
    digest.check(raw).map_err(|found| format!("its digest is {found}, not {digest}"))
}
