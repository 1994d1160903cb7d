//! What a client is told about its upload session, and whether it brings the session's query back.

use axum::response::Response;
use http::StatusCode;
use http::header::{LOCATION, RANGE};

use super::session::{self, Session};
use crate::registry::core::Core;
use crate::registry::reply::{self, names};
use crate::registry::route::Query;
use crate::registry::settings::UploadLocation;
use crate::registry::sync::lock;

/// 202 with the session's headers.
pub(super) fn accepted(core: &Core, name: &str, id: &str, session: &Session, origin: &str) -> Response {
    let mut response = reply::empty(StatusCode::ACCEPTED);
    describe(&mut response, core, name, id, session, origin);
    response
}

/// `Location`, `Range` and `Docker-Upload-UUID` of a session.
pub(super) fn describe(response: &mut Response, core: &Core, name: &str, id: &str, session: &Session, origin: &str) {
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
pub(super) fn state_is_right(core: &Core, id: &str, query: &Query) -> bool {
    match core.settings.upload_location {
        UploadLocation::Absolute | UploadLocation::Relative => true,
        _ => query.first("_state") == Some(session::state(id).as_str()),
    }
}

/// 404 `BLOB_UPLOAD_UNKNOWN`.
pub(super) fn unknown(id: &str) -> Response {
    reply::error_with_detail(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", id.into())
}
