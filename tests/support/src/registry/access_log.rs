//! What was asked of a server, in the order in which it came.

use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::HeaderMap;

use super::pattern;
use super::sync::lock;

/// One request as it stands now; a request in flight has no status yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The method.
    pub method: String,
    /// Path and query; for a proxy the whole target.
    pub path: String,
    /// The status that was sent; `None` while there is none, or where a fault took the answer away.
    pub status: Option<u16>,
    /// Every header of the request, names in small letters, in order.
    pub headers: Vec<(String, String)>,
    /// Bytes of the request's body that the server has read.
    pub bytes_in: u64,
    /// Bytes of the answer's body that the server has handed out.
    pub bytes_out: u64,
    /// Since the server's start.
    pub at: Duration,
    /// Number of the connection, from 1.
    pub connection: u64,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub version: String,
    /// Labels of the faults that this request met.
    pub faults: Vec<String>,
}

impl Entry {
    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The scheme of `Authorization`: `Basic`, `Bearer`; `None` where nothing was sent.
    #[must_use]
    pub fn authorization_scheme(&self) -> Option<&str> {
        self.header("authorization")?.split(' ').next()
    }

    /// Whether method and path match; `*` is any method, and the path pattern may stand anywhere unless it has a `*`.
    #[must_use]
    pub fn is(&self, method: &str, path: &str) -> bool {
        (method == "*" || self.method == method) && pattern::occurs(path, &self.path)
    }
}

/// The log of one server; clones show the same log.
#[derive(Debug, Clone)]
pub struct AccessLog {
    lines: Arc<Mutex<Vec<Arc<Line>>>>,
    started: Instant,
}

impl AccessLog {
    pub(super) fn new() -> Self {
        Self { lines: Arc::default(), started: Instant::now() }
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Entry> {
        lock(&self.lines).iter().map(|line| line.entry()).collect()
    }

    /// The requests that match, see [`Entry::is`].
    #[must_use]
    pub fn matching(&self, method: &str, path: &str) -> Vec<Entry> {
        self.requests().into_iter().filter(|entry| entry.is(method, path)).collect()
    }

    /// How many requests match, see [`Entry::is`].
    #[must_use]
    pub fn count(&self, method: &str, path: &str) -> usize {
        self.matching(method, path).len()
    }

    /// `METHOD path → status` of every request, for messages of failed assertions.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let status = |entry: &Entry| entry.status.map_or("-".to_owned(), |status| status.to_string());
        self.requests().iter().map(|entry| format!("{} {} → {}", entry.method, entry.path, status(entry))).collect()
    }

    /// Bytes of all request bodies.
    #[must_use]
    pub fn bytes_received(&self) -> u64 {
        self.requests().iter().map(|entry| entry.bytes_in).sum()
    }

    /// Bytes of all answers' bodies.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.requests().iter().map(|entry| entry.bytes_out).sum()
    }

    /// Forgets every request so far.
    pub fn clear(&self) {
        lock(&self.lines).clear();
    }

    pub(super) fn open(&self, parts: &http::request::Parts, path: String, connection: u64) -> Arc<Line> {
        let line = Arc::new(Line {
            method: parts.method.to_string(),
            path,
            headers: parts.headers.clone(),
            at: self.started.elapsed(),
            connection,
            version: format!("{:?}", parts.version),
            status: AtomicU16::new(0),
            bytes_in: Arc::default(),
            bytes_out: Arc::default(),
            faults: Mutex::default(),
        });
        lock(&self.lines).push(Arc::clone(&line));
        line
    }
}

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) method: String,
    pub(super) path: String,
    headers: HeaderMap,
    at: Duration,
    connection: u64,
    version: String,
    status: AtomicU16,
    pub(super) bytes_in: Arc<AtomicU64>,
    pub(super) bytes_out: Arc<AtomicU64>,
    faults: Mutex<Vec<String>>,
}

impl Line {
    pub(super) fn answered(&self, status: http::StatusCode) {
        self.status.store(status.as_u16(), Ordering::SeqCst);
    }

    pub(super) fn met(&self, fault: String) {
        lock(&self.faults).push(fault);
    }

    fn entry(&self) -> Entry {
        let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let status = self.status.load(Ordering::SeqCst);
        Entry {
            method: self.method.clone(),
            path: self.path.clone(),
            status: (status != 0).then_some(status),
            headers: self.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            bytes_in: self.bytes_in.load(Ordering::SeqCst),
            bytes_out: self.bytes_out.load(Ordering::SeqCst),
            at: self.at,
            connection: self.connection,
            version: self.version.clone(),
            faults: lock(&self.faults).clone(),
        }
    }
}
