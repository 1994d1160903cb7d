//! Answers that a fault gives in the registry's place.

use std::time::{Duration, SystemTime};

use axum::response::Response;
use http::{HeaderName, StatusCode};

use crate::registry::reply;

/// A status with headers and a body.
#[derive(Clone)]
pub struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    pub(in crate::registry) early: bool,
}

impl std::fmt::Debug for Answer {
    /// The status and the headers: short enough for the access log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}", self.status, self.headers)
    }
}

impl Answer {
    /// An answer with the specification's error body for that status.
    #[must_use]
    pub fn status(status: u16) -> Self {
        let code = match status {
            401 => "UNAUTHORIZED",
            403 => "DENIED",
            404 => "NAME_UNKNOWN",
            429 => "TOOMANYREQUESTS",
            500.. => "UNKNOWN",
            _ => "UNSUPPORTED",
        };
        Self::error(status, code)
    }

    /// An answer with this code in the specification's error body, such as `BLOB_UPLOAD_UNKNOWN`.
    #[must_use]
    pub fn error(status: u16, code: &str) -> Self {
        let body = serde_json::json!({ "errors": [{ "code": code, "message": "as the test asked" }] });
        Self::bare(status).header("Content-Type", "application/json").body(body.to_string())
    }

    /// An answer with the HTML page of a gateway.
    #[must_use]
    pub fn html(status: u16) -> Self {
        let page = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>\n");
        Self::bare(status).header("Content-Type", "text/html").body(page)
    }

    /// An answer without headers and body.
    #[must_use]
    pub fn bare(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), early: false }
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds `Retry-After` in seconds.
    #[must_use]
    pub fn retry_after(self, seconds: u64) -> Self {
        self.header("Retry-After", &seconds.to_string())
    }

    /// Adds `Retry-After` as the date that lies this far ahead.
    #[must_use]
    pub fn retry_at(self, ahead: Duration) -> Self {
        self.header("Retry-After", &httpdate::fmt_http_date(SystemTime::now() + ahead))
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Answers without reading the request's body, as gateways do.
    #[must_use]
    pub fn early(mut self) -> Self {
        self.early = true;
        self
    }

    pub(in crate::registry) fn response(&self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = reply::empty(status);
        if !self.body.is_empty() {
            response = reply::content(status, "application/octet-stream", self.body.clone());
        }
        let mut own_type = false;
        for (name, value) in &self.headers {
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                if name == http::header::CONTENT_TYPE && !std::mem::replace(&mut own_type, true) {
                    response.headers_mut().remove(&name);
                }
                response.headers_mut().append(name, reply::header_value(value));
            }
        }
        response
    }
}
