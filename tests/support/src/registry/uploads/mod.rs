//! Blob uploads: sessions, chunks, commits and mounts (end-4a, 4b, 5, 6, 11, 13).
//!
//! `receive` takes the bytes, `session` keeps them, `state` tells the client about it.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::header::{CONTENT_LENGTH, LOCATION};
use http::{Method, StatusCode};

use super::blobs::invalid_digest;
use super::core::{Call, Core};
use super::digest;
use super::reply::{self, names};
use super::settings::Feature;
use super::sync::lock;

mod receive;
mod session;
mod state;

pub(super) use session::Sessions;

use receive::receive;
use state::{accepted, state_is_right, unknown};

/// POST: a mount, a whole blob, or a new session.
pub(super) async fn open(core: &Core, name: &str, call: Call) -> Response {
    let settings = &core.settings;
    if let Some(digest) = call.query.first("mount") {
        if !digest::is_digest(digest) {
            return invalid_digest(digest);
        }
        if let Some(bytes) = mountable(core, digest, &call) {
            let created = store_blob(core, name, digest, bytes, &call.origin);
            drain(call.body).await;
            return created;
        }
    } else if let Some(digest) = call.query.first("digest")
        && settings.has(Feature::SinglePost)
    {
        if !digest::is_digest(digest) {
            return invalid_digest(digest);
        }
        let digest = digest.to_owned();
        let id = lock(&core.sessions).open(name);
        return commit_body(core, name, &id, &digest, call).await;
    }
    drain(call.body).await;
    let mut sessions = lock(&core.sessions);
    let id = sessions.open(name);
    let Some(session) = sessions.find(name, &id) else { return unknown(&id) };
    let mut response = accepted(core, name, &id, session, &call.origin);
    if let Some(minimum) = settings.chunk_minimum {
        reply::set(&mut response, names::CHUNK_MINIMUM, &minimum.to_string());
    }
    response
}

/// PATCH: the next chunk.
pub(super) async fn append(core: &Core, name: &str, id: &str, call: Call) -> Response {
    if !state_is_right(core, id, &call.query) {
        drain(call.body).await;
        return unknown(id);
    }
    if let Err(refusal) = receive(core, name, id, &call.headers, call.body).await {
        return refusal.answer(core, name, id, &call.origin);
    }
    match lock(&core.sessions).find(name, id) {
        Some(session) => accepted(core, name, id, session, &call.origin),
        None => unknown(id),
    }
}

/// PUT: the last bytes, if any, and the digest of the whole.
pub(super) async fn commit(core: &Core, name: &str, id: &str, call: Call) -> Response {
    if !state_is_right(core, id, &call.query) {
        drain(call.body).await;
        return unknown(id);
    }
    match call.query.first("digest").map(str::to_owned) {
        Some(digest) if digest::is_digest(&digest) => commit_body(core, name, id, &digest, call).await,
        digest => {
            drain(call.body).await;
            invalid_digest(&digest.unwrap_or_default())
        }
    }
}

/// GET: how much has arrived.
pub(super) fn status(core: &Core, name: &str, id: &str, call: &Call) -> Response {
    let sessions = lock(&core.sessions);
    match sessions.find(name, id) {
        Some(session) if state_is_right(core, id, &call.query) => {
            let mut response = accepted(core, name, id, session, &call.origin);
            *response.status_mut() = StatusCode::NO_CONTENT;
            response.headers_mut().remove(CONTENT_LENGTH);
            response
        }
        _ => unknown(id),
    }
}

/// DELETE: the session ends and its bytes are forgotten.
pub(super) fn cancel(core: &Core, name: &str, id: &str, call: &Call) -> Response {
    if !state_is_right(core, id, &call.query) || lock(&core.sessions).close(name, id).is_none() {
        return unknown(id);
    }
    reply::empty(StatusCode::NO_CONTENT)
}

/// Reads a body to its end and forgets it, so that the answer is not lost in a reset.
pub(super) async fn drain(body: Body) {
    let mut stream = body.into_data_stream();
    while let Some(Ok(_)) = stream.next().await {}
}

async fn commit_body(core: &Core, name: &str, id: &str, digest: &str, call: Call) -> Response {
    let is_single_post = call.method == Method::POST;
    if let Err(refusal) = receive(core, name, id, &call.headers, call.body).await {
        if is_single_post {
            lock(&core.sessions).close(name, id);
        }
        return refusal.answer(core, name, id, &call.origin);
    }
    let Some(session) = lock(&core.sessions).close(name, id) else {
        return unknown(id);
    };
    let bytes = Bytes::from(session.bytes);
    if !digest::matches(digest, &bytes) {
        return reply::error_with_detail(
            StatusCode::BAD_REQUEST,
            "DIGEST_INVALID",
            "provided digest did not match uploaded content",
            digest.into(),
        );
    }
    store_blob(core, name, digest, bytes, &call.origin)
}

fn mountable(core: &Core, digest: &str, call: &Call) -> Option<Bytes> {
    let settings = &core.settings;
    if !settings.has(Feature::Mounts) {
        return None;
    }
    let store = lock(&core.store);
    match call.query.first("from") {
        Some(from) => store.blob(from, digest),
        None if settings.has(Feature::AnonymousMounts) => store.blob_anywhere(digest, |repository| call.caller.may(repository, "pull")),
        None => None,
    }
}

fn store_blob(core: &Core, name: &str, digest: &str, bytes: Bytes, origin: &str) -> Response {
    lock(&core.store).repository_or_new(name).blobs.insert(digest.to_owned(), bytes);
    let mut response = reply::empty(StatusCode::CREATED);
    reply::set(&mut response, LOCATION, &format!("{origin}/v2/{name}/blobs/{digest}"));
    reply::set(&mut response, names::CONTENT_DIGEST, digest);
    response
}
