//! What came back for a request.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use url::Url;

use super::super::Error;
use super::super::veil::Veil;
use super::failure::{chain_of_body, request_line};
use super::retry::retry_after;

/// Largest answer that only explains an error.
pub(crate) const MAX_ERROR_BYTES: u64 = 64 << 10;

/// An answer with its headers read and its body still to come.
pub(crate) struct Answer {
    response: Response,
    pub(crate) request: String,
    stall: Duration,
    veil: Arc<Veil>,
}

impl Answer {
    pub(crate) fn new(response: Response, method: &reqwest::Method, url: &Url, stall: Duration, veil: Arc<Veil>) -> Self {
        Self { request: request_line(method, url), response, stall, veil }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The URL that answered, which relative locations start from.
    pub(crate) fn url(&self) -> &Url {
        self.response.url()
    }

    pub(crate) fn remote_address(&self) -> Option<std::net::SocketAddr> {
        self.response.remote_addr()
    }

    /// A header's value, where it is readable text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        retry_after(self.header(RETRY_AFTER.as_str())?, SystemTime::now())
    }

    /// The next piece of the body, within the time limit on progress.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let network = |reason| Error::Network { request: self.request.clone(), reason };
        match tokio::time::timeout(self.stall, self.response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => Err(network(chain_of_body(&error))),
            Err(_) => Err(network(format!("nothing came for {} s", self.stall.as_secs_f32()))),
        }
    }

    /// The whole body, at most `limit` bytes. What the answer declares as its length reserves nothing.
    pub(crate) async fn body(mut self, limit: u64) -> Result<Bytes, Error> {
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if (body.len() + chunk.len()) as u64 > limit {
                return Err(Error::Answer { request: self.request, reason: format!("the answer has more than {limit} bytes") });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// Reads the answer as a refusal.
    pub(crate) async fn refuse(self) -> Error {
        let (status, request) = (self.status(), self.request.clone());
        let media_type = self.header("content-type").unwrap_or_default().to_owned();
        let veil = Arc::clone(&self.veil);
        let body = self.excerpt().await;
        // Before it is cut to a length, lest half of a secret is left; and after, for what was written with escapes.
        let reason = veil.over(&describe(status, &media_type, veil.over(&String::from_utf8_lossy(&body)).as_bytes()));
        if status == StatusCode::NOT_FOUND {
            return Error::NotFound { request, status: 404, reason };
        }
        Error::Status { request, status: status.as_u16(), reason }
    }

    /// The start of the body; an error while reading an explanation must not hide what it explains.
    async fn excerpt(mut self) -> Bytes {
        let mut body = BytesMut::new();
        while let Ok(Some(chunk)) = self.chunk().await {
            let room = usize::try_from(MAX_ERROR_BYTES).unwrap_or(usize::MAX) - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if body.len() as u64 >= MAX_ERROR_BYTES {
                break;
            }
        }
        body.freeze()
    }
}

/// The codes and messages of an error answer (distribution-spec 1.1.1, "Error codes"); bodies may as well be HTML or nothing.
pub(crate) fn describe(status: StatusCode, media_type: &str, body: &[u8]) -> String {
    let in_words = || status.canonical_reason().unwrap_or("unknown status").to_lowercase();
    let Ok(value) = serde_json::from_slice::<Value>(body) else {
        let text = String::from_utf8_lossy(body);
        let line = text.lines().next().unwrap_or_default().trim();
        let is_plain = !line.is_empty() && line.len() <= 200 && !line.starts_with('<') && !media_type.contains("html");
        return if is_plain { format!("{} ({})", in_words(), printable(line)) } else { in_words() };
    };
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(printable).unwrap_or_default();
    let errors: Vec<String> =
        value["errors"].as_array().into_iter().flatten().map(|error| join(&text(error, "code"), &text(error, "message"))).collect();
    let errors: Vec<String> = errors.into_iter().filter(|error| !error.is_empty()).collect();
    if !errors.is_empty() {
        return errors.join("; ");
    }
    // Token servers answer as OAuth2 (RFC 6749, section 5.2) or with a message of their own.
    let details = if value.get("details").is_some() { text(&value, "details") } else { text(&value, "error_description") };
    let oauth = join(&text(&value, "error"), &details);
    [oauth, text(&value, "message")].into_iter().find(|text| !text.is_empty()).unwrap_or_else(in_words)
}

fn join(code: &str, message: &str) -> String {
    match (code, message) {
        ("", message) => message.to_owned(),
        (code, "") => code.to_owned(),
        (code, message) => format!("{code} ({message})"),
    }
}

/// Text of a server without control characters, which could rewrite a terminal, and not longer than a line or two.
fn printable(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_bodies_of_every_kind_are_read() {
        let json = "application/json";
        for (status, media_type, body, expected) in [
            (
                401,
                json,
                r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}"#,
                "UNAUTHORIZED (authentication required)",
            ),
            (403, json, r#"{"errors":[{"code":"DENIED"},{"message":"no"}]}"#, "DENIED; no"),
            (401, json, r#"{"details":"incorrect username or password"}"#, "incorrect username or password"),
            (400, json, r#"{"error":"invalid_grant","error_description":"expired"}"#, "invalid_grant (expired)"),
            (403, json, r#"{"message":"not today"}"#, "not today"),
            (403, json, r#"{"errors":[{}],"error":"denied"}"#, "denied"),
            (403, json, "{}", "forbidden"),
            (502, "text/html", "<html><body>502", "bad gateway"),
            (502, "text/plain", "<html><body>502", "bad gateway"),
            (502, "text/html", "no page", "bad gateway"),
            (502, "text/plain", &"x".repeat(201), "bad gateway"),
            (502, "text/plain", &"x".repeat(200), &format!("bad gateway ({})", "x".repeat(200))),
            (502, "text/plain", " \nsecond line", "bad gateway"),
            (500, "text/plain", "disk full\nstack", "internal server error (disk full)"),
            (404, json, "", "not found"),
            (404, json, "[1]", "not found"),
            (403, json, r#"{"errors":[{"code":"A","message":"\u001b[2Jgone"}]}"#, "A ([2Jgone)"),
        ] {
            assert_eq!(describe(StatusCode::from_u16(status).unwrap(), media_type, body.as_bytes()), expected);
        }
    }

    /// An answer whose body comes in these pieces.
    fn answer(pieces: &[usize]) -> Answer {
        let pieces: Vec<std::io::Result<Bytes>> = pieces.iter().map(|&size| Ok(vec![b'x'; size].into())).collect();
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
        let url = Url::parse("https://registry.example/").unwrap();
        Answer::new(http::Response::new(body).into(), &reqwest::Method::GET, &url, Duration::from_secs(9), Arc::default())
    }

    #[tokio::test]
    async fn a_body_may_have_as_many_bytes_as_its_limit_and_not_one_more() {
        for (pieces, fits) in [(&[10][..], true), (&[9, 1], true), (&[11], false), (&[9, 2], false), (&[], true)] {
            let body = answer(pieces).body(10).await;
            assert_eq!(body.as_ref().is_ok(), fits, "{pieces:?}");
            assert!(fits || body.unwrap_err().to_string().contains("more than 10 bytes"));
        }
    }

    #[tokio::test]
    async fn an_explanation_is_read_to_its_end_or_to_its_limit() {
        let limit = usize::try_from(MAX_ERROR_BYTES).unwrap();
        for (pieces, read) in [(&[10, 20][..], 30), (&[limit - 1, 1], limit), (&[limit - 1, 5, 5], limit), (&[limit + 1], limit), (&[], 0)]
        {
            assert_eq!(answer(pieces).excerpt().await.len(), read, "{pieces:?}");
        }
    }
}
