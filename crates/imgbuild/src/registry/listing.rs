//! Lists that come in pages: tags and referrers (distribution-spec 1.1.1, "Listing Tags" and "Listing Referrers").

use reqwest::header::{ACCEPT, LINK};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use url::Url;

use super::Error;
use super::auth::Scopes;
use super::client::Client;
use super::transport::{Answer, Request, resolve};
use crate::oci::{Descriptor, Digest, Document, MAX_MANIFEST_BYTES, MediaType, Reference};

/// A list that has more pages than this does not end.
const MAX_PAGES: usize = 1_000;

#[derive(Deserialize)]
struct TagList {
    tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct ReferrerList {
    manifests: Option<Vec<Descriptor>>,
}

impl Client {
    /// The tags of a repository, in the registry's order.
    ///
    /// # Errors
    /// When the repository is not there, or the registry cannot be asked or denies it.
    pub async fn tags(&self, repository: &Reference) -> Result<Vec<String>, Error> {
        let endpoint = self.endpoint(repository);
        let mut url = self.url(&endpoint, repository, "tags/list").await?;
        url.set_query(Some("n=1000"));
        let request = Request::new(Method::GET, url).access(repository.path(), Scopes::pull(repository.path()));
        let mut tags = Vec::new();
        let mut next = Some(request);
        for _ in 0..MAX_PAGES {
            let Some(request) = next.take() else { return Ok(tags) };
            let answer = self.transport().send(&endpoint, &request).await?;
            if answer.status() != StatusCode::OK {
                return Err(self.transport().refuse(&endpoint, &request, answer).await);
            }
            next = following(&request, &answer);
            let page: TagList = read(answer).await?;
            tags.extend(page.tags.unwrap_or_default());
        }
        Err(endless(repository))
    }

    /// The manifests whose `subject` is `subject`: signatures, SBOMs and the like, of one artifact type where one is given.
    ///
    /// Registries without the referrers API keep them in an index at the tag `sha256-HEX`.
    ///
    /// # Errors
    /// When the registry cannot be asked or denies it.
    pub async fn referrers(&self, repository: &Reference, subject: &Digest, artifact_type: Option<&str>) -> Result<Vec<Descriptor>, Error> {
        let endpoint = self.endpoint(repository);
        let mut url = self.url(&endpoint, repository, &format!("referrers/{subject}")).await?;
        if let Some(artifact_type) = artifact_type {
            url.query_pairs_mut().append_pair("artifactType", artifact_type);
        }
        let mut request = Request::new(Method::GET, url)
            .access(repository.path(), Scopes::pull(repository.path()))
            .header(ACCEPT, MediaType::OciIndex.as_str());
        // A 303 leads to a page for people.
        request.follows = false;
        let mut found = Vec::new();
        let mut next = Some(request);
        for _ in 0..MAX_PAGES {
            let Some(request) = next.take() else {
                let wanted = |referrer: &Descriptor| artifact_type.is_none_or(|wanted| referrer.artifact_type() == Some(wanted));
                return Ok(found.into_iter().filter(wanted).collect());
            };
            let answer = self.transport().send(&endpoint, &request).await?;
            match answer.status().as_u16() {
                200 => {}
                303 | 404 | 406 => {
                    found = self.fallback(repository, subject).await?;
                    continue;
                }
                _ => return Err(self.transport().refuse(&endpoint, &request, answer).await),
            }
            next = following(&request, &answer);
            let page: ReferrerList = read(answer).await?;
            found.extend(page.manifests.unwrap_or_default());
        }
        Err(endless(repository))
    }

    /// The entries of the index at the fallback tag, by the registry's own word: they are written again.
    pub(super) async fn fallback(&self, repository: &Reference, subject: &Digest) -> Result<Vec<Descriptor>, Error> {
        match self.document_at(&fallback_tag(repository, subject)?, true).await {
            Ok(Document::Index(index)) => Ok(index.manifests().to_vec()),
            Ok(Document::Manifest(_)) | Err(Error::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// `sha256-HEX` of a digest, cut to what a tag may hold.
pub(super) fn fallback_tag(repository: &Reference, subject: &Digest) -> Result<Reference, Error> {
    let hex: String = subject.hex().chars().take(64).collect();
    let text = format!("{}:{}-{hex}", repository.repository(), subject.algorithm().name());
    text.parse().map_err(|error| Error::Input(format!("{error}")))
}

/// The request for the next page. It is judged like every place that a registry names, and gets no authorisation elsewhere.
fn following(request: &Request, answer: &Answer) -> Option<Request> {
    let next = answer.headers().get_all(LINK).iter().filter_map(|link| link.to_str().ok()).find_map(|link| next_of(link, answer.url()))?;
    Some(Request { url: next, ..request.clone() })
}

/// Reads `<URL>; rel="next"` (RFC 8288).
fn next_of(link: &str, from: &Url) -> Option<Url> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let is_next = parameters.split(';').any(|parameter| parameter.trim().replace('"', "").eq_ignore_ascii_case("rel=next"));
    is_next.then(|| resolve(from, target)).flatten()
}

async fn read<T: serde::de::DeserializeOwned>(answer: Answer) -> Result<T, Error> {
    let request = answer.request.clone();
    let body = answer.body(MAX_MANIFEST_BYTES).await?;
    serde_json::from_slice(&body).map_err(|error| Error::Answer { request, reason: format!("the list is no JSON of its kind: {error}") })
}

fn endless(repository: &Reference) -> Error {
    Error::Answer { request: format!("GET {}", repository.repository()), reason: format!("its list has more than {MAX_PAGES} pages") }
}
