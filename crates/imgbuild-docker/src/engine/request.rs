//! Requests to an engine and its answers, all of them bounded.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use imgbuild::registry::Secret;
use reqwest::Method;
use serde_json::Value;

use super::failure::{chain, explain};
use super::{Engine, Error};

/// The longest answer: the tasks of a large Swarm are some megabytes.
const MAX_ANSWER_BYTES: usize = 64 << 20;
/// The longest message of an error.
const MAX_MESSAGE_BYTES: usize = 64 << 10;
/// How long an engine may take for one answer; its Swarm may have to choose a leader first.
const ANSWER_LIMIT: Duration = Duration::from_mins(1);

/// A request to the API, below its version.
#[derive(Debug)]
pub(crate) struct Request {
    method: Method,
    path: String,
    query: Vec<(&'static str, String)>,
    body: Body,
    credentials: Option<Secret>,
    limit: Option<Duration>,
}

#[derive(Debug)]
enum Body {
    None,
    Json(Value),
    Tar(imgbuild::blob::Reader),
}

impl Request {
    fn new(method: Method, path: String) -> Self {
        Self { method, path, query: Vec::new(), body: Body::None, credentials: None, limit: Some(ANSWER_LIMIT) }
    }

    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path.into())
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path.into())
    }

    pub(crate) fn post(path: impl Into<String>, body: Value) -> Self {
        Self { body: Body::Json(body), ..Self::new(Method::POST, path.into()) }
    }

    /// Sends a tar archive; it may take as long as it takes.
    pub(crate) fn tar(path: impl Into<String>, tar: imgbuild::blob::Reader) -> Self {
        Self { body: Body::Tar(tar), limit: None, ..Self::new(Method::POST, path.into()) }
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    /// Filters as the API takes them.
    pub(crate) fn filter(self, name: &str, value: &str) -> Self {
        self.query("filters", serde_json::json!({ name: [value] }).to_string())
    }

    /// The value of `X-Registry-Auth`.
    pub(crate) fn credentials(mut self, credentials: Option<Secret>) -> Self {
        self.credentials = credentials;
        self
    }

    /// Another limit for the whole answer.
    pub(crate) fn limit(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Lets the answer take as long as it takes.
    pub(crate) fn unlimited(mut self) -> Self {
        self.limit = None;
        self
    }

    fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl Engine {
    /// Asks for JSON.
    pub(crate) async fn json(&self, request: Request) -> Result<Value, Error> {
        let line = request.line();
        let bytes = self.bytes(request).await?;
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&bytes).map_err(|error| Error::Answer { request: line, reason: error.to_string() })
    }

    /// Asks for a list.
    pub(crate) async fn list(&self, request: Request) -> Result<Vec<Value>, Error> {
        let line = request.line();
        match self.json(request).await? {
            Value::Array(list) => Ok(list),
            Value::Null => Ok(Vec::new()),
            _ => Err(Error::Answer { request: line, reason: "it is no list".to_owned() }),
        }
    }

    /// Asks for something that may not be there.
    pub(crate) async fn find(&self, request: Request) -> Result<Option<Value>, Error> {
        match self.json(request).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks for bytes.
    pub(crate) async fn bytes(&self, request: Request) -> Result<Bytes, Error> {
        let line = request.line();
        let mut answer = self.answer(request).await?;
        collect(&mut answer, MAX_ANSWER_BYTES).await.map_err(|reason| match reason {
            Short::TooLong => Error::Answer { request: line.clone(), reason: format!("it is longer than {MAX_ANSWER_BYTES} bytes") },
            Short::Broken(reason) => Error::Network { request: line.clone(), reason },
        })
    }

    /// Whatever bytes come until `limit`, for answers that may have no end.
    pub(crate) async fn bytes_until(&self, request: Request, limit: Duration) -> Result<Bytes, Error> {
        let mut answer = self.answer(request).await?;
        let mut bytes = BytesMut::new();
        let gather = async {
            while let Ok(Some(piece)) = answer.chunk().await {
                bytes.extend_from_slice(&piece);
                if bytes.len() > MAX_MESSAGE_BYTES {
                    break;
                }
            }
        };
        // An end by time is an end like any other here.
        let _ = tokio::time::timeout(limit, gather).await;
        Ok(bytes.freeze())
    }

    /// Sends a request; a status that is no success is an error with the engine's words.
    pub(crate) async fn answer(&self, request: Request) -> Result<reqwest::Response, Error> {
        self.revive().await?;
        let line = request.line();
        let mut url = self.url(&request.path);
        if !request.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&request.query);
        }
        let mut builder = self.http().request(request.method, url);
        if let Some(limit) = request.limit {
            builder = builder.timeout(limit);
        }
        if let Some(credentials) = &request.credentials {
            let mut value = reqwest::header::HeaderValue::from_str(credentials.reveal())
                .map_err(|_| Error::Answer { request: line.clone(), reason: "the credentials do not fit into a header".to_owned() })?;
            value.set_sensitive(true);
            builder = builder.header("X-Registry-Auth", value);
        }
        builder = match request.body {
            Body::None => builder,
            Body::Json(value) => builder.header("Content-Type", "application/json").body(value.to_string()),
            Body::Tar(tar) => {
                let stream = tokio_util::io::ReaderStream::with_capacity(tar, 64 << 10);
                builder.header("Content-Type", "application/x-tar").body(reqwest::Body::wrap_stream(stream))
            }
        };
        let mut answer = builder.send().await.map_err(|error| explain(&error, self.endpoint(), &line))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status().as_u16();
        let message = match collect(&mut answer, MAX_MESSAGE_BYTES).await {
            Ok(body) => message_of(&body),
            Err(_) => answer.status().canonical_reason().unwrap_or_default().to_owned(),
        };
        if status == 503 && message.contains("not a swarm manager") {
            return Err(Error::NoManager { host: self.endpoint().host.to_string(), managers: Box::pin(self.managers()).await });
        }
        Err(Error::Status { request: line, status, message })
    }

    /// The managers that this node knows. It serves a message only: what cannot be found out is left out.
    async fn managers(&self) -> Vec<String> {
        let info = self.json(Request::get("/info")).await.unwrap_or_default();
        let managers = info["Swarm"]["RemoteManagers"].as_array().map(Vec::as_slice).unwrap_or_default();
        managers.iter().filter_map(|manager| manager["Addr"].as_str().map(str::to_owned)).collect()
    }
}

fn message_of(body: &[u8]) -> String {
    let said = serde_json::from_slice::<Value>(body).ok().and_then(|body| body["message"].as_str().map(str::to_owned));
    said.unwrap_or_else(|| String::from_utf8_lossy(body).trim().to_owned())
}

enum Short {
    TooLong,
    Broken(String),
}

async fn collect(answer: &mut reqwest::Response, limit: usize) -> Result<Bytes, Short> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = answer.chunk().await.map_err(|error| Short::Broken(chain(&error)))? {
        if bytes.len() + piece.len() > limit {
            return Err(Short::TooLong);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes.freeze())
}
