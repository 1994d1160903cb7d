//! The token server's HTTP: GET with Basic, and OAuth2 POST with a password or a refresh token (AUTH).

use axum::extract::Request;
use axum::response::Response;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::tokens::{Denial, TokenField, TokenRequest};
use super::{Scope, TokenAuthority, basic_credentials};
use crate::registry::reply;
use crate::registry::route::Query;

// A form with credentials and scopes is a few hundred bytes.
const FORM_LIMIT: usize = 64 * 1024;

/// Who asks, for what.
struct Asked {
    method: Method,
    user: Option<String>,
    service: Option<String>,
    scopes: Vec<String>,
    offline: bool,
}

/// Answers one request to the token endpoint.
pub(in crate::registry) async fn answer(authority: &TokenAuthority, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match parts.method {
        Method::GET => {
            let query = Query::of(parts.uri.query());
            let credentials = basic_credentials(&parts.headers);
            let known = credentials.as_ref().is_none_or(|(name, password)| authority.tokens.users.knows(name, password));
            let asked = Asked {
                method: Method::GET,
                user: credentials.map(|(name, _)| name).filter(|_| known),
                service: query.first("service").map(str::to_owned),
                scopes: query.all("scope").flat_map(str::split_whitespace).map(str::to_owned).collect(),
                offline: query.first("offline_token") == Some("true"),
            };
            if known { grant(authority, asked) } else { refuse(authority, asked, &wrong_credentials()) }
        }
        Method::POST if authority.tokens.post_refusal.is_some() => {
            let status = authority.tokens.post_refusal.and_then(|status| StatusCode::from_u16(status).ok());
            reply::content(status.unwrap_or(StatusCode::METHOD_NOT_ALLOWED), "text/plain", "no POST here\n")
        }
        Method::POST => {
            let bytes = axum::body::to_bytes(body, FORM_LIMIT).await.unwrap_or_default();
            let form = Query::of(std::str::from_utf8(&bytes).ok());
            post(authority, &form)
        }
        _ => reply::empty(StatusCode::METHOD_NOT_ALLOWED),
    }
}

fn post(authority: &TokenAuthority, form: &Query) -> Response {
    let users = &authority.tokens.users;
    let user = match form.first("grant_type") {
        Some("password") => match (form.first("username"), form.first("password")) {
            (Some(name), Some(password)) if users.knows(name, password) => Some(name.to_owned()),
            _ => None,
        },
        Some("refresh_token") => {
            form.first("refresh_token").and_then(|token| authority.user_of_refresh_token(token)).filter(|user| users.has_user(user))
        }
        _ => None,
    };
    let asked = Asked {
        method: Method::POST,
        user,
        service: form.first("service").map(str::to_owned),
        scopes: form.all("scope").flat_map(str::split_whitespace).map(str::to_owned).collect(),
        offline: form.first("access_type") == Some("offline"),
    };
    let complete = form.first("client_id").is_some() && form.first("service").is_some();
    match (&asked.user, complete) {
        (_, false) => refuse_with(authority, asked, StatusCode::BAD_REQUEST, &json!({ "error": "invalid_request" })),
        (None, true) => refuse(authority, asked, &wrong_credentials()),
        (Some(_), true) => grant(authority, asked),
    }
}

fn grant(authority: &TokenAuthority, asked: Asked) -> Response {
    let tokens = &authority.tokens;
    let wanted: Vec<Scope> = asked.scopes.iter().filter_map(|scope| Scope::parse(scope)).collect();
    let allowed: Vec<Scope> = wanted.iter().map(|scope| tokens.users.allowed(asked.user.as_deref(), scope)).collect();
    if tokens.denial == Denial::AtTokenServer && allowed != wanted {
        return refuse(authority, asked, &json!({ "details": "access token has insufficient scopes" }));
    }
    let allowed: Vec<Scope> = allowed.into_iter().filter(|scope| !scope.actions.is_empty()).collect();
    let granted = allowed.iter().map(ToString::to_string).collect();
    let refresh = asked.user.as_deref().filter(|_| asked.offline).map(TokenAuthority::refresh_token_of);
    let is_post = asked.method == Method::POST;
    authority.record(asked.recorded(granted, true));
    let token = authority.issue(allowed);
    let mut answer = json!({});
    // The OAuth2 endpoint is specified with `access_token` alone.
    if tokens.field != TokenField::AccessToken && !is_post {
        answer["token"] = token.clone().into();
    }
    if tokens.field != TokenField::Token || is_post {
        answer["access_token"] = token.into();
    }
    if let Some(seconds) = tokens.expires_in {
        answer["expires_in"] = seconds.into();
    }
    if let Some(refresh) = refresh {
        answer["refresh_token"] = refresh.into();
    }
    reply::json_body(StatusCode::OK, &answer)
}

fn refuse(authority: &TokenAuthority, asked: Asked, body: &Value) -> Response {
    refuse_with(authority, asked, StatusCode::UNAUTHORIZED, body)
}

fn refuse_with(authority: &TokenAuthority, asked: Asked, status: StatusCode, body: &Value) -> Response {
    authority.record(asked.recorded(Vec::new(), false));
    reply::json_body(status, body)
}

fn wrong_credentials() -> Value {
    json!({ "details": "incorrect username or password" })
}

impl Asked {
    fn recorded(self, granted: Vec<String>, issued: bool) -> TokenRequest {
        TokenRequest { method: self.method.to_string(), user: self.user, service: self.service, scopes: self.scopes, granted, issued }
    }
}

impl TokenAuthority {
    fn user_of_refresh_token(&self, token: &str) -> Option<String> {
        let issued = token.strip_prefix("refresh.").map(str::to_owned);
        self.tokens.identities.get(token).cloned().or(issued)
    }

    fn refresh_token_of(user: &str) -> String {
        format!("refresh.{user}")
    }
}
