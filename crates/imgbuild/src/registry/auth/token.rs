//! Getting a token from a token server (Docker token specification; OAuth2 as Docker's distribution speaks it).

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::HeaderValue;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;
use url::form_urlencoded::Serializer;

use super::super::Error;
use super::super::error::{Denied, Why};
use super::super::secret::Secret;
use super::super::transport::{Answer, Body, Endpoint, Request, Transport, resolve};
use super::challenge::Challenge;
use super::credentials::{Credential, Found};
use super::scope::Scopes;

/// Largest answer of a token server.
const MAX_TOKEN_BYTES: u64 = 64 << 10;
/// A lifetime that is missing or shorter is taken as this (Docker token specification, `expires_in`).
const SHORTEST_LIFE: Duration = Duration::from_mins(1);
/// A token is renewed this long before its end, so that it does not end on its way.
const MARGIN: Duration = Duration::from_secs(10);
/// Longest lifetime that is believed.
const LONGEST_LIFE: Duration = Duration::from_hours(24);

/// A token for some scopes.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(super) secret: Secret,
    pub(super) scopes: Scopes,
    /// The server's own word on what it granted, where it said so.
    pub(super) granted: Option<String>,
    pub(super) until: Instant,
}

/// What is asked of whom.
pub(super) struct Wish<'a> {
    pub(super) challenge: &'a Challenge,
    pub(super) scopes: &'a Scopes,
    pub(super) found: Option<&'a Found>,
    /// Set where the server only answers GET.
    pub(super) get_only: &'a AtomicBool,
}

#[derive(Deserialize)]
struct Reply {
    token: Option<String>,
    access_token: Option<String>,
    expires_in: Option<f64>,
    scope: Option<String>,
}

/// Asks the token server.
///
/// # Errors
/// [`Error::Denied`] where it refuses, and everything that a request can end in.
pub(super) async fn fetch(transport: &Transport, endpoint: &Endpoint, wish: &Wish<'_>) -> Result<Token, Error> {
    let base = endpoint.base(transport).await?;
    let realm = wish.challenge.parameter("realm").unwrap_or_default();
    let unusable = |reason: String| Error::Answer { request: format!("GET {base}v2/"), reason };
    let realm = resolve(base, realm)
        .ok_or_else(|| unusable(format!("the token server's address `{}` is no URL", realm.chars().take(200).collect::<String>())))?;
    let answer = match wish.found.map(|found| &found.credential) {
        Some(Credential::IdentityToken(token)) => {
            transport.send(endpoint, &post(&realm, wish, &[("grant_type", "refresh_token"), ("refresh_token", token.reveal())])).await?
        }
        Some(Credential::Password { user, password }) if !wish.get_only.load(Ordering::Relaxed) => {
            let form = [("grant_type", "password"), ("username", user), ("password", password.reveal())];
            let answer = transport.send(endpoint, &post(&realm, wish, &form)).await?;
            // Servers that know no POST say so with any of these (seen: Google, Artifactory, Azure).
            if matches!(answer.status().as_u16(), 400 | 401 | 404 | 405) {
                let answer = transport.send(endpoint, &get(&realm, wish)?).await?;
                wish.get_only.store(answer.status().is_success(), Ordering::Relaxed);
                answer
            } else {
                answer
            }
        }
        _ => transport.send(endpoint, &get(&realm, wish)?).await?,
    };
    if answer.status() != StatusCode::OK {
        return Err(refuse(endpoint, wish, answer).await);
    }
    read(answer, wish.scopes).await
}

fn get(realm: &Url, wish: &Wish<'_>) -> Result<Request, Error> {
    let mut url = realm.clone();
    {
        let mut query = url.query_pairs_mut();
        if let Some(service) = wish.challenge.parameter("service").filter(|service| !service.is_empty()) {
            query.append_pair("service", service);
        }
        for scope in wish.scopes.to_strings() {
            query.append_pair("scope", &scope);
        }
        query.append_pair("client_id", "imgbuild");
    }
    let mut request = Request::new(Method::GET, url);
    if let Some(Found { credential: Credential::Password { user, password }, .. }) = wish.found {
        request.url.query_pairs_mut().append_pair("account", user);
        request.own = Some(basic(user, password)?);
    }
    Ok(request)
}

fn post(realm: &Url, wish: &Wish<'_>, grant: &[(&str, &str)]) -> Request {
    let mut form = Serializer::new(String::new());
    form.extend_pairs(grant);
    if let Some(service) = wish.challenge.parameter("service").filter(|service| !service.is_empty()) {
        form.append_pair("service", service);
    }
    let scopes = wish.scopes.to_strings();
    if !scopes.is_empty() {
        form.append_pair("scope", &scopes.join(" "));
    }
    form.append_pair("client_id", "imgbuild");
    Request::new(Method::POST, realm.clone()).body("application/x-www-form-urlencoded", Body::Bytes(form.finish().into()))
}

/// `Authorization: Basic` (RFC 7617), marked so that no log shows it.
pub(super) fn basic(user: &str, password: &Secret) -> Result<HeaderValue, Error> {
    sensitive(&format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{}", password.reveal()))))
}

/// A header value that no log shows.
pub(super) fn sensitive(value: &str) -> Result<HeaderValue, Error> {
    let mut value =
        HeaderValue::from_str(value).map_err(|_| Error::Input("a token or password has characters that no header can carry".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

async fn read(answer: Answer, scopes: &Scopes) -> Result<Token, Error> {
    let request = answer.request.clone();
    let body = answer.body(MAX_TOKEN_BYTES).await?;
    let unusable = |reason: &str| Error::Answer { request: request.clone(), reason: reason.to_owned() };
    // The parser's own message could quote the token.
    let reply: Reply = serde_json::from_slice(&body).map_err(|_| unusable("the token server's answer is not the JSON of a token"))?;
    let secret = [reply.token, reply.access_token].into_iter().flatten().find(|token| !token.is_empty());
    let secret = secret.ok_or_else(|| unusable("the token server's answer holds no token"))?;
    let granted = reply.scope.filter(|scope| !scope.is_empty());
    Ok(Token { secret: Secret::new(secret), scopes: scopes.clone(), granted, until: Instant::now() + useful_life(reply.expires_in) })
}

/// How long a token is used, by its `expires_in` in seconds.
fn useful_life(expires_in: Option<f64>) -> Duration {
    let life = expires_in.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).unwrap_or(SHORTEST_LIFE);
    life.clamp(SHORTEST_LIFE, LONGEST_LIFE).saturating_sub(MARGIN)
}

async fn refuse(endpoint: &Endpoint, wish: &Wish<'_>, answer: Answer) -> Error {
    match answer.refuse().await {
        Error::Status { request, status: status @ (400 | 401 | 403), reason } => Error::Denied(Box::new(Denied {
            request,
            status,
            reason,
            registry: endpoint.domain.clone(),
            credential: wish.found.map(|found| found.source.clone()),
            why: if wish.found.is_some() { Why::WrongCredentials } else { Why::NoCredentials },
            missing: Vec::new(),
        })),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_that_is_missing_or_below_a_minute_is_a_minute_and_renewal_comes_before_the_end() {
        for (expires_in, seconds) in [
            (None, 50),
            (Some(0.0), 50),
            (Some(-3.0), 50),
            (Some(59.0), 50),
            (Some(60.0), 50),
            (Some(300.0), 290),
            (Some(f64::MAX), 50),
            (Some(1e9), 86_390),
        ] {
            assert_eq!(useful_life(expires_in), Duration::from_secs(seconds), "{expires_in:?}");
        }
    }
}
