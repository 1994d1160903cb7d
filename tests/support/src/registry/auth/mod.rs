//! Who may do what: nobody asked, Basic, or Bearer tokens from a token server.
//!
//! `users` holds people and grants, `scope` the rights in a token's language, `tokens` the token server's settings,
//! `issued` its tokens, `endpoint` its HTTP.

use axum::response::Response;
use base64::Engine as _;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, StatusCode};

use super::reply;
use super::route::{Query, Route};

pub(super) mod endpoint;
mod issued;
mod scope;
mod tokens;
mod users;

pub use tokens::{Denial, TokenField, TokenRequest, Tokens};
pub use users::Users;

pub(super) use issued::TokenAuthority;
pub(super) use scope::Scope;

/// What a request was allowed.
#[derive(Debug, Clone)]
pub(super) enum Caller {
    /// No authorisation is asked for here.
    Anyone,
    /// A user's or anonymous rights by Basic.
    Known { users: Users, name: Option<String> },
    /// What a token grants.
    Bearer(Vec<Scope>),
}

impl Caller {
    /// Whether the caller has `action` on `repository`.
    pub(super) fn may(&self, repository: &str, action: &str) -> bool {
        self.has(&Scope::repository(repository, &[action]))
    }

    fn has(&self, needed: &Scope) -> bool {
        match self {
            Self::Anyone => true,
            Self::Known { users, name } => users.allows(name.as_deref(), needed),
            Self::Bearer(scopes) => scope::covered(scopes, needed),
        }
    }
}

/// The rule by which a registry admits requests.
#[derive(Debug, Clone, Default)]
pub(super) enum Authority {
    #[default]
    Open,
    Basic(Users),
    Bearer(std::sync::Arc<TokenAuthority>),
}

impl Authority {
    /// The caller, or the refusal with its challenge.
    pub(super) fn admit(
        &self,
        headers: &HeaderMap,
        method: &http::Method,
        route: &Route,
        query: &Query,
        origin: &str,
    ) -> Result<Caller, Box<Response>> {
        let needs = needs(method, route, query);
        match self {
            Self::Open => Ok(Caller::Anyone),
            Self::Basic(users) => admit_basic(users, headers, &needs),
            Self::Bearer(tokens) => tokens.admit(headers, &needs, origin),
        }
    }
}

/// The rights that a request needs (distribution's rules, except that a session may be cancelled by who may push).
fn needs(method: &http::Method, route: &Route, query: &Query) -> Vec<Scope> {
    if *route == Route::Catalog {
        return vec![Scope::new("registry", "catalog", &["*"])];
    }
    let Some(repository) = route.repository() else { return Vec::new() };
    let actions: &[&str] = match (method.as_str(), route) {
        ("GET" | "HEAD", _) => &["pull"],
        ("DELETE", Route::Manifest { .. } | Route::Blob { .. }) => &["delete"],
        _ => &["pull", "push"],
    };
    let mut needs = vec![Scope::repository(repository, actions)];
    if let (Some(from), Some(_)) = (query.first("from"), query.first("mount")) {
        needs.push(Scope::repository(from, &["pull"]));
    }
    needs
}

fn admit_basic(users: &Users, headers: &HeaderMap, needs: &[Scope]) -> Result<Caller, Box<Response>> {
    let challenge = |message: &str| {
        let mut response = reply::error(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message);
        reply::set(&mut response, WWW_AUTHENTICATE, "Basic realm=\"Registry Realm\"");
        Box::new(response)
    };
    let name = match basic_credentials(headers) {
        Some((name, password)) if users.knows(&name, &password) => Some(name),
        Some(_) => return Err(challenge("incorrect username or password")),
        // Anonymous callers see the challenge on the ping, as with every registry that has users.
        None if needs.is_empty() => return Err(challenge("authentication required")),
        None => None,
    };
    let caller = Caller::Known { users: users.clone(), name };
    if needs.iter().all(|need| caller.has(need)) {
        return Ok(caller);
    }
    match caller {
        Caller::Known { name: Some(_), .. } => {
            Err(Box::new(reply::error(StatusCode::FORBIDDEN, "DENIED", "requested access to the resource is denied")))
        }
        _ => Err(challenge("authentication required")),
    }
}

/// User and password of an `Authorization: Basic` header.
pub(super) fn basic_credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let encoded = scheme_value(headers.get(AUTHORIZATION)?.to_str().ok()?, "basic")?;
    let decoded = base64::engine::general_purpose::STANDARD.decode(encoded).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// What follows an authorisation scheme, which is written in any case (RFC 9110, 11.1).
fn scheme_value<'a>(header: &'a str, scheme: &str) -> Option<&'a str> {
    let (found, value) = header.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| value.trim())
}
