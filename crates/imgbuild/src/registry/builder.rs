//! How a client is set up.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::Error;
use super::auth::{Anonymous, Credentials, DockerCredentials};
use super::client::Client;
use super::mirror::Mirrors;
use super::transport::{Clients, Hosts, Names, Policy, Proxies, Transport};
use crate::event::Events;

/// Transfers at once when nothing else is said; Docker's own default for uploads.
const DEFAULT_JOBS: usize = 5;

/// Sets up a [`Client`]: without anything said, it is anonymous, silent and uses no proxy.
#[must_use = "a builder builds nothing by itself"]
pub struct ClientBuilder {
    credentials: Arc<dyn Credentials>,
    events: Events,
    hosts: Hosts,
    proxies: Proxies,
    names: Vec<(String, IpAddr)>,
    jobs: usize,
    deadline: Option<Duration>,
    policy: Policy,
    mirrors: Mirrors,
}

impl Default for ClientBuilder {
    fn default() -> Self {
        Self {
            credentials: Arc::new(Anonymous),
            events: Events::default(),
            hosts: Hosts::default(),
            proxies: Proxies::default(),
            names: Vec::new(),
            jobs: DEFAULT_JOBS,
            deadline: None,
            policy: Policy::default(),
            mirrors: Mirrors::default(),
        }
    }
}

impl ClientBuilder {
    /// Where credentials come from.
    pub fn credentials(mut self, credentials: impl Credentials + 'static) -> Self {
        self.credentials = Arc::new(credentials);
        self
    }

    /// Who is told of transfers, retries and warnings.
    pub fn events(mut self, events: Events) -> Self {
        self.events = events;
        self
    }

    /// Lets `host` (with its port where it has one) lack TLS or a good certificate. Loopback names may always lack TLS.
    pub fn insecure(mut self, host: impl Into<String>) -> Self {
        self.hosts.insecure.push(host.into());
        self
    }

    /// A PEM file of authorities that are trusted for every host, beside the system's.
    pub fn ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.hosts.ca_file = Some(path.into());
        self
    }

    /// A folder like Docker's `/etc/docker/certs.d`: `HOST/*.crt` are authorities for that host, `HOST/*.cert` with `*.key` is shown to it.
    pub fn certificates(mut self, folder: impl Into<PathBuf>) -> Self {
        self.hosts.certificates.push(folder.into());
        self
    }

    /// Lets a public registry send us to this private host, as split DNS needs.
    pub fn allow_private_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.allowed.push(host.into());
        self
    }

    /// The proxies to use.
    pub fn proxies(mut self, proxies: Proxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// Answers a name with this address instead of asking DNS; several calls give a name several addresses.
    pub fn resolve(mut self, host: impl Into<String>, address: IpAddr) -> Self {
        self.names.push((host.into(), address));
        self
    }

    /// How many blobs move at once in each direction, at least one.
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// The time for everything that this client does, counted from [`build`](Self::build).
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// How patient the client is.
    pub fn retry(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// Where to pull from instead of the registries themselves.
    pub fn mirrors(mut self, mirrors: Mirrors) -> Self {
        self.hosts.insecure.extend(mirrors.insecure_hosts());
        self.mirrors = mirrors;
        self
    }

    /// Everything that the environment says: Docker's and podman's credentials, proxies, the folders of certificates that Docker
    /// and containers' tools use, and registries.conf.
    ///
    /// # Errors
    /// When a registries.conf is there and cannot be read.
    pub fn with_environment(mut self) -> Result<Self, Error> {
        let home = std::env::home_dir();
        let below_home = [".config/containers/certs.d", ".config/docker/certs.d"].map(|folder| home.as_ref().map(|home| home.join(folder)));
        let system = ["/etc/containers/certs.d", "/etc/docker/certs.d"].map(|folder| Some(PathBuf::from(folder)));
        self.hosts.certificates.extend(below_home.into_iter().chain(system).flatten());
        let mirrors = Mirrors::default().with_environment()?;
        Ok(self.credentials(DockerCredentials::from_environment()).proxies(Proxies::from_environment()).mirrors(mirrors))
    }

    /// The client. It connects to nothing yet.
    #[must_use]
    pub fn build(self) -> Client {
        let clients = Clients::new(self.hosts, self.proxies, Names::with_fixed(self.names), &self.policy);
        Client::new(Transport::new(clients, self.policy, self.deadline, self.events, self.credentials), self.mirrors, self.jobs)
    }
}
