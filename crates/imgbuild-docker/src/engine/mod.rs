//! A thin client of Docker Engine's API over a Unix socket, TCP, TLS or ssh.
//!
//! What the engine says stays JSON as it was said: an image's or a service's description that is sent back keeps what this
//! client does not know. Every body is bounded. The room refuses to know what images and services mean.

mod endpoint;
mod error;
mod failure;
mod host;
mod request;
mod tls;
mod tunnel;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use imgbuild::Platform;
use tokio::sync::Mutex;
use url::Url;

pub use endpoint::{Endpoint, Tls};
pub use error::Error;
pub(crate) use failure::broken;
pub use host::{DEFAULT_SOCKET, Host, Remote};
pub(crate) use request::Request;
use tunnel::Tunnel;

/// The oldest API that is spoken, that of Docker 20.10.
pub const OLDEST_API: (u32, u32) = (1, 41);
/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long the first question through a tunnel may take before it is asked again.
const PING_LIMIT: Duration = Duration::from_secs(5);

/// A Docker Engine that was reached. Cheap to clone; the last clone ends its tunnel.
#[derive(Debug, Clone)]
pub struct Engine(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    endpoint: Endpoint,
    base: Url,
    http: RwLock<reqwest::Client>,
    tunnel: Mutex<Option<Tunnel>>,
    about: About,
}

/// What an engine says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The version of the API that is spoken with it, as `1.41`.
    pub api: String,
    /// The version of Docker Engine.
    pub version: String,
    /// The platform that its containers run on.
    pub platform: Platform,
}

impl Engine {
    /// Reaches the engine and agrees with it on the newest version of the API that it knows: with an older one it would drop
    /// fields of a service that came later.
    ///
    /// # Errors
    /// When it cannot be reached, or is older than Docker 20.10.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, Error> {
        let (http, tunnel) = match &endpoint.host {
            Host::Ssh(remote) => {
                let tunnel = Tunnel::open(remote, is_alive).await?;
                (client(Some(tunnel.socket()), None)?, Some(tunnel))
            }
            Host::Unix(path) => (client(Some(path), None)?, None),
            Host::Tcp { .. } => {
                let tls = endpoint.tls.as_ref().map(|tls| tls.configuration(&endpoint.host.to_string())).transpose()?;
                (client(None, tls)?, None)
            }
        };
        let root = root(endpoint)?;
        let about = About { api: String::new(), version: String::new(), platform: Platform::LINUX_AMD64 };
        let mut shared =
            Shared { endpoint: endpoint.clone(), base: root.clone(), http: RwLock::new(http), tunnel: Mutex::new(tunnel), about };
        let engine = Self(Arc::new(shared));
        let version = engine.json(Request::get("/version")).await?;
        let text = |name: &str| version[name].as_str().unwrap_or_default();
        let api = text("ApiVersion");
        let number = api.split_once('.').and_then(|(major, minor)| Some((major.parse().ok()?, minor.parse().ok()?)));
        if number.is_none_or(|number: (u32, u32)| number < OLDEST_API) {
            let oldest = format!("{}.{}", OLDEST_API.0, OLDEST_API.1);
            return Err(Error::TooOld { host: endpoint.host.to_string(), api: api.to_owned(), oldest });
        }
        let about = About {
            api: api.to_owned(),
            version: text("Version").to_owned(),
            platform: Platform::new(text("Os"), text("Arch"), "").normalize(),
        };
        let fail = |reason: String| Error::Answer { request: "GET /version".to_owned(), reason };
        let base = root.join(&format!("v{api}/")).map_err(|error| fail(error.to_string()))?;
        shared = Arc::try_unwrap(engine.0).map_err(|_| fail("the connection is still in use".to_owned()))?;
        Ok(Self(Arc::new(Shared { base, about, ..shared })))
    }

    /// Which engine it is.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// What it says of itself.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.0.about
    }

    fn http(&self) -> reqwest::Client {
        self.0.http.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.0.base.clone();
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        url
    }

    /// Opens the tunnel again where ssh has ended.
    async fn revive(&self) -> Result<(), Error> {
        let Host::Ssh(remote) = &self.0.endpoint.host else { return Ok(()) };
        let mut tunnel = self.0.tunnel.lock().await;
        if tunnel.as_mut().is_some_and(|tunnel| !tunnel.has_ended()) {
            return Ok(());
        }
        *tunnel = None;
        let opened = Tunnel::open(remote, is_alive).await?;
        *self.0.http.write().unwrap_or_else(PoisonError::into_inner) = client(Some(opened.socket()), None)?;
        *tunnel = Some(opened);
        Ok(())
    }
}

fn root(endpoint: &Endpoint) -> Result<Url, Error> {
    let text = match &endpoint.host {
        Host::Tcp { host, port } => {
            let scheme = if endpoint.tls.is_some() { "https" } else { "http" };
            format!("{scheme}://{}/", Host::authority(host, *port, endpoint.tls.is_some()))
        }
        // The name is for the Host header alone.
        Host::Unix(_) | Host::Ssh(_) => "http://docker/".to_owned(),
    };
    Url::parse(&text).map_err(|error| Error::Host { value: endpoint.host.to_string(), reason: error.to_string() })
}

fn client(socket: Option<&Path>, tls: Option<rustls::ClientConfig>) -> Result<reqwest::Client, Error> {
    let fail = |reason: String| Error::Network { request: "connect".to_owned(), reason };
    let tls = match tls {
        Some(tls) => tls,
        None => Tls { anybody: true, ..Tls::default() }.configuration("unix")?,
    };
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT_LIMIT)
        .http1_only()
        .user_agent(concat!("imgbuild/", env!("CARGO_PKG_VERSION")));
    if let Some(socket) = socket {
        builder = builder.unix_socket(socket);
    }
    builder.build().map_err(|error| fail(error.to_string()))
}

/// Whether an engine answers at a socket.
async fn is_alive(socket: std::path::PathBuf) -> bool {
    let Ok(client) = client(Some(&socket), None) else { return false };
    let answer = client.get("http://docker/_ping").timeout(PING_LIMIT).send().await;
    answer.is_ok_and(|answer| answer.status().is_success())
}
