//! One registry as a place to send requests to.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Method;
use tokio::sync::OnceCell;
use url::Url;

use super::super::Error;
use super::super::auth::{Authorizer, Credentials};
use super::Transport;
use super::address::{is_loopback, is_private, is_private_literal};
use super::failure::{explain, is_plain_server, request_line};

/// How long a host that may lack TLS has to show whether it speaks it.
const PROBE_LIMIT: Duration = Duration::from_secs(3);

/// A registry: its address, and what it and its token server have told us so far.
pub(crate) struct Endpoint {
    /// The domain as references name it, `docker.io` for Docker Hub.
    pub(crate) domain: String,
    host: String,
    pub(super) base: OnceCell<Url>,
    /// Whether it answered from a private address.
    private: OnceLock<bool>,
    pub(crate) authorizer: Authorizer,
    /// Credentials of its own, in the place of the client's.
    pub(crate) credentials: Option<Arc<dyn Credentials>>,
}

impl Endpoint {
    pub(crate) fn new(domain: &str, host: &str) -> Self {
        Self {
            domain: domain.to_owned(),
            host: host.to_owned(),
            base: OnceCell::new(),
            private: OnceLock::new(),
            authorizer: Authorizer::default(),
            credentials: None,
        }
    }

    /// The same registry for somebody else.
    pub(crate) fn with_credentials(mut self, credentials: Arc<dyn Credentials>) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// `https://HOST/`, or `http://HOST/` where that host may lack TLS and does.
    pub(crate) async fn base(&self, transport: &Transport) -> Result<&Url, Error> {
        self.base.get_or_try_init(|| self.find_base(transport)).await
    }

    async fn find_base(&self, transport: &Transport) -> Result<Url, Error> {
        let address = |scheme: &str| {
            Url::parse(&format!("{scheme}://{}/", self.host))
                .map_err(|error| Error::Input(format!("`{}` is no registry host: {error}", self.host)))
        };
        let secure = address("https")?;
        let plain = address("http")?;
        if !is_loopback(&secure) && !transport.clients.hosts.is_insecure(&secure) && !transport.clients.hosts.is_insecure(&plain) {
            return Ok(secure);
        }
        // The port decides which names were meant, and `https` and `http` differ in what no port means.
        let probe = secure.join("v2/").unwrap_or_else(|_| secure.clone());
        let client = transport.clients.client(&secure, false)?;
        let mut trial = transport.trial(request_line(&Method::GET, &probe));
        loop {
            let error = match tokio::time::timeout(PROBE_LIMIT, client.http.get(probe.clone()).send()).await {
                Ok(Ok(_)) => {
                    client.auth.answered();
                    return Ok(secure);
                }
                Err(_) => return Ok(plain),
                Ok(Err(error)) if is_plain_server(&error) => return Ok(plain),
                Ok(Err(error)) => explain(&error, &client.auth, &Method::GET, &probe, transport.clients.proxies.of(&probe)),
            };
            trial.again(error, None, &transport.cool_down(&secure)).await?;
        }
    }

    /// Remembers where the registry answered from. Behind a proxy nothing is learnt: the address is the proxy's.
    pub(crate) fn answered_from(&self, address: std::net::IpAddr) {
        let _ = self.private.set(is_private(address));
    }

    /// Whether the registry itself is in a private network or on this machine, so that it may name others there.
    pub(crate) fn is_private(&self, base: &Url) -> bool {
        is_private_literal(base) || self.private.get().copied().unwrap_or(false)
    }
}
