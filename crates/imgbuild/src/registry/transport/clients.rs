//! The HTTP clients: one for every host and permission, made when first needed.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::Client;
use rustls::ClientConfig;
use url::Url;

use super::super::Error;
use super::address::authority;
use super::certificates::trust_of_host;
use super::client_auth::ClientAuth;
use super::proxy::Proxies;
use super::resolve::{Names, Resolver};
use super::retry::Policy;
use crate::connection::Trust;

/// What the user says about hosts.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    /// Hosts, with their port where given, that may lack TLS or a good certificate.
    pub(crate) insecure: Vec<String>,
    /// Private hosts that a public registry may name.
    pub(crate) allowed: Vec<String>,
    /// A file of authorities to trust for every host.
    pub(crate) ca_file: Option<PathBuf>,
    /// Folders as Docker's `certs.d`.
    pub(crate) certificates: Vec<PathBuf>,
}

impl Hosts {
    /// Whether a list names a host, with its port or as a whole.
    fn names(list: &[String], url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let with_port = url.port_or_known_default().map(|port| format!("{host}:{port}"));
        list.iter().any(|name| {
            name.eq_ignore_ascii_case(host) || with_port.as_deref().is_some_and(|with_port| name.eq_ignore_ascii_case(with_port))
        })
    }

    pub(crate) fn is_insecure(&self, url: &Url) -> bool {
        Self::names(&self.insecure, url)
    }

    pub(crate) fn is_allowed(&self, url: &Url) -> bool {
        Self::names(&self.allowed, url)
    }
}

/// Hosts that a client is kept for: the registry's, its token server's and where its blobs lie. Who is sent to ever new ones begins anew.
const MOST_CLIENTS: usize = 64;

/// The client for one host, and what that host thinks of our certificate.
#[derive(Clone)]
pub(crate) struct HostClient {
    pub(super) http: Client,
    pub(super) auth: Arc<ClientAuth>,
}

/// What was made so far.
#[derive(Default)]
struct Made {
    /// Hosts that are trusted alike share what their certificates are judged by, which is read once.
    configurations: HashMap<Trust, ClientConfig>,
    clients: HashMap<(Trust, bool, String), HostClient>,
}

/// Makes and keeps HTTP clients.
pub(crate) struct Clients {
    pub(crate) hosts: Hosts,
    pub(crate) proxies: Proxies,
    names: Names,
    connect: std::time::Duration,
    made: Mutex<Made>,
}

impl Clients {
    pub(crate) fn new(hosts: Hosts, proxies: Proxies, names: Names, policy: &Policy) -> Self {
        Self { hosts, proxies, names, connect: policy.connect_limit(), made: Mutex::default() }
    }

    /// The client for requests to `url`; one that is `guarded` connects to no private address.
    ///
    /// Behind a proxy only the proxy's own name is looked up here, and that is the user's choice, wherever it leads.
    pub(crate) fn client(&self, url: &Url, guarded: bool) -> Result<HostClient, Error> {
        let guarded = guarded && self.proxies.of(url).is_none();
        let host = authority(url);
        let trust = if url.scheme() == "https" {
            trust_of_host(&host, &self.hosts.certificates, self.hosts.ca_file.as_deref(), self.hosts.is_insecure(url))
        } else {
            Trust::default()
        };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (trust, guarded, host);
        if let Some(client) = made.clients.get(&key) {
            return Ok(client.clone());
        }
        let configuration = match made.configurations.entry(key.0.clone()) {
            Entry::Occupied(known) => known.get().clone(),
            Entry::Vacant(place) => place.insert(key.0.configuration().map_err(|error| Error::Input(error.to_string()))?).clone(),
        };
        let client = self.make(configuration, guarded)?;
        if made.clients.len() >= MOST_CLIENTS {
            made.clients.clear();
        }
        made.clients.insert(key, client.clone());
        Ok(client)
    }

    fn make(&self, mut tls: ClientConfig, guarded: bool) -> Result<HostClient, Error> {
        let proxies = self.proxies.clone();
        let auth = Arc::new(ClientAuth::new(Arc::clone(&tls.client_auth_cert_resolver)));
        tls.client_auth_cert_resolver = Arc::<ClientAuth>::clone(&auth);
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let resolver = Resolver { names: self.names.clone(), guarded };
        let http = Client::builder()
            .tls_backend_preconfigured(tls)
            .dns_resolver(Arc::new(resolver))
            .proxy(reqwest::Proxy::custom(move |url| proxies.of(url).cloned()))
            // Redirects carry authorisation and lead elsewhere, so they are ours to judge; so are retries.
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(self.connect)
            .pool_idle_timeout(std::time::Duration::from_secs(30))
            .user_agent(concat!("imgbuild/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Error::Input(format!("cannot set up HTTP: {error}")))?;
        Ok(HostClient { http, auth })
    }
}
