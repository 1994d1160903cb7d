//! Blob uploads: sessions, chunks, commits and mounts (end-4a, 4b, 5, 6, 11, 13).
//!
//! Bytes are kept as they arrive, so a session whose client vanished in the middle of a body keeps what came,
//! as a real registry does; asking its status tells how much that was.

use axum::body::{Body, BodyDataStream};
use axum::response::Response;
use bytes::Bytes;
use futures_util::StreamExt as _;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, LOCATION, RANGE};

use super::blobs::invalid_digest;
use super::core::{Call, Core};
use super::digest;
use super::reply::{self, names};
use super::settings::{Feature, UploadLocation};
use super::sync::lock;

mod session;

use session::Session;
pub(super) use session::Sessions;

/// POST: a mount, a whole blob, or a new session.
pub(super) async fn open(core: &Core, name: &str, call: Call) -> Response {
    let settings = &core.settings;
    if let Some(digest) = call.query.first("mount") {
        if !digest::is_digest(digest) {
            return invalid_digest(digest);
        }
        if let Some(bytes) = mountable(core, digest, &call) {
            let created = created(core, name, digest, bytes, &call);
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
    let (method_origin, caller_query) = (call.origin.clone(), call.query.first("mount").is_some());
    drain(call.body).await;
    let mut sessions = lock(&core.sessions);
    let id = sessions.open(name);
    let Some(session) = sessions.find(name, &id) else { return unknown(&id) };
    let mut response = accepted(core, name, &id, session, &method_origin);
    if let (Some(minimum), false) = (settings.chunk_minimum, caller_query) {
        reply::set(&mut response, names::CHUNK_MINIMUM, &minimum.to_string());
    }
    response
}

/// PATCH: the next chunk.
pub(super) async fn append(core: &Core, name: &str, id: &str, call: Call) -> Response {
    match receive(core, name, id, &call.query, &call.headers, call.body).await {
        Ok(()) => {}
        Err(refusal) => return refusal.answer(core, name, id, &call.origin),
    }
    match lock(&core.sessions).find(name, id) {
        Some(session) => accepted(core, name, id, session, &call.origin),
        None => unknown(id),
    }
}

/// PUT: the last bytes, if any, and the digest of the whole.
pub(super) async fn commit(core: &Core, name: &str, id: &str, call: Call) -> Response {
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
    // The session that a single POST opened has no Location yet, so nothing can be wrong with its state.
    let is_session_request = call.method == http::Method::PUT;
    let query = if is_session_request { call.query } else { super::route::Query::default() };
    let received = if is_session_request {
        receive(core, name, id, &query, &call.headers, call.body).await
    } else {
        receive_unchecked(core, name, id, &call.headers, call.body).await
    };
    if let Err(refusal) = received {
        if !is_session_request {
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

/// Why a body was not taken.
enum Refusal {
    UnknownSession,
    OutOfOrder,
    WrongLength,
    ChunkTooSmall,
    TooLarge,
    Interrupted,
}

impl Refusal {
    fn answer(&self, core: &Core, name: &str, id: &str, origin: &str) -> Response {
        match self {
            Self::UnknownSession => unknown(id),
            Self::OutOfOrder => {
                let mut response =
                    reply::error(StatusCode::RANGE_NOT_SATISFIABLE, "BLOB_UPLOAD_INVALID", "chunk does not start where the last one ended");
                if let Some(session) = lock(&core.sessions).find(name, id) {
                    describe(&mut response, core, name, id, session, origin);
                }
                response
            }
            Self::WrongLength => invalid("body does not have the length that its headers promise"),
            Self::ChunkTooSmall => invalid("a chunk before the last is below OCI-Chunk-Min-Length"),
            Self::Interrupted => invalid("the body ended too early"),
            Self::TooLarge => reply::content(
                StatusCode::PAYLOAD_TOO_LARGE,
                "text/html",
                "<html><head><title>413 Request Entity Too Large</title></head></html>\n",
            ),
        }
    }
}

async fn receive(
    core: &Core,
    name: &str,
    id: &str,
    query: &super::route::Query,
    headers: &http::HeaderMap,
    body: Body,
) -> Result<(), Refusal> {
    if !state_is_right(core, id, query) {
        drain(body).await;
        return Err(Refusal::UnknownSession);
    }
    receive_unchecked(core, name, id, headers, body).await
}

async fn receive_unchecked(core: &Core, name: &str, id: &str, headers: &http::HeaderMap, body: Body) -> Result<(), Refusal> {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let declared: Option<u64> = text(CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let settings = &core.settings;
    let checked = check_start(core, name, id, text(CONTENT_RANGE), declared);
    let too_large = declared > settings.request_limit && settings.request_limit.is_some();
    let mut stream: BodyDataStream = body.into_data_stream();
    if let Err(refusal) = checked.and(if too_large { Err(Refusal::TooLarge) } else { Ok(()) }) {
        drain(Body::from_stream(stream)).await;
        return Err(refusal);
    }
    let mut received = 0;
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| Refusal::Interrupted)?;
        received += piece.len() as u64;
        if settings.request_limit.is_some_and(|limit| received > limit) {
            drain(Body::from_stream(stream)).await;
            return Err(Refusal::TooLarge);
        }
        let taken = take(core, name, id, &piece);
        if taken.is_err() {
            drain(Body::from_stream(stream)).await;
            return taken;
        }
    }
    if let (Some(session), Some(minimum)) = (lock(&core.sessions).find_mut(name, id), settings.chunk_minimum) {
        session.ended = received < minimum;
    }
    if declared.is_some_and(|declared| declared != received) {
        return Err(Refusal::WrongLength);
    }
    Ok(())
}

/// Keeps one piece of a body; after a chunk below the minimum nothing may follow.
fn take(core: &Core, name: &str, id: &str, piece: &[u8]) -> Result<(), Refusal> {
    let mut sessions = lock(&core.sessions);
    let session = sessions.find_mut(name, id).ok_or(Refusal::UnknownSession)?;
    if session.ended && !piece.is_empty() {
        return Err(Refusal::ChunkTooSmall);
    }
    session.bytes.extend_from_slice(piece);
    Ok(())
}

/// Chunks come in order, and their ranges are inclusive at both ends.
fn check_start(core: &Core, name: &str, id: &str, range: Option<&str>, declared: Option<u64>) -> Result<(), Refusal> {
    let sessions = lock(&core.sessions);
    let session = sessions.find(name, id).ok_or(Refusal::UnknownSession)?;
    let offset = session.bytes.len() as u64;
    if let Some(range) = range {
        let parsed = range.split_once('-').and_then(|(a, b)| Some((a.parse::<u64>().ok()?, b.parse::<u64>().ok()?)));
        let (first, last) = parsed.ok_or(Refusal::OutOfOrder)?;
        if first != offset || last < first {
            return Err(Refusal::OutOfOrder);
        }
        if declared.is_some_and(|length| length != last - first + 1) {
            return Err(Refusal::WrongLength);
        }
    }
    Ok(())
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

fn created(core: &Core, name: &str, digest: &str, bytes: Bytes, call: &Call) -> Response {
    store_blob(core, name, digest, bytes, &call.origin)
}

fn store_blob(core: &Core, name: &str, digest: &str, bytes: Bytes, origin: &str) -> Response {
    lock(&core.store).repository_or_new(name).blobs.insert(digest.to_owned(), bytes);
    let mut response = reply::empty(StatusCode::CREATED);
    reply::set(&mut response, LOCATION, &format!("{origin}/v2/{name}/blobs/{digest}"));
    reply::set(&mut response, names::CONTENT_DIGEST, digest);
    response
}

fn accepted(core: &Core, name: &str, id: &str, session: &Session, origin: &str) -> Response {
    let mut response = reply::empty(StatusCode::ACCEPTED);
    describe(&mut response, core, name, id, session, origin);
    response
}

/// `Location`, `Range` and `Docker-Upload-UUID` of a session.
fn describe(response: &mut Response, core: &Core, name: &str, id: &str, session: &Session, origin: &str) {
    let path = format!("/v2/{name}/blobs/uploads/{id}");
    let state = session::state(id);
    let location = match core.settings.upload_location {
        UploadLocation::AbsoluteWithQuery => format!("{origin}{path}?_state={state}"),
        UploadLocation::Absolute => format!("{origin}{path}"),
        UploadLocation::Relative => path,
        UploadLocation::RelativeWithQuery => format!("{path}?_state={state}"),
        UploadLocation::OtherHost => {
            let host = lock(&core.storage).clone().unwrap_or_else(|| origin.to_owned());
            format!("{host}{path}?_state={state}&X-Signature={state}")
        }
    };
    // distribution answers 0-0 for an empty session too; the specification has no way to say "nothing".
    let last = session.bytes.len().saturating_sub(1);
    reply::set(response, LOCATION, &location);
    reply::set(response, RANGE, &format!("0-{last}"));
    reply::set(response, names::UPLOAD_UUID, id);
}

/// The query of `Location` is critical: without it the session is not found.
fn state_is_right(core: &Core, id: &str, query: &super::route::Query) -> bool {
    match core.settings.upload_location {
        UploadLocation::Absolute | UploadLocation::Relative => true,
        _ => query.first("_state") == Some(session::state(id).as_str()),
    }
}

fn unknown(id: &str) -> Response {
    reply::error_with_detail(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", id.into())
}

fn invalid(message: &str) -> Response {
    reply::error(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", message)
}
