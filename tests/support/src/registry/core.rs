//! The registry itself: one call from request to answer, after authorisation.
//!
//! Chooses the endpoint and hands over to the module that knows it. The same core answers on the registry's
//! own port (behind `auth`) and on the storage port (without).

use std::sync::Mutex;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::HOST;
use http::{Method, StatusCode};

use super::auth::Caller;
use super::reply;
use super::route::{Query, Route};
use super::settings::{Feature, Settings};
use super::store::Store;
use super::sync::lock;
use super::uploads::{Sessions, drain};
use super::{blobs, manifests, referrers, tags, uploads};

/// The state that every request shares.
#[derive(Debug, Default)]
pub(super) struct Core {
    pub(super) store: Mutex<Store>,
    pub(super) sessions: Mutex<Sessions>,
    pub(super) settings: Settings,
    /// Base URL of the storage server, where there is one.
    pub(super) storage: Mutex<Option<String>>,
}

/// One request, taken apart.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) method: Method,
    pub(super) query: Query,
    pub(super) headers: http::HeaderMap,
    /// Scheme and authority as the client sees them.
    pub(super) origin: String,
    pub(super) caller: Caller,
    pub(super) body: Body,
}

impl Call {
    pub(super) fn new(request: Request, scheme: &str, caller: Caller) -> Self {
        let (parts, body) = request.into_parts();
        let origin = format!("{scheme}://{}", authority(&parts));
        Self { query: Query::of(parts.uri.query()), method: parts.method, headers: parts.headers, origin, caller, body }
    }

    /// A header as text.
    pub(super) fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The host and port that the client asked for.
pub(super) fn authority(parts: &http::request::Parts) -> String {
    let host = parts.headers.get(HOST).and_then(|host| host.to_str().ok());
    host.or(parts.uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default().to_owned()
}

impl Core {
    pub(super) async fn answer(&self, route: Route, call: Call) -> Response {
        let method = call.method.clone();
        if !self.settings.has(Feature::NewRepositories)
            && matches!(method.as_str(), "POST" | "PUT")
            && let Some(name) = route.repository()
            && lock(&self.store).repository(name).is_none()
        {
            drain(call.body).await;
            return reply::error(StatusCode::NOT_FOUND, "NAME_UNKNOWN", "the repository does not exist in the registry");
        }
        let mut response = match (&route, method.as_str()) {
            (Route::Ping, "GET" | "HEAD") => reply::json_body(StatusCode::OK, &serde_json::json!({})),
            (Route::Catalog, "GET") => tags::catalog(self, &call),
            (Route::Tags { name }, "GET") => tags::list(self, name, &call),
            (Route::Referrers { name, digest }, "GET") => referrers::list(self, name, digest, &call),
            (Route::Manifest { name, reference }, "GET" | "HEAD") => manifests::pull(self, name, reference),
            (Route::Manifest { name, reference }, "PUT") => {
                return manifests::push(self, name, reference, call).await;
            }
            (Route::Manifest { name, reference }, "DELETE") => manifests::delete(self, name, reference),
            (Route::Blob { name, digest }, "GET" | "HEAD") => blobs::pull(self, name, digest, &call),
            (Route::Blob { name, digest }, "DELETE") => blobs::delete(self, name, digest),
            (Route::Uploads { name }, "POST") => return uploads::open(self, name, call).await,
            (Route::Upload { name, id }, "PATCH") => return uploads::append(self, name, id, call).await,
            (Route::Upload { name, id }, "PUT") => return uploads::commit(self, name, id, call).await,
            (Route::Upload { name, id }, "GET") => uploads::status(self, name, id, &call),
            (Route::Upload { name, id }, "DELETE") => uploads::cancel(self, name, id, &call),
            (Route::Unknown, _) => reply::content(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", "404 page not found\n"),
            (Route::InvalidName, _) => reply::error(StatusCode::BAD_REQUEST, "NAME_INVALID", "invalid repository name"),
            _ => reply::error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "the operation is unsupported"),
        };
        if method == Method::HEAD {
            *response.body_mut() = Body::empty();
        }
        response
    }

    /// Ends every upload session, as a restart does.
    pub(super) fn forget_sessions(&self) {
        lock(&self.sessions).clear();
    }
}
