//! Blobs: existence, content, ranges of content, deletion (end-2, end-10).

use axum::response::Response;
use http::StatusCode;
use http::header::{ACCEPT_RANGES, CONTENT_RANGE, RANGE};

use super::core::{Call, Core};
use super::digest;
use super::range::{Requested, requested};
use super::reply::{self, names};
use super::settings::Feature;
use super::sync::lock;

/// GET and HEAD; the body of a HEAD is taken off by the caller.
pub(super) fn pull(core: &Core, name: &str, digest: &str, call: &Call) -> Response {
    if !digest::is_digest(digest) {
        return invalid_digest(digest);
    }
    let Some(bytes) = lock(&core.store).blob(name, digest) else {
        return unknown(digest);
    };
    let settings = &core.settings;
    let range = if settings.has(Feature::Ranges) { call.header(RANGE) } else { None };
    let mut response = match requested(range, bytes.len()) {
        Requested::Everything => reply::content(StatusCode::OK, "application/octet-stream", bytes),
        Requested::Part(part) => {
            let span = format!("bytes {}-{}/{}", part.start, part.end - 1, bytes.len());
            let mut response = reply::content(StatusCode::PARTIAL_CONTENT, "application/octet-stream", bytes.slice(part));
            reply::set(&mut response, CONTENT_RANGE, &span);
            response
        }
        Requested::Unsatisfiable => {
            let mut response = reply::error(StatusCode::RANGE_NOT_SATISFIABLE, "SIZE_INVALID", "range lies outside the blob");
            reply::set(&mut response, CONTENT_RANGE, &format!("bytes */{}", bytes.len()));
            return response;
        }
    };
    if settings.has(Feature::Ranges) {
        reply::set(&mut response, ACCEPT_RANGES, "bytes");
    }
    if settings.has(Feature::DigestHeader) {
        reply::set(&mut response, names::CONTENT_DIGEST, digest);
    }
    response
}

/// DELETE: the blob leaves this repository only.
pub(super) fn delete(core: &Core, name: &str, digest: &str) -> Response {
    if !core.settings.has(Feature::Deletes) {
        return reply::error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", "deletion is disabled");
    }
    if !digest::is_digest(digest) {
        return invalid_digest(digest);
    }
    let mut store = lock(&core.store);
    match store.repository_mut(name).and_then(|repository| repository.blobs.remove(digest)) {
        Some(_) => reply::empty(StatusCode::ACCEPTED),
        None => unknown(digest),
    }
}

pub(super) fn invalid_digest(digest: &str) -> Response {
    reply::error_with_detail(StatusCode::BAD_REQUEST, "DIGEST_INVALID", "provided digest is not valid", digest.into())
}

fn unknown(digest: &str) -> Response {
    reply::error_with_detail(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry", serde_json::json!({ "digest": digest }))
}
