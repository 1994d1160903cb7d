//! One server's way from request to answer: log, faults, application, faults again.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, LOCATION};
use http::{HeaderName, StatusCode};

use super::access_log::{AccessLog, Line};
use super::fault::What;
use super::reply;
use super::script::Script;
use super::shape::{DELIVERY, Shape};
use super::wire::Wire;

/// What a server does with a request that no fault has taken.
pub(super) trait Application: Send + Sync + 'static {
    /// The answer; `scheme` is `http` or `https`.
    fn answer<'a>(&'a self, request: Request, scheme: &'a str) -> BoxFuture<'a, Response>;

    /// Base URL of the storage server that [`What::RedirectToStorage`] means.
    fn storage(&self) -> Option<String> {
        None
    }

    /// What a restart forgets.
    fn restarted(&self) {}

    /// How a target is written in the log.
    fn logged(&self, uri: &http::Uri) -> String {
        uri.path_and_query().map_or_else(|| uri.to_string(), ToString::to_string)
    }
}

/// One server: an application, its log and its faults.
pub(super) struct Site {
    pub(super) log: AccessLog,
    pub(super) script: Script,
    pub(super) application: Arc<dyn Application>,
    /// Asks the accept loop to drop every connection and to stay closed for a time.
    pub(super) restart: tokio::sync::mpsc::UnboundedSender<Duration>,
}

impl Site {
    /// Answers one request.
    pub(super) async fn answer(&self, request: Request, scheme: &str, wire: Wire) -> Response {
        let (parts, body) = request.into_parts();
        let path = self.application.logged(&parts.uri);
        let line = self.log.open(&parts, path, wire.number());
        let authorized = parts.headers.contains_key(AUTHORIZATION);
        let faults = self.script.strike(&line.method, &line.path, authorized);
        for fault in &faults {
            line.met(format!("{fault:?}"));
        }
        let incoming = request_shape(&faults).apply(body, wire.clone(), Arc::clone(&line.bytes_in));
        let request = Request::from_parts(parts, incoming);
        let mut response = match self.before(&faults, request, &line, &wire).await {
            Ok(request) => self.application.answer(request, scheme).await,
            Err(response) => response,
        };
        for fault in &faults {
            response = after(fault, response, &wire).await;
        }
        line.answered(response.status());
        let shape = answer_shape(&faults);
        response.map(|body| shape.apply(body, wire, Arc::clone(&line.bytes_out)))
    }

    /// Faults that come in the application's place.
    async fn before(&self, faults: &[What], request: Request, line: &Line, wire: &Wire) -> Result<Request, Response> {
        for fault in faults {
            let response = match fault {
                What::Reset => {
                    wire.reset_forever().await;
                    continue;
                }
                What::Restart(down) => {
                    self.application.restarted();
                    // The accept loop ends only with the server itself, and then the connection ends too.
                    let _ = self.restart.send(*down);
                    std::future::pending().await
                }
                What::Answer(answer) if answer.early => return Err(answer.response()),
                What::Answer(answer) => answer.response(),
                What::RedirectTo(origin) => redirect(&format!("{origin}{}", line.path)),
                What::RedirectToStorage => {
                    let origin = self.application.storage().unwrap_or_default();
                    let separator = if line.path.contains('?') { '&' } else { '?' };
                    redirect(&format!("{origin}{}{separator}X-Signature=signed-for-you", line.path))
                }
                _ => continue,
            };
            super::uploads::drain(request.into_body()).await;
            return Err(response);
        }
        Ok(request)
    }
}

/// Faults of an answer's headers and of its way.
async fn after(fault: &What, mut response: Response, wire: &Wire) -> Response {
    match fault {
        What::LoseAnswer => wire.reset_forever().await,
        What::StallHeaders(pause) => tokio::time::sleep(*pause).await,
        What::WithoutHeader(name) => {
            response.headers_mut().remove(name);
        }
        What::WithHeader(name, value) => {
            if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
                reply::set(&mut response, name, value);
            }
        }
        What::Gzip => return gzipped(response).await,
        What::GoAway => {
            // HTTP/1.1 says it in the answer; hyper takes the header out of an HTTP/2 answer, where the frame goes ahead.
            reply::set(&mut response, CONNECTION, "close");
            wire.go_away();
            tokio::time::sleep(DELIVERY).await;
        }
        _ => {}
    }
    response
}

fn request_shape(faults: &[What]) -> Shape {
    let mut shape = Shape::default();
    for fault in faults {
        match *fault {
            What::ResetRequestAt(at) => shape.reset_at = Some(at),
            What::StallRequestAt(at, pause) => shape.stall_at = Some((at, pause)),
            What::TrickleRequest { bytes, every } => shape.trickle = Some((bytes, every)),
            _ => {}
        }
    }
    shape
}

fn answer_shape(faults: &[What]) -> Shape {
    let mut shape = Shape::default();
    for fault in faults {
        match *fault {
            What::ResetAnswerAt(at) => shape.reset_at = Some(at),
            What::StallBodyAt(at, pause) => shape.stall_at = Some((at, pause)),
            What::TrickleBody { bytes, every } => shape.trickle = Some((bytes, every)),
            What::TruncateBodyAt(at) => shape.truncate_at = Some(at),
            What::CorruptByte(at) => shape.corrupt_at = Some(at),
            _ => {}
        }
    }
    shape
}

fn redirect(location: &str) -> Response {
    let mut response = reply::empty(StatusCode::TEMPORARY_REDIRECT);
    reply::set(&mut response, LOCATION, location);
    response
}

async fn gzipped(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let plain: Bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    // Writing to a vector does not fail.
    let packed = std::io::Write::write_all(&mut encoder, &plain).and_then(|()| encoder.finish()).unwrap_or_default();
    parts.headers.insert(CONTENT_ENCODING, http::HeaderValue::from_static("gzip"));
    parts.headers.insert(CONTENT_LENGTH, http::HeaderValue::from(packed.len()));
    Response::from_parts(parts, Body::from(packed))
}
