//! HTTP as a registry client needs it: authorised, judged, limited and tried again.
//!
//! It knows URLs and statuses, and refuses to know what a manifest or a blob is.

mod address;
mod answer;
mod body;
mod certificates;
mod client_auth;
mod clients;
mod endpoint;
mod failure;
mod place;
mod proxy;
mod pulse;
mod request;
mod resolve;
mod retry;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, HeaderValue, LOCATION};
use reqwest::{Method, StatusCode};
use url::Url;

use super::Error;
use super::auth::{Credentials, is_expired};
use super::error::{Denied, Why};
use super::veil::Veil;
use crate::event::Events;

pub(crate) use address::{authority, same_origin};
pub(crate) use answer::Answer;
pub(crate) use body::{Body, OnProgress, SourceFailure};
pub(crate) use clients::{Clients, Hosts};
pub(crate) use endpoint::Endpoint;
pub(crate) use failure::request_line;
pub(crate) use place::resolve;
pub use proxy::Proxies;
pub(crate) use request::{Access, Request};
pub(crate) use resolve::Names;
pub use retry::Policy;
pub(crate) use retry::{CoolDown, Deadline, Trial};

/// Registries redirect once, to storage; some to a region first.
const MAX_REDIRECTS: usize = 5;

/// A token is renewed once for a request. One that other requests had used up or outlived already counts less: theirs is the blame.
const ENOUGH_REJECTIONS: u32 = 8;

/// Sends requests.
pub(crate) struct Transport {
    pub(crate) clients: Clients,
    pub(crate) policy: Policy,
    pub(crate) deadline: Option<Deadline>,
    pub(crate) events: Events,
    pub(crate) credentials: Arc<dyn Credentials>,
    pub(crate) veil: Arc<Veil>,
    cool_downs: Mutex<HashMap<String, CoolDown>>,
    warned: Mutex<HashSet<String>>,
}

impl Transport {
    pub(crate) fn new(
        clients: Clients,
        policy: Policy,
        deadline: Option<Duration>,
        events: Events,
        credentials: Arc<dyn Credentials>,
    ) -> Self {
        let deadline = deadline.map(|limit| Deadline { at: tokio::time::Instant::now() + limit, limit });
        Self {
            clients,
            policy,
            deadline,
            events,
            credentials,
            veil: Arc::default(),
            cool_downs: Mutex::default(),
            warned: Mutex::default(),
        }
    }

    /// The attempts of one task on `url`.
    pub(crate) fn trial(&self, what: String) -> Trial {
        Trial::new(self.policy.clone(), self.events.clone(), self.deadline, what)
    }

    /// Two attempts at what another place has as well.
    pub(crate) fn short_trial(&self, what: String) -> Trial {
        Trial::new(self.policy.clone().attempts(2).longest_wait(Duration::ZERO), self.events.clone(), self.deadline, what)
    }

    pub(crate) fn cool_down(&self, url: &Url) -> CoolDown {
        self.cool_downs.lock().unwrap_or_else(PoisonError::into_inner).entry(authority(url)).or_default().clone()
    }

    /// Sends a request until it is answered with something else than "try again".
    ///
    /// # Errors
    /// Denials, and failures that another attempt did not or could not mend. Every other status is an answer.
    pub(crate) async fn send(&self, endpoint: &Endpoint, request: &Request) -> Result<Answer, Error> {
        let mut trial = if request.insists { self.trial(request.line()) } else { self.short_trial(request.line()) };
        let cool_down = self.cool_down(&request.url);
        loop {
            let (error, wait) = match self.attempt(endpoint, request).await {
                Ok(answer) if is_transient(answer.status()) => {
                    let wait = answer.retry_after();
                    (answer.refuse().await, wait)
                }
                Ok(answer) => return Ok(answer),
                Err(error) => (error, None),
            };
            trial.again(error, wait, &cool_down).await?;
        }
    }

    /// Sends a request once, after the host's cool-down, with authorisation that is renewed once.
    pub(crate) async fn attempt(&self, endpoint: &Endpoint, request: &Request) -> Result<Answer, Error> {
        self.within_deadline(&request.line(), self.cool_down(&request.url).over()).await?;
        self.within_deadline(&request.line(), self.authorised(endpoint, request)).await?
    }

    async fn authorised(&self, endpoint: &Endpoint, request: &Request) -> Result<Answer, Error> {
        let base = endpoint.base(self).await?.clone();
        let Some(access) = &request.access else {
            return self.exchange(endpoint, request, &request.url, request.own.as_ref()).await;
        };
        // An upload's place on another host gets nothing of ours, whatever it asks for.
        if !same_origin(&request.url, &base) {
            return self.exchange(endpoint, request, &base, None).await;
        }
        let mut grant = endpoint.authorizer.grant(self, endpoint, access).await?;
        let mut rejections = 0;
        loop {
            let answer = self.exchange(endpoint, request, &base, grant.header.as_ref()).await?;
            let is_home = same_origin(answer.url(), &base);
            match answer.status() {
                StatusCode::UNAUTHORIZED if is_home => {
                    rejections += grant.weight();
                    let next = if rejections >= ENOUGH_REJECTIONS {
                        None
                    } else {
                        endpoint.authorizer.challenged(self, endpoint, access, &grant, answer.headers()).await?
                    };
                    match next {
                        Some(next) => grant = next,
                        None => return Err(endpoint.authorizer.refusal(self, endpoint, access, &grant, answer).await),
                    }
                }
                StatusCode::FORBIDDEN if is_home => return Err(endpoint.authorizer.refusal(self, endpoint, access, &grant, answer).await),
                _ => {
                    if grant.header.is_some() {
                        endpoint.authorizer.accepted();
                    }
                    return Ok(answer);
                }
            }
        }
    }

    /// Sends a request and follows redirects. `authorization` goes to the origin of `home` alone.
    pub(crate) async fn exchange(
        &self,
        endpoint: &Endpoint,
        request: &Request,
        home: &Url,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, Error> {
        let mut url = request.url.clone();
        let mut authorization = authorization.filter(|_| same_origin(&url, home));
        let is_read = matches!(request.method, Method::GET | Method::HEAD);
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.once(endpoint, request, &url, authorization).await?;
            let follows = request.follows
                && match answer.status().as_u16() {
                    301..=303 => is_read,
                    307 | 308 => is_read || place::same_origin_location(&answer),
                    _ => false,
                };
            let Some(location) = answer.header(LOCATION.as_str()).filter(|_| follows) else { return Ok(answer) };
            let next = resolve(&url, location)
                .ok_or_else(|| Error::Answer { request: answer.request.clone(), reason: "its redirect is no URL".to_owned() })?;
            // Once gone, it is gone: the way back to the first host was chosen by another one.
            authorization = authorization.filter(|_| same_origin(&next, &url));
            url = next;
        }
        Err(Error::Answer { request: request.line(), reason: format!("it redirects more than {MAX_REDIRECTS} times") })
    }

    async fn once(&self, endpoint: &Endpoint, request: &Request, url: &Url, authorization: Option<&HeaderValue>) -> Result<Answer, Error> {
        let (base, method) = (endpoint.base(self).await?, &request.method);
        let line = request_line(method, url);
        let guarded = self.judge(endpoint, base, url, &line)?;
        let proxy = self.clients.proxies.of(url);
        let size = request.body.size();
        let stall = self.policy.stall_limit();
        let pulse = pulse::Pulse::new(size, stall, if request.commits { self.policy.commit_limit() } else { stall });
        let failure = SourceFailure::default();
        let client = self.clients.client(url, guarded)?;
        let mut builder = client.http.request(method.clone(), url.clone()).headers(request.headers.clone());
        // What answers an upload is empty or an error's text.
        if matches!(*method, Method::GET | Method::HEAD) {
            builder = builder.header(ACCEPT_ENCODING, "identity");
        }
        builder = builder.body(request.body.open(&pulse, &failure).await?);
        if matches!(*method, Method::POST | Method::PUT | Method::PATCH) {
            builder = builder.header(CONTENT_LENGTH, size);
        }
        if let Some(authorization) = authorization {
            builder = builder.header(AUTHORIZATION, authorization);
        }
        let started = tokio::time::Instant::now();
        let sent = tokio::select! {
            sent = builder.send() => sent,
            limit = pulse.stopped() => return Err(Error::Network { request: line, reason: format!("nothing moved for {} s", limit.as_secs_f32()) }),
        };
        if let Some(error) = failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error.into());
        }
        let sent = sent.map_err(|error| failure::explain(&error, &client.auth, method, url, proxy))?;
        client.auth.answered();
        let answer = Answer::new(sent, method, url, stall, Arc::clone(&self.veil));
        tracing::trace!("{line}: {} after {} ms", answer.status().as_u16(), started.elapsed().as_millis());
        if answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED
            && let Some(proxy) = proxy
        {
            return Err(Error::Proxy { request: line, proxy: super::secret::redact(proxy) });
        }
        if let (None, true, Some(address)) = (proxy, same_origin(url, base), answer.remote_address()) {
            endpoint.answered_from(address.ip());
        }
        self.pass_on_remarks(&answer);
        Ok(answer)
    }

    /// Shows `Warning: 299` once (distribution-spec 1.1.1, "Warnings") and notes what Docker Hub's limit leaves.
    fn pass_on_remarks(&self, answer: &Answer) {
        for warning in answer.headers().get_all("warning") {
            let Some(text) = warning.to_str().ok().and_then(|text| text.strip_prefix("299 ")).and_then(|text| text.split_once('"')) else {
                continue;
            };
            let text: String = text
                .1
                .strip_suffix('"')
                .unwrap_or(text.1)
                .replace("\\\"", "\"")
                .chars()
                .filter(|character| !character.is_control())
                .collect();
            let text = self.veil.over(&text);
            if self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(text.clone()) {
                self.events.warn(text, None);
            }
        }
        if let Some(remaining) = answer.header("ratelimit-remaining") {
            tracing::info!("{}: {remaining} pulls remain", authority(answer.url()));
        }
    }

    /// The error for an answer that is none of those that were wanted.
    pub(crate) async fn refuse(&self, endpoint: &Endpoint, request: &Request, answer: Answer) -> Error {
        let may_be_expired = answer.status() == StatusCode::BAD_REQUEST && answer.header("www-authenticate").is_none();
        let error = answer.refuse().await;
        match (&request.access, &error) {
            (Some(access), Error::Status { request, status, reason }) if may_be_expired && is_expired(&endpoint.domain, reason) => {
                let lookup = endpoint.authorizer.lookup(self, endpoint, &access.path).await;
                let credential = lookup.ok().and_then(|lookup| lookup.found.as_ref().map(|found| found.source.clone()));
                Error::Denied(Box::new(Denied {
                    request: request.clone(),
                    status: *status,
                    reason: reason.clone(),
                    registry: endpoint.domain.clone(),
                    credential,
                    why: Why::ExpiredToken,
                    missing: Vec::new(),
                }))
            }
            _ => error,
        }
    }

    async fn within_deadline<T>(&self, what: &str, future: impl Future<Output = T>) -> Result<T, Error> {
        match self.deadline {
            None => Ok(future.await),
            Some(deadline) => tokio::time::timeout_at(deadline.at, future)
                .await
                .map_err(|_| Error::Deadline { what: what.to_owned(), limit: deadline.limit }),
        }
    }
}

pub(crate) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

#[cfg(test)]
mod tests;
