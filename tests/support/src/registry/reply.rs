//! Answers: statuses, headers and the specification's error body.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;

/// An answer with a status and no body.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    // RFC 9110, 8.6: no Content-Length on 1xx and 204.
    if status != StatusCode::NO_CONTENT {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    response
}

/// An answer with a body of a known type and length.
pub(super) fn content(status: StatusCode, media_type: &str, bytes: impl Into<Bytes>) -> Response {
    let bytes = bytes.into();
    let length = bytes.len();
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    set(&mut response, CONTENT_TYPE, media_type);
    set(&mut response, CONTENT_LENGTH, &length.to_string());
    response
}

/// A JSON answer.
pub(super) fn json_body(status: StatusCode, value: &serde_json::Value) -> Response {
    content(status, "application/json", value.to_string())
}

/// The specification's error body with one error.
pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    error_with_detail(status, code, message, serde_json::Value::Null)
}

/// As [`error`], with a `detail`.
pub(super) fn error_with_detail(status: StatusCode, code: &str, message: &str, detail: serde_json::Value) -> Response {
    let mut error = json!({ "code": code, "message": message });
    if !detail.is_null() {
        error["detail"] = detail;
    }
    json_body(status, &json!({ "errors": [error] }))
}

/// Sets one header, replacing what was there.
pub(super) fn set(response: &mut Response, name: impl Into<HeaderName>, value: &str) {
    response.headers_mut().insert(name.into(), header_value(value));
}

/// A header's value; characters that a header cannot carry become `?`.
pub(super) fn header_value(value: &str) -> HeaderValue {
    HeaderValue::from_str(value).unwrap_or_else(|_| {
        let printable: String = value.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
        HeaderValue::from_str(&printable).unwrap_or(HeaderValue::from_static("?"))
    })
}

/// The names that only registries use.
pub(super) mod names {
    use http::HeaderName;

    pub(in super::super) const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
    pub(in super::super) const UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");
    pub(in super::super) const API_VERSION: HeaderName = HeaderName::from_static("docker-distribution-api-version");
    pub(in super::super) const CHUNK_MINIMUM: HeaderName = HeaderName::from_static("oci-chunk-min-length");
    pub(in super::super) const SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
    pub(in super::super) const TAG: HeaderName = HeaderName::from_static("oci-tag");
    pub(in super::super) const FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");
}
