//! A Docker Engine's API in memory: every answer is the test's own, for what real engines do only on bad days.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// One request: its method, its path without the version, its query, and its body where that is JSON.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The path, such as `/services/web`.
    pub path: String,
    /// The query, as it was sent.
    pub query: String,
    /// The body; null where there is none.
    pub body: Value,
}

type Answer = dyn Fn(&Asked) -> (u16, String) + Send + Sync;

/// A running engine; it ends when dropped.
pub struct FakeEngine {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    running: JoinHandle<()>,
}

#[derive(Clone)]
struct Shared {
    api: String,
    answer: Arc<Answer>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl FakeEngine {
    /// Starts one that knows this version of the API and answers with status and body. `/version` answers itself.
    ///
    /// # Panics
    /// Where no port is free.
    pub async fn start(api: &str, answer: impl Fn(&Asked) -> (u16, String) + Send + Sync + 'static) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let shared = Shared { api: api.to_owned(), answer: Arc::new(answer), asked: Arc::clone(&asked) };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("no port is free: {error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("no address: {error}"));
        let router = Router::new().fallback(respond).with_state(shared);
        let running = tokio::spawn(async move { drop(axum::serve(listener, router).await) });
        Self { address, asked, running }
    }

    /// `tcp://127.0.0.1:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        format!("tcp://{}", self.address)
    }

    /// What was asked so far, but for the version.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for FakeEngine {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn respond(State(shared): State<Shared>, method: Method, uri: Uri, body: Bytes) -> Response {
    let path = uri.path();
    let path = path.strip_prefix(&format!("/v{}", shared.api)).unwrap_or(path).to_owned();
    if path == "/version" {
        let version = json!({"Version": "0", "ApiVersion": shared.api, "MinAPIVersion": "1.12", "Os": "linux", "Arch": "amd64"});
        return response(200, version.to_string());
    }
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let asked = Asked { method: method.to_string(), path, query: uri.query().unwrap_or_default().to_owned(), body };
    shared.asked.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
    let (status, body) = (shared.answer)(&asked);
    response(status, body)
}

fn response(status: u16, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}
