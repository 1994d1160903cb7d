//! A registry's settings, read as a sentence: `Registry::builder().tokens(…).fault(…).start()`.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::Registry;
use super::applications::{RegistryApplication, StorageApplication, TokenApplication};
use super::auth::{Authority, TokenAuthority, Tokens, Users};
use super::core::Core;
use super::fault::Fault;
use super::server::Server;
use super::settings::{Feature, ImmutableTags, Settings, UploadLocation};
use super::sync::lock;
use super::tls::Tls;

/// What a registry shall be like; [`Builder::start`] makes it run.
#[derive(Debug, Clone)]
pub struct Builder {
    address: SocketAddr,
    settings: Settings,
    authorization: Authorization,
    faults: Vec<Fault>,
    storage: bool,
    tls: Option<Tls>,
}

#[derive(Debug, Clone)]
enum Authorization {
    Open,
    Basic(Users),
    Tokens(Tokens),
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            settings: Settings::default(),
            authorization: Authorization::Open,
            faults: Vec::new(),
            storage: false,
            tls: None,
        }
    }
}

impl Builder {
    /// Listens here instead of on a free port of 127.0.0.1.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Asks for Basic credentials.
    #[must_use]
    pub fn basic(mut self, users: Users) -> Self {
        self.authorization = Authorization::Basic(users);
        self
    }

    /// Asks for Bearer tokens.
    #[must_use]
    pub fn tokens(mut self, tokens: Tokens) -> Self {
        self.authorization = Authorization::Tokens(tokens);
        self
    }

    /// Adds a fault; further ones can be injected while the registry runs.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// Starts a second server on another port that serves the same content without authorisation, for
    /// redirects and uploads that go elsewhere.
    #[must_use]
    pub fn storage(mut self) -> Self {
        self.storage = true;
        self
    }

    /// Speaks TLS, with HTTP/2 where the client wants it.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// How upload sessions are named; [`UploadLocation::OtherHost`] brings its storage server.
    #[must_use]
    pub fn upload_location(mut self, location: UploadLocation) -> Self {
        self.storage |= location == UploadLocation::OtherHost;
        self.settings.upload_location = location;
        self
    }

    /// Refuses to move tags that exist.
    #[must_use]
    pub fn immutable_tags(mut self, style: ImmutableTags) -> Self {
        self.settings.immutable_tags = Some(style);
        self
    }

    /// Takes away something that not every registry has.
    #[must_use]
    pub fn without(mut self, feature: Feature) -> Self {
        self.settings.missing.insert(feature);
        self
    }

    /// Answers at most this many referrers in one page.
    #[must_use]
    pub fn referrers_page(mut self, entries: usize) -> Self {
        self.settings.referrers_page = Some(entries);
        self
    }

    /// Answers at most this many tags or repositories in one page.
    #[must_use]
    pub fn tags_page(mut self, entries: usize) -> Self {
        self.settings.tags_page = Some(entries);
        self
    }

    /// Announces `OCI-Chunk-Min-Length` and refuses a chunk after one that was smaller, in bytes.
    #[must_use]
    pub fn chunk_minimum(mut self, bytes: u64) -> Self {
        self.settings.chunk_minimum = Some(bytes);
        self
    }

    /// Answers 413 to upload bodies of more bytes, as a proxy in front of a registry does.
    #[must_use]
    pub fn request_limit(mut self, bytes: u64) -> Self {
        self.settings.request_limit = Some(bytes);
        self
    }

    /// Answers 413 to manifests of more bytes; the default is 4 MiB.
    #[must_use]
    pub fn manifest_limit(mut self, bytes: usize) -> Self {
        self.settings.manifest_limit = bytes;
        self
    }

    /// Starts the registry on a thread of its own.
    ///
    /// # Panics
    /// When loopback cannot be listened on or a certificate cannot be made: no test can go on then.
    #[must_use]
    pub fn start(self) -> Registry {
        self.try_start().unwrap_or_else(|error| panic!("the test registry does not start: {error}"))
    }

    fn try_start(self) -> Result<Registry, Box<dyn std::error::Error>> {
        let core = Arc::new(Core { settings: self.settings, ..Core::default() });
        let tls = self.tls.as_ref().map(Tls::prepare).transpose()?;
        let acceptor = tls.as_ref().map(|tls| tls.acceptor.clone());
        let (authority_pem, client_pem) = tls.map(|tls| (tls.authority, tls.client)).unzip();
        let free_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let storage = if self.storage {
            let application = Arc::new(StorageApplication(Arc::clone(&core)));
            let server = Server::start(free_port, application, acceptor.clone())?;
            *lock(&core.storage) = Some(server.url());
            Some(server)
        } else {
            None
        };
        let (authority, tokens, token_server) = match self.authorization {
            Authorization::Open => (Authority::Open, None, None),
            Authorization::Basic(users) => (Authority::Basic(users), None, None),
            Authorization::Tokens(settings) => {
                let own_port = settings.own_port;
                let tokens = Arc::new(TokenAuthority::new(settings));
                let application = Arc::new(TokenApplication(Arc::clone(&tokens)));
                let server = if own_port { Some(Server::start(free_port, application, acceptor.clone())?) } else { None };
                *lock(&tokens.own_url) = server.as_ref().map(Server::url);
                (Authority::Bearer(Arc::clone(&tokens)), Some(tokens), server)
            }
        };
        let application = Arc::new(RegistryApplication { core: Arc::clone(&core), authority });
        let server = Server::start(self.address, application, acceptor)?;
        for fault in self.faults {
            server.site.script.add(fault);
        }
        Ok(Registry { server, core, storage, tokens, token_server, authority_pem, client_pem })
    }
}
