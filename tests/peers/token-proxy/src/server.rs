//! The running proxy: its options, what its requests share, and its thread.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::oneshot;

use crate::access::{Access, AccessLog, Counted};
use crate::forward::forward;
use crate::grant::{Refusal, User};
use crate::signer::Signer;
use crate::token;

/// What the token server allows and how it refuses.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long a token is valid. The registry tolerates 60 s more.
    pub ttl: Duration,
    /// Whether someone without credentials may pull.
    pub anonymous_pull: bool,
    /// Whether `/token` takes the OAuth2 POST; otherwise it answers 405.
    pub oauth2: bool,
    /// How a user learns that an action is not allowed.
    pub refusal: Refusal,
}

impl Default for Options {
    /// Five minutes, nothing for the anonymous, OAuth2 taken, fewer actions granted.
    fn default() -> Self {
        Self { ttl: Duration::from_mins(5), anonymous_pull: false, oauth2: true, refusal: Refusal::default() }
    }
}

/// A proxy that listens on loopback until it is dropped.
#[derive(Debug)]
pub struct TokenProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TokenProxy {
    /// Listens on a free port of 127.0.0.1; the signing key and its certificate are made in `folder`.
    ///
    /// # Errors
    /// Where no key can be made (`openssl` is missing) or no port can be opened.
    pub fn start(folder: &Path, options: Options) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            signer: Signer::generate(folder)?,
            client: Client::builder(TokioExecutor::new()).build_http(),
            log: AccessLog::default(),
            state: Mutex::new(Changing { options, upstream: None, refresh_tokens: HashMap::new() }),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let router = router(Arc::clone(&shared));
        let (stop, stopped) = oneshot::channel::<()>();
        let listener = {
            let _guard = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = axum::serve(listener, router) => {}
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where clients find the registry: `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The realm that the registry names in its challenges.
    #[must_use]
    pub fn realm(&self) -> String {
        format!("http://{}/token", self.address)
    }

    /// The PEM file with the certificate that the registry trusts.
    #[must_use]
    pub fn certificate_file(&self) -> &Path {
        self.shared.signer.certificate_file()
    }

    /// Sends every request that is not for `/token` to this address from now on.
    pub fn set_upstream(&self, upstream: SocketAddr) {
        self.shared.changing().upstream = Some(upstream);
    }

    /// Changes what is allowed; tokens that were issued stay valid.
    pub fn set_options(&self, options: Options) {
        self.shared.changing().options = options;
    }

    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn log(&self) -> Vec<Access> {
        self.shared.log.snapshot()
    }

    /// Forgets the requests so far.
    pub fn clear_log(&self) {
        self.shared.log.clear();
    }
}

impl Drop for TokenProxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Shared {
    signer: Signer,
    client: Client<HttpConnector, Body>,
    log: AccessLog,
    state: Mutex<Changing>,
}

#[derive(Debug)]
struct Changing {
    options: Options,
    upstream: Option<SocketAddr>,
    refresh_tokens: HashMap<String, User>,
}

impl Shared {
    pub(crate) fn options(&self) -> Options {
        self.changing().options
    }

    pub(crate) fn upstream(&self) -> Option<SocketAddr> {
        self.changing().upstream
    }

    pub(crate) fn client(&self) -> &Client<HttpConnector, Body> {
        &self.client
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.signer
    }

    /// A new refresh token for a user.
    pub(crate) fn refresh_token(&self, user: User) -> String {
        let tokens = &mut self.changing().refresh_tokens;
        let token = format!("refresh-{}-{}", user.name, tokens.len());
        tokens.insert(token.clone(), user);
        token
    }

    pub(crate) fn refreshed(&self, token: &str) -> Option<User> {
        self.changing().refresh_tokens.get(token).copied()
    }

    fn changing(&self) -> MutexGuard<'_, Changing> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/token", routing::get(token::get).post(token::post))
        .fallback(forward)
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), counted))
        .with_state(shared)
}

async fn counted(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let entry = shared.log.open(request.method(), request.uri());
    let response = next.run(request.map(|body| Counted::request(body, Arc::clone(&entry)))).await;
    entry.answered(response.status().as_u16());
    response.map(|body| Counted::response(body, entry))
}
