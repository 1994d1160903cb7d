//! A request as a value.

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use url::Url;

use super::super::auth::Scopes;
use super::body::Body;
use super::failure::request_line;

/// One request to a registry, to its token server or to where it sent us.
#[derive(Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    /// The repository whose credentials and scopes apply.
    pub(crate) access: Option<Access>,
    /// An authorisation of its own, for the origin of `url`; it counts where `access` is absent.
    pub(crate) own: Option<HeaderValue>,
    /// Whether the registry works for long after the last byte.
    pub(crate) commits: bool,
    /// Whether redirects are followed.
    pub(crate) follows: bool,
    /// Whether a failure is worth more than one other attempt: where another place has the same, it is not.
    pub(crate) insists: bool,
}

/// In whose name a request is sent.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) path: String,
    pub(crate) scopes: Scopes,
}

impl Request {
    pub(crate) fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: Body::Empty,
            access: None,
            own: None,
            commits: false,
            follows: true,
            insists: true,
        }
    }

    pub(crate) fn access(mut self, path: &str, scopes: Scopes) -> Self {
        self.access = Some(Access { path: path.to_owned(), scopes });
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: &str) -> Self {
        // Only digests, numbers and media types of documents come here; what no header can hold is left out.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }

    pub(crate) fn body(mut self, media_type: &str, body: Body) -> Self {
        self.body = body;
        self.header(CONTENT_TYPE, media_type)
    }

    pub(crate) fn line(&self) -> String {
        request_line(&self.method, &self.url)
    }
}
