//! Who may pull from a repository: asked as somebody without credentials, without writing anything.

use std::sync::Arc;

use reqwest::header::ACCEPT;
use reqwest::{Method, StatusCode};

use super::Error;
use super::auth::{Anonymous, Scopes};
use super::client::Client;
use super::manifest::ACCEPTED;
use super::transport::{Endpoint, Request};
use crate::oci::Reference;

/// Who may pull from a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visibility {
    /// Anybody who reaches the registry.
    Public {
        /// Whether the registry has an address of a private network or of this machine.
        private_network: bool,
    },
    /// Whoever has credentials for it.
    Private,
    /// Nobody yet: there is no such repository.
    Missing,
    /// The registry does not let us know, for this reason.
    Unknown(String),
}

impl Client {
    /// Who may pull from the repository of `reference`.
    ///
    /// A list of tags is asked for, which no registry counts as a pull; where lists are not for everybody, the manifest that
    /// `reference` names.
    pub async fn visibility(&self, reference: &Reference) -> Visibility {
        let stranger = Endpoint::new(reference.domain(), reference.registry_host()).with_credentials(Arc::new(Anonymous));
        self.seen_by(&stranger, reference).await.unwrap_or_else(|error| Visibility::Unknown(error.to_string()))
    }

    async fn seen_by(&self, stranger: &Endpoint, reference: &Reference) -> Result<Visibility, Error> {
        let base = stranger.base(self.transport()).await?;
        // Where it answers from is known only after it did.
        let public = || Ok(Visibility::Public { private_network: stranger.is_private(base) });
        match self.ask(stranger, Method::GET, reference, "tags/list?n=1").await {
            Ok(()) => public(),
            // Without a challenge everything that is pushed is for everybody.
            Err(Error::NotFound { .. }) if !stranger.authorizer.is_challenged() => public(),
            Err(Error::NotFound { .. }) => Ok(Visibility::Missing),
            Err(Error::Denied(_)) => {
                let tag = format!("manifests/{}", reference.tag().unwrap_or("latest"));
                match self.ask(stranger, Method::HEAD, reference, &tag).await {
                    Ok(()) => public(),
                    Err(Error::Denied(_) | Error::NotFound { .. }) => self.seen_by_us(reference).await,
                    Err(error) => Err(error),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// A stranger is told the same about a private repository and about none.
    async fn seen_by_us(&self, reference: &Reference) -> Result<Visibility, Error> {
        match self.ask(&self.endpoint(reference), Method::GET, reference, "tags/list?n=1").await {
            Err(Error::NotFound { .. }) => Ok(Visibility::Missing),
            Ok(()) | Err(_) => Ok(Visibility::Private),
        }
    }

    async fn ask(&self, endpoint: &Endpoint, method: Method, reference: &Reference, what: &str) -> Result<(), Error> {
        let url = self.url(endpoint, reference, what).await?;
        let mut request = Request::new(method, url).access(reference.path(), Scopes::pull(reference.path()));
        if what.starts_with("manifests/") {
            request = request.header(ACCEPT, ACCEPTED);
        }
        request.insists = false;
        let answer = self.transport().send(endpoint, &request).await?;
        if answer.status() == StatusCode::OK { Ok(()) } else { Err(self.transport().refuse(endpoint, &request, answer).await) }
    }
}
