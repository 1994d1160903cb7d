//! The bytes of one upload request: in order, of the promised length, within the limits.
//!
//! Bytes are kept as they arrive, so a session whose client vanished in the middle of a body keeps what came,
//! as a real registry does; asking its status tells how much that was.

use axum::body::Body;
use axum::response::Response;
use futures_util::StreamExt as _;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::drain;
use super::state::{describe, unknown};
use crate::registry::core::Core;
use crate::registry::reply;
use crate::registry::sync::lock;

/// Why a body was not taken.
pub(super) enum Refusal {
    UnknownSession,
    OutOfOrder,
    WrongLength,
    ChunkTooSmall,
    TooLarge,
    Interrupted,
}

impl Refusal {
    pub(super) fn answer(&self, core: &Core, name: &str, id: &str, origin: &str) -> Response {
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

/// Reads a body into its session.
pub(super) async fn receive(core: &Core, name: &str, id: &str, headers: &HeaderMap, body: Body) -> Result<(), Refusal> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let declared: Option<u64> = text(CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let settings = &core.settings;
    let is_too_large = |bytes: u64| settings.request_limit.is_some_and(|limit| bytes > limit);
    let checked = match declared {
        Some(declared) if is_too_large(declared) => Err(Refusal::TooLarge),
        _ => check_start(core, name, id, text(CONTENT_RANGE), declared),
    };
    let expected = match checked {
        Ok(expected) => expected,
        Err(refusal) => {
            drain(body).await;
            return Err(refusal);
        }
    };
    let mut stream = body.into_data_stream();
    let mut received = 0;
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| Refusal::Interrupted)?;
        received += piece.len() as u64;
        if is_too_large(received) {
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
    if expected.is_some_and(|expected| expected != received) { Err(Refusal::WrongLength) } else { Ok(()) }
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

/// The length that headers promise; chunks come in order, and their ranges are inclusive at both ends.
fn check_start(core: &Core, name: &str, id: &str, range: Option<&str>, declared: Option<u64>) -> Result<Option<u64>, Refusal> {
    let sessions = lock(&core.sessions);
    let session = sessions.find(name, id).ok_or(Refusal::UnknownSession)?;
    let offset = session.bytes.len() as u64;
    let Some(range) = range else { return Ok(declared) };
    let parsed = range.split_once('-').and_then(|(a, b)| Some((a.parse::<u64>().ok()?, b.parse::<u64>().ok()?)));
    let (first, last) = parsed.ok_or(Refusal::OutOfOrder)?;
    if first != offset || last < first {
        return Err(Refusal::OutOfOrder);
    }
    let length = last - first + 1;
    if declared.is_some_and(|declared| declared != length) { Err(Refusal::WrongLength) } else { Ok(Some(length)) }
}

fn invalid(message: &str) -> Response {
    reply::error(StatusCode::BAD_REQUEST, "BLOB_UPLOAD_INVALID", message)
}
