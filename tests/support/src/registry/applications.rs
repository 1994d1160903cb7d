//! The applications that servers run: the registry, its storage and a token server of its own.

use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::auth::{Authority, Caller, TokenAuthority, endpoint};
use super::core::{Call, Core, authority};
use super::reply::{self, names};
use super::route::{Query, Route};
use super::site::Application;
use super::sync::lock;
use super::uploads::drain;

/// The registry behind its authorisation.
pub(super) struct RegistryApplication {
    pub(super) core: Arc<Core>,
    pub(super) authority: Authority,
}

/// The same content without authorisation, as signed URLs of an object store give it.
pub(super) struct StorageApplication(pub(super) Arc<Core>);

/// A token server alone.
pub(super) struct TokenApplication(pub(super) Arc<TokenAuthority>);

impl Application for RegistryApplication {
    fn answer<'a>(&'a self, request: Request, scheme: &'a str) -> BoxFuture<'a, Response> {
        self.respond(request, scheme).boxed()
    }

    fn storage(&self) -> Option<String> {
        lock(&self.core.storage).clone()
    }

    fn restarted(&self) {
        self.core.forget_sessions();
    }
}

impl RegistryApplication {
    async fn respond(&self, request: Request, scheme: &str) -> Response {
        if let (Authority::Bearer(tokens), "/token") = (&self.authority, request.uri().path())
            && lock(&tokens.own_url).is_none()
        {
            return endpoint::answer(tokens, request).await;
        }
        let (parts, body) = request.into_parts();
        let route = Route::of(parts.uri.path());
        let query = Query::of(parts.uri.query());
        let origin = format!("{scheme}://{}", authority(&parts));
        let mut response = match self.authority.admit(&parts.headers, &parts.method, &route, &query, &origin) {
            Ok(caller) => {
                let request = Request::from_parts(parts, body);
                self.core.answer(route, Call::new(request, scheme, caller)).await
            }
            Err(refusal) => {
                drain(body).await;
                *refusal
            }
        };
        reply::set(&mut response, names::API_VERSION, "registry/2.0");
        response
    }
}

impl Application for StorageApplication {
    fn answer<'a>(&'a self, request: Request, scheme: &'a str) -> BoxFuture<'a, Response> {
        let route = Route::of(request.uri().path());
        let call = Call::new(request, scheme, Caller::Anyone);
        self.0.answer(route, call).boxed()
    }
}

impl Application for TokenApplication {
    fn answer<'a>(&'a self, request: Request, _scheme: &'a str) -> BoxFuture<'a, Response> {
        endpoint::answer(&self.0, request).boxed()
    }
}
