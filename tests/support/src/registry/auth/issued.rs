//! The tokens that a token server has issued, and what the registry lets in with them.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Instant;

use axum::response::Response;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};

use super::scope::covered;
use super::{Caller, Denial, Scope, TokenRequest, Tokens, scheme_value};
use crate::registry::digest::sha256;
use crate::registry::reply;
use crate::registry::sync::lock;

/// A token server with what it has issued.
#[derive(Debug)]
pub(in crate::registry) struct TokenAuthority {
    pub(super) tokens: Tokens,
    /// Base URL of the token server when it has its own port.
    pub(in crate::registry) own_url: Mutex<Option<String>>,
    issued: Mutex<Issued>,
}

#[derive(Debug, Default)]
struct Issued {
    tokens: HashMap<String, Token>,
    count: u64,
    requests: Vec<TokenRequest>,
}

#[derive(Debug)]
struct Token {
    scopes: Vec<Scope>,
    ends: Instant,
    requests_left: Option<u64>,
}

impl TokenAuthority {
    pub(in crate::registry) fn new(tokens: Tokens) -> Self {
        Self { tokens, own_url: Mutex::default(), issued: Mutex::default() }
    }

    pub(in crate::registry) fn requests(&self) -> Vec<TokenRequest> {
        lock(&self.issued).requests.clone()
    }

    pub(in crate::registry) fn revoke_all(&self) {
        lock(&self.issued).tokens.clear();
    }

    pub(super) fn record(&self, request: TokenRequest) {
        lock(&self.issued).requests.push(request);
    }

    pub(super) fn issue(&self, scopes: Vec<Scope>) -> String {
        let mut issued = lock(&self.issued);
        issued.count += 1;
        let number = issued.count;
        // Opaque, and with the characters that JWTs have.
        let token = format!("opaque.{}.{number}-_", &sha256(format!("{number}{scopes:?}").as_bytes())[7..]);
        let ends = Instant::now() + self.tokens.lifetime;
        let requests_left = self.tokens.requests_per_token;
        issued.tokens.insert(token.clone(), Token { scopes, ends, requests_left });
        token
    }

    pub(in crate::registry) fn admit(&self, headers: &HeaderMap, needs: &[Scope], origin: &str) -> Result<Caller, Box<Response>> {
        let header = headers.get(AUTHORIZATION).and_then(|header| header.to_str().ok());
        let Some(token) = header.and_then(|header| scheme_value(header, "bearer")) else {
            return Err(Box::new(self.challenge(needs, None, origin)));
        };
        let mut issued = lock(&self.issued);
        let valid = issued.tokens.get_mut(token).filter(|token| token.ends > Instant::now());
        let Some(token) = valid else {
            return Err(Box::new(self.challenge(needs, Some("invalid_token"), origin)));
        };
        if let Some(left) = &mut token.requests_left {
            if *left == 0 {
                return Err(Box::new(self.challenge(needs, Some("invalid_token"), origin)));
            }
            *left -= 1;
        }
        if needs.iter().all(|need| covered(&token.scopes, need)) {
            return Ok(Caller::Bearer(token.scopes.clone()));
        }
        if self.tokens.denial == Denial::Forbidden {
            let message = "requested access to the resource is denied";
            return Err(Box::new(reply::error(StatusCode::FORBIDDEN, "DENIED", message)));
        }
        Err(Box::new(self.challenge(needs, Some("insufficient_scope"), origin)))
    }

    fn challenge(&self, needs: &[Scope], error: Option<&str>, origin: &str) -> Response {
        let own_url = lock(&self.own_url).clone();
        let realm = match &self.tokens.realm {
            Some(realm) => realm.clone(),
            None => format!("{}/token", own_url.as_deref().unwrap_or(origin)),
        };
        let scopes: Vec<String> = needs.iter().map(ToString::to_string).collect();
        let scope = if scopes.is_empty() { String::new() } else { format!(",scope=\"{}\"", scopes.join(" ")) };
        let error = error.map_or(String::new(), |error| format!(",error=\"{error}\""));
        let challenge = format!("Bearer realm=\"{realm}\",service=\"{}\"{scope}{error}", self.tokens.service);
        let mut response = reply::error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication required");
        for challenge in self.tokens.extra_challenges.iter().chain([&challenge]) {
            response.headers_mut().append(WWW_AUTHENTICATE, reply::header_value(challenge));
        }
        response
    }
}
