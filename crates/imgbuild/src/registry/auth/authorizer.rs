//! One registry's authorisation: its challenge, our credentials and the tokens we hold.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use tokio::time::Instant;

use super::super::Error;
use super::super::error::{Denied, Why};
use super::super::transport::{Access, Answer, Endpoint, Transport};
use super::challenge::Challenge;
use super::credentials::{Credential, Found, Lookup};
use super::scope::Scopes;
use super::token::{self, Token, Wish};
use crate::blob::BoxFuture;

/// Answers challenges of one registry.
#[derive(Default)]
pub(crate) struct Authorizer {
    challenge: Mutex<Option<Challenge>>,
    tokens: Mutex<Vec<(Option<Credential>, Arc<Token>)>>,
    lookups: tokio::sync::Mutex<HashMap<String, Arc<Lookup>>>,
    /// Held while a token is asked for, so that parallel requests ask once.
    asking: tokio::sync::Mutex<()>,
    get_only: AtomicBool,
    /// Whether the registry has accepted an authorisation of ours.
    accepted: AtomicBool,
}

/// What one request is sent with.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) header: Option<HeaderValue>,
    token: Option<Arc<Token>>,
    /// Whether the token was asked for because of this very request.
    fresh: bool,
}

impl Grant {
    /// How much it says against us that the registry rejected this. What is no token is not sent twice anyway.
    pub(crate) fn weight(&self) -> u32 {
        match (&self.token, self.fresh) {
            (None, _) => 0,
            (Some(_), false) => 1,
            (Some(_), true) => 4,
        }
    }

    fn anonymous() -> Self {
        Self { header: None, token: None, fresh: false }
    }
}

impl Authorizer {
    /// The credentials for a repository; found once.
    pub(crate) async fn lookup(&self, transport: &Transport, endpoint: &Endpoint, path: &str) -> Result<Arc<Lookup>, Error> {
        let mut lookups = self.lookups.lock().await;
        if let Some(lookup) = lookups.get(path) {
            return Ok(Arc::clone(lookup));
        }
        let lookup = Arc::new(endpoint.credentials.as_ref().unwrap_or(&transport.credentials).find(&endpoint.domain, path).await?);
        let source = lookup.found.as_ref().map_or("nowhere", |found| &found.source);
        tracing::debug!("credentials for `{}/{path}`: from {source}", endpoint.domain);
        if let Some(found) = &lookup.found {
            transport.veil.cover_credential(&found.credential);
        }
        lookups.insert(path.to_owned(), Arc::clone(&lookup));
        Ok(lookup)
    }

    /// Whether the registry has asked for an authorisation.
    pub(crate) fn is_challenged(&self) -> bool {
        lock(&self.challenge).is_some()
    }

    /// What to send a request with, by what is known so far: nothing before the first challenge.
    pub(crate) async fn grant(&self, transport: &Transport, endpoint: &Endpoint, access: &Access) -> Result<Grant, Error> {
        let lookup = self.lookup(transport, endpoint, &access.path).await?;
        if let Some(Found { credential: Credential::RegistryToken(token), .. }) = &lookup.found {
            return Ok(Grant { header: Some(token::sensitive(&format!("Bearer {}", token.reveal()))?), ..Grant::anonymous() });
        }
        let challenge = lock(&self.challenge).clone();
        match (challenge, &lookup.found) {
            (Some(challenge), found) if challenge.scheme == "bearer" => {
                let (token, fresh) = self.token(transport, endpoint, &challenge, &access.scopes, found.as_ref()).await?;
                let header = token::sensitive(&format!("Bearer {}", token.secret.reveal()))?;
                Ok(Grant { header: Some(header), token: Some(token), fresh })
            }
            (Some(_), Some(Found { credential: Credential::Password { user, password }, .. })) => {
                Ok(Grant { header: Some(token::basic(user, password)?), ..Grant::anonymous() })
            }
            _ => Ok(Grant::anonymous()),
        }
    }

    /// Takes a 401: what to send instead, or nothing where nothing else can help.
    pub(crate) async fn challenged(
        &self,
        transport: &Transport,
        endpoint: &Endpoint,
        access: &Access,
        used: &Grant,
        headers: &HeaderMap,
    ) -> Result<Option<Grant>, Error> {
        let Some(challenge) = choose(headers) else { return Ok(None) };
        let insufficient = challenge.parameter("error") == Some("insufficient_scope");
        *lock(&self.challenge) = Some(challenge.clone());
        if used.fresh && insufficient {
            return Ok(None);
        }
        if let Some(token) = &used.token {
            lock(&self.tokens).retain(|(_, held)| !Arc::ptr_eq(held, token));
        }
        let grant = self.grant(transport, endpoint, access).await?;
        Ok(Some(grant).filter(|grant| grant.token.is_some() || grant.header != used.header))
    }

    /// Notes that the registry accepted an authorisation.
    pub(crate) fn accepted(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    /// The error for a 401 or 403 that stays.
    pub(crate) async fn refusal(&self, transport: &Transport, endpoint: &Endpoint, access: &Access, used: &Grant, answer: Answer) -> Error {
        let challenge = choose(answer.headers());
        let status = answer.status().as_u16();
        let (request, body) = match answer.refuse().await {
            Error::Status { request, reason, .. } => (request, reason),
            other => return other,
        };
        let found = match self.lookup(transport, endpoint, &access.path).await {
            Ok(lookup) => lookup.found.clone(),
            Err(error) => return error,
        };
        let error = challenge.as_ref().and_then(|challenge| challenge.parameter("error")).filter(|error| !error.is_empty());
        let insufficient =
            status == 403 || error == Some("insufficient_scope") || used.token.is_some() || self.accepted.load(Ordering::Relaxed);
        let why = match &found {
            None => Why::NoCredentials,
            Some(_) if challenge.is_none() && is_expired(&endpoint.domain, &body) => Why::ExpiredToken,
            Some(_) if insufficient => Why::MissingScope,
            Some(_) => Why::WrongCredentials,
        };
        let missing = if matches!(why, Why::MissingScope) { beyond_pull(&access.scopes) } else { Vec::new() };
        let reason = error.map_or(body, |error| transport.veil.over(error));
        Error::Denied(Box::new(Denied {
            request,
            status,
            reason,
            registry: endpoint.domain.clone(),
            credential: found.map(|found| found.source),
            why,
            missing,
        }))
    }

    /// A token that covers the scopes: one that we hold, or a new one.
    pub(super) async fn token(
        &self,
        transport: &Transport,
        endpoint: &Endpoint,
        challenge: &Challenge,
        scopes: &Scopes,
        found: Option<&Found>,
    ) -> Result<(Arc<Token>, bool), Error> {
        let credential = found.map(|found| found.credential.clone());
        if let Some(token) = self.held(credential.as_ref(), scopes) {
            return Ok((token, false));
        }
        let _asking = self.asking.lock().await;
        if let Some(token) = self.held(credential.as_ref(), scopes) {
            return Ok((token, false));
        }
        let wish = Wish { challenge, scopes, found, get_only: &self.get_only };
        match ask(transport, endpoint, &wish).await {
            Ok(token) => {
                transport.veil.cover(&token.secret);
                Ok((self.hold(credential, token), true))
            }
            Err(Error::Denied(mut denied)) if found.is_some() => {
                // Whether the credentials are wrong or only too weak shows when less is asked.
                if let Some(less) = scopes.only_pull() {
                    let known = self.held(credential.as_ref(), &less).is_some();
                    if known
                        || ask(transport, endpoint, &Wish { scopes: &less, ..wish }).await.map(|token| self.hold(credential, token)).is_ok()
                    {
                        denied.why = Why::MissingScope;
                        denied.missing = scopes.without(&less).to_strings();
                    }
                }
                Err(Error::Denied(denied))
            }
            Err(error) => Err(error),
        }
    }

    fn held(&self, credential: Option<&Credential>, scopes: &Scopes) -> Option<Arc<Token>> {
        let mut tokens = lock(&self.tokens);
        tokens.retain(|(_, token)| token.until > Instant::now());
        tokens.iter().find(|(owner, token)| owner.as_ref() == credential && token.scopes.cover(scopes)).map(|(_, token)| Arc::clone(token))
    }

    fn hold(&self, credential: Option<Credential>, token: Token) -> Arc<Token> {
        let token = Arc::new(token);
        lock(&self.tokens).push((credential, Arc::clone(&token)));
        token
    }
}

/// Asking for a token is a request of its own, within a request: the cycle of futures is cut here.
fn ask<'a>(transport: &'a Transport, endpoint: &'a Endpoint, wish: &'a Wish<'a>) -> BoxFuture<'a, Result<Token, Error>> {
    Box::pin(token::fetch(transport, endpoint, wish))
}

fn choose(headers: &HeaderMap) -> Option<Challenge> {
    Challenge::choose(headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()))
}

/// What a refused request needed: push where it wanted to push, since reading is seldom what is refused then.
fn beyond_pull(scopes: &Scopes) -> Vec<String> {
    scopes.only_pull().map_or_else(|| scopes.to_strings(), |less| scopes.without(&less).to_strings())
}

/// Amazon ECR answers an expired token with 400 or 403 and no challenge.
pub(crate) fn is_expired(domain: &str, reason: &str) -> bool {
    let reason = reason.to_ascii_lowercase();
    let says_so = reason.contains("authorization token has expired") || reason.contains("authorization token is invalid");
    says_so || (domain.contains(".dkr.ecr.") && reason.contains("no basic auth credentials"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::registry::Secret;

    #[test]
    fn a_token_serves_its_owner_and_its_scopes_until_it_must_be_renewed() {
        let authorizer = Authorizer::default();
        let credential = |user: &str| Some(Credential::Password { user: user.to_owned(), password: Secret::new("p") });
        let token = |until| Token { secret: Secret::new("t"), scopes: Scopes::push("a/b"), granted: None, until };
        authorizer.hold(credential("u"), token(Instant::now() + Duration::from_secs(50)));
        let (ours, theirs) = (credential("u"), credential("v"));
        assert!(authorizer.held(ours.as_ref(), &Scopes::pull("a/b")).is_some());
        for (owner, scopes) in [(&ours, Scopes::pull("c")), (&theirs, Scopes::pull("a/b")), (&None, Scopes::pull("a/b"))] {
            assert!(authorizer.held(owner.as_ref(), &scopes).is_none());
        }
        let late = Authorizer::default();
        late.hold(credential("u"), token(Instant::now()));
        assert!(late.held(ours.as_ref(), &Scopes::pull("a/b")).is_none(), "it is used to its end");
    }

    #[test]
    fn an_expired_token_is_known_by_amazons_words_alone() {
        let ecr = "1.dkr.ecr.eu-central-1.amazonaws.com";
        for (domain, reason, expired) in [
            ("r.example", "DENIED (Your authorization token has expired. Reauthenticate and try again.)", true),
            ("r.example", "DENIED (Your Authorization Token is invalid.)", true),
            (ecr, "no basic auth credentials", true),
            ("r.example", "no basic auth credentials", false),
            (ecr, "DENIED (not yours)", false),
        ] {
            assert_eq!(is_expired(domain, reason), expired, "{domain}: {reason}");
        }
    }
}
