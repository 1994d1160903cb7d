//! `/token`: GET with Basic credentials, and the OAuth2 POST.

use std::sync::Arc;

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::grant::{Refusal, Scope, User};
use crate::server::Shared;

/// `GET /token?service=…&scope=…`: anonymous, or with Basic credentials.
pub(crate) async fn get(State(shared): State<Arc<Shared>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let form = Form::parse(query.as_deref().unwrap_or_default());
    let user = match headers.get(header::AUTHORIZATION) {
        None => Some(User::anonymous(shared.options().anonymous_pull)),
        Some(value) => value.to_str().ok().and_then(basic),
    };
    let offline = form.one("offline_token") == Some("true");
    answer(&shared, user, &form, offline)
}

/// `POST /token` with `grant_type=password` or `refresh_token`.
pub(crate) async fn post(State(shared): State<Arc<Shared>>, body: String) -> Response {
    if !shared.options().oauth2 {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let form = Form::parse(&body);
    let user = match form.one("grant_type") {
        Some("password") => form.one("username").zip(form.one("password")).and_then(|(name, password)| User::with_password(name, password)),
        Some("refresh_token") => form.one("refresh_token").and_then(|token| shared.refreshed(token)),
        _ => {
            return (StatusCode::BAD_REQUEST, Json(json!({ "error": "unsupported_grant_type" }))).into_response();
        }
    };
    let offline = form.one("access_type") == Some("offline");
    answer(&shared, user, &form, offline)
}

fn answer(shared: &Shared, user: Option<User>, form: &Form, offline: bool) -> Response {
    let Some(user) = user else {
        return unauthorised("authentication failed");
    };
    let options = shared.options();
    let asked: Vec<Scope> = form.all("scope").flat_map(Scope::parse).collect();
    let granted: Vec<Scope> = asked.iter().map(|scope| scope.limited_to(user)).collect();
    let granted = match options.refusal {
        Refusal::TokenServer if granted != asked => {
            return unauthorised("access token has insufficient scopes");
        }
        Refusal::Forbidden if !user.name.is_empty() => asked,
        Refusal::FewerActions | Refusal::TokenServer | Refusal::Forbidden => granted,
    };
    let token = match shared.signer().token(user.name, &granted, options.ttl) {
        Ok(token) => token,
        Err(error) => {
            return (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response();
        }
    };
    let mut answer = json!({ "token": token, "access_token": token, "expires_in": options.ttl.as_secs() });
    if offline && !user.name.is_empty() {
        answer["refresh_token"] = Value::from(shared.refresh_token(user));
    }
    Json(answer).into_response()
}

fn unauthorised(message: &str) -> Response {
    let error = json!({ "errors": [{ "code": "UNAUTHORIZED", "message": message, "detail": null }] });
    (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"imgbuild peer\"")], Json(error)).into_response()
}

fn basic(value: &str) -> Option<User> {
    let (scheme, encoded) = value.split_once(' ')?;
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, password) = decoded.split_once(':')?;
    User::with_password(name, password).filter(|_| scheme.eq_ignore_ascii_case("basic"))
}

/// The parameters of a query or of a form.
struct Form(Vec<(String, String)>);

impl Form {
    fn parse(encoded: &str) -> Self {
        Self(url::form_urlencoded::parse(encoded.as_bytes()).into_owned().collect())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn one<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }
}
