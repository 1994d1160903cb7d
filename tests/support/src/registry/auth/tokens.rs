//! How a token server behaves, read as a sentence.

use std::collections::HashMap;
use std::time::Duration;

use super::Users;

/// Which field of the token answer carries the token (AUTH: both names are in use).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenField {
    /// `token` alone.
    #[default]
    Token,
    /// `access_token` alone.
    AccessToken,
    /// Both, with the same value.
    Both,
}

/// How a caller learns that an action is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Denial {
    /// The token has fewer actions and the registry answers 401 with `error="insufficient_scope"`.
    #[default]
    InsufficientScope,
    /// The token has fewer actions and the registry answers 403 `DENIED`.
    Forbidden,
    /// The token server answers 401 as soon as one asked action is not allowed, as Docker Hub does to
    /// read-only access tokens.
    AtTokenServer,
}

/// One request to the token server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// The user whose password or refresh token was right.
    pub user: Option<String>,
    /// `service` as asked.
    pub service: Option<String>,
    /// Every scope as asked, one element each.
    pub scopes: Vec<String>,
    /// The scopes that the token got; empty when none was issued.
    pub granted: Vec<String>,
    /// Whether a token was issued.
    pub issued: bool,
}

/// The settings of a token server; the users' methods are those of [`Users`].
#[derive(Debug, Clone)]
pub struct Tokens {
    pub(super) users: Users,
    pub(super) service: String,
    pub(super) realm: Option<String>,
    pub(super) lifetime: Duration,
    pub(super) expires_in: Option<u64>,
    pub(super) field: TokenField,
    pub(super) denial: Denial,
    pub(super) post_refusal: Option<u16>,
    pub(super) identities: HashMap<String, String>,
    pub(super) requests_per_token: Option<u64>,
    pub(super) extra_challenges: Vec<String>,
    pub(in crate::registry) own_port: bool,
}

impl Default for Tokens {
    fn default() -> Self {
        Self {
            users: Users::new(),
            service: "registry.test".to_owned(),
            realm: None,
            lifetime: Duration::from_mins(5),
            expires_in: Some(300),
            field: TokenField::default(),
            denial: Denial::default(),
            post_refusal: None,
            identities: HashMap::new(),
            requests_per_token: None,
            extra_challenges: Vec::new(),
            own_port: false,
        }
    }
}

impl Tokens {
    /// A token server at `/token` of the registry itself, without users, whose tokens last five minutes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// See [`Users::user`].
    #[must_use]
    pub fn user(mut self, name: &str, password: &str, actions: &[&str]) -> Self {
        self.users = self.users.user(name, password, actions);
        self
    }

    /// See [`Users::user_on`].
    #[must_use]
    pub fn user_on(mut self, name: &str, password: &str, repositories: &str, actions: &[&str]) -> Self {
        self.users = self.users.user_on(name, password, repositories, actions);
        self
    }

    /// See [`Users::anonymous`].
    #[must_use]
    pub fn anonymous(mut self, repositories: &str, actions: &[&str]) -> Self {
        self.users = self.users.anonymous(repositories, actions);
        self
    }

    /// Accepts this refresh (identity) token for `user` in OAuth2 POSTs.
    #[must_use]
    pub fn refresh_token(mut self, token: &str, user: &str) -> Self {
        self.identities.insert(token.to_owned(), user.to_owned());
        self
    }

    /// The `service` of the challenge.
    #[must_use]
    pub fn service(mut self, service: &str) -> Self {
        service.clone_into(&mut self.service);
        self
    }

    /// Another realm in the challenge than where the token server really is.
    #[must_use]
    pub fn realm(mut self, realm: &str) -> Self {
        self.realm = Some(realm.to_owned());
        self
    }

    /// Puts the token server on a port of its own.
    #[must_use]
    pub fn on_own_port(mut self) -> Self {
        self.own_port = true;
        self
    }

    /// How long tokens are really accepted; `expires_in` follows it in whole seconds.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self.expires_in = Some(lifetime.as_secs());
        self
    }

    /// What `expires_in` says, in seconds, whatever the lifetime; `None` leaves it out.
    #[must_use]
    pub fn expires_in(mut self, seconds: Option<u64>) -> Self {
        self.expires_in = seconds;
        self
    }

    /// Which field carries the token.
    #[must_use]
    pub fn field(mut self, field: TokenField) -> Self {
        self.field = field;
        self
    }

    /// How missing rights show.
    #[must_use]
    pub fn denial(mut self, denial: Denial) -> Self {
        self.denial = denial;
        self
    }

    /// Answers every POST to the token server with this status: a server that only knows GET.
    #[must_use]
    pub fn refuse_post(mut self, status: u16) -> Self {
        self.post_refusal = Some(status);
        self
    }

    /// Makes each token good for this many requests, so that it ends in the middle of an upload.
    #[must_use]
    pub fn requests_per_token(mut self, requests: u64) -> Self {
        self.requests_per_token = Some(requests);
        self
    }

    /// A further `WWW-Authenticate` header, sent before the Bearer challenge.
    #[must_use]
    pub fn extra_challenge(mut self, challenge: &str) -> Self {
        self.extra_challenges.push(challenge.to_owned());
        self
    }
}
