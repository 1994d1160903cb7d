//! A running registry in the hands of a test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use super::access_log::{AccessLog, Entry};
use super::auth::{TokenAuthority, TokenRequest};
use super::builder::Builder;
use super::core::Core;
use super::fault::Fault;
use super::server::Server;
use super::sync::lock;

/// A registry on loopback; dropping it ends it.
pub struct Registry {
    pub(super) server: Server,
    pub(super) core: Arc<Core>,
    pub(super) storage: Option<Server>,
    pub(super) tokens: Option<Arc<TokenAuthority>>,
    pub(super) token_server: Option<Server>,
    pub(super) authority_pem: Option<String>,
    pub(super) client_pem: Option<(String, String)>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("url", &self.url()).finish_non_exhaustive()
    }
}

impl Registry {
    /// Settings to start from: no authorisation, no faults, the whole specification.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A registry without authorisation and faults.
    #[must_use]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Host and port as they stand in a reference: `127.0.0.1:PORT`, with TLS `localhost:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        let url = self.url();
        url.split_once("://").map_or(url.clone(), |(_, host)| host.to_owned())
    }

    /// Scheme, host and port.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The reference of a tag in a repository here.
    #[must_use]
    pub fn reference(&self, repository: &str, tag: &str) -> String {
        format!("{}/{repository}:{tag}", self.host())
    }

    /// The certificate, in PEM, of the authority that clients must trust; `None` without TLS.
    #[must_use]
    pub fn authority_pem(&self) -> Option<&str> {
        self.authority_pem.as_deref()
    }

    /// A client's certificate of that authority and its key, in PEM; `None` without TLS.
    #[must_use]
    pub fn client_pem(&self) -> Option<(&str, &str)> {
        self.client_pem.as_ref().map(|(certificate, key)| (certificate.as_str(), key.as_str()))
    }

    /// The log of the registry's own port.
    #[must_use]
    pub fn log(&self) -> &AccessLog {
        &self.server.site.log
    }

    /// The log of the storage server, where there is one.
    #[must_use]
    pub fn storage_log(&self) -> Option<&AccessLog> {
        self.storage.as_ref().map(|server| &server.site.log)
    }

    /// The base URL of the storage server, where there is one.
    #[must_use]
    pub fn storage_url(&self) -> Option<String> {
        self.storage.as_ref().map(Server::url)
    }

    /// The log of the token server, where it has its own port.
    #[must_use]
    pub fn token_server_log(&self) -> Option<&AccessLog> {
        self.token_server.as_ref().map(|server| &server.site.log)
    }

    /// Every request so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Entry> {
        self.log().requests()
    }

    /// How many requests match, see [`Entry::is`].
    #[must_use]
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.log().count(method, path)
    }

    /// Bytes of all request bodies.
    #[must_use]
    pub fn bytes_received(&self) -> u64 {
        self.log().bytes_received()
    }

    /// Forgets the registry's log.
    pub fn clear_log(&self) {
        self.log().clear();
    }

    /// Every request to the token server so far; empty without tokens.
    #[must_use]
    pub fn token_requests(&self) -> Vec<TokenRequest> {
        self.tokens.as_ref().map(|tokens| tokens.requests()).unwrap_or_default()
    }

    /// Makes every token issued so far invalid.
    pub fn revoke_tokens(&self) {
        if let Some(tokens) = &self.tokens {
            tokens.revoke_all();
        }
    }

    /// Adds a fault to the registry's own port, from now on.
    pub fn inject(&self, fault: Fault) {
        self.server.site.script.add(fault);
    }

    /// Adds a fault to the storage server, if there is one.
    pub fn inject_into_storage(&self, fault: Fault) {
        if let Some(storage) = &self.storage {
            storage.site.script.add(fault);
        }
    }

    /// Adds a fault to the token server that has its own port; use [`Registry::inject`] with `/token` otherwise.
    pub fn inject_into_token_server(&self, fault: Fault) {
        if let Some(server) = &self.token_server {
            server.site.script.add(fault);
        }
    }

    /// Takes every fault away.
    pub fn clear_faults(&self) {
        self.server.site.script.clear();
    }

    /// How often a fault of the registry's own port has struck since the last [`Registry::clear_faults`].
    #[must_use]
    pub fn faults_struck(&self) -> u64 {
        self.server.site.script.fired()
    }

    /// Restarts: every connection is reset and every upload session forgotten; content and port stay.
    pub fn restart(&self) {
        self.server.restart(Duration::ZERO);
    }

    /// As [`Registry::restart`], and nobody can connect for `down`; returns when the port is closed.
    pub fn restart_after(&self, down: Duration) {
        self.server.restart(down);
    }

    /// Upload sessions that are neither committed nor cancelled.
    #[must_use]
    pub fn open_uploads(&self) -> usize {
        lock(&self.core.sessions).len()
    }
}
