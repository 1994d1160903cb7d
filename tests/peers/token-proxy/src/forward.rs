//! Everything that is not `/token`: streamed to the registry and back.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::grant::{Refusal, User};
use crate::server::Shared;
use crate::signer;

/// Sends the request on. `Host` stays as it came, so the registry's `Location` names this proxy.
pub(crate) async fn forward(State(shared): State<Arc<Shared>>, mut request: Request) -> Response {
    if shared.options().refusal == Refusal::Forbidden && writes(request.method()) && !may_push(&request) {
        return denied();
    }
    let Some(upstream) = shared.upstream() else {
        return (StatusCode::BAD_GATEWAY, "no registry behind this address yet").into_response();
    };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let target = Uri::builder().scheme("http").authority(upstream.to_string()).path_and_query(path).build();
    match target {
        Ok(uri) => *request.uri_mut() = uri,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
    // The client's wait for `100 Continue` ends here: its server side has answered it already.
    request.headers_mut().remove(header::EXPECT);
    request.headers_mut().remove(header::CONNECTION);
    match shared.client().request(request).await {
        Ok(response) => response.map(Body::new),
        Err(error) => (StatusCode::BAD_GATEWAY, format!("the registry does not answer: {error}")).into_response(),
    }
}

fn writes(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD)
}

fn may_push(request: &Request) -> bool {
    let header = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some(token) = header.and_then(|value| value.strip_prefix("Bearer ")) else {
        // Without a token the registry itself has the word.
        return true;
    };
    signer::subject(token).and_then(|name| User::named(&name)).is_some_and(|user| user.may("push"))
}

fn denied() -> Response {
    let error = json!({ "errors": [{ "code": "DENIED", "message": "requested access to the resource is denied" }] });
    (StatusCode::FORBIDDEN, axum::Json(error)).into_response()
}
