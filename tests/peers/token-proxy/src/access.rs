//! The access log: what was asked, what was answered, and how many bytes went each way.

use std::pin::Pin;
use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{Method, Uri};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use serde::Serialize;

/// One request, as far as it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Access {
    /// The method, in capitals.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// The query without its `?`; empty where there is none.
    pub query: String,
    /// The status that was answered; 0 while there is none.
    pub status: u16,
    /// Bytes of the request's body that have come in.
    pub request_bytes: u64,
    /// Bytes of the answer's body that have gone out.
    pub response_bytes: u64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct AccessLog {
    entries: Arc<Mutex<Vec<Arc<Entry>>>>,
}

impl AccessLog {
    pub(crate) fn open(&self, method: &Method, uri: &Uri) -> Arc<Entry> {
        let entry = Arc::new(Entry {
            method: method.to_string(),
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            status: AtomicU16::new(0),
            request_bytes: AtomicU64::new(0),
            response_bytes: AtomicU64::new(0),
        });
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&entry));
        entry
    }

    pub(crate) fn snapshot(&self) -> Vec<Access> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.iter().map(|entry| entry.snapshot()).collect()
    }

    pub(crate) fn clear(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[derive(Debug)]
pub(crate) struct Entry {
    method: String,
    path: String,
    query: String,
    status: AtomicU16,
    request_bytes: AtomicU64,
    response_bytes: AtomicU64,
}

impl Entry {
    pub(crate) fn answered(&self, status: u16) {
        self.status.store(status, Ordering::Relaxed);
    }

    fn snapshot(&self) -> Access {
        Access {
            method: self.method.clone(),
            path: self.path.clone(),
            query: self.query.clone(),
            status: self.status.load(Ordering::Relaxed),
            request_bytes: self.request_bytes.load(Ordering::Relaxed),
            response_bytes: self.response_bytes.load(Ordering::Relaxed),
        }
    }
}

/// A body whose bytes are added to one side of an entry as they pass.
///
/// It keeps the inner body's size, so that a `Content-Length` goes on as one and not as chunks.
pub(crate) struct Counted {
    inner: Body,
    entry: Arc<Entry>,
    side: Side,
}

#[derive(Clone, Copy)]
enum Side {
    Request,
    Response,
}

impl Counted {
    pub(crate) fn request(inner: Body, entry: Arc<Entry>) -> Body {
        let side = Side::Request;
        Body::new(Self { inner, entry, side })
    }

    pub(crate) fn response(inner: Body, entry: Arc<Entry>) -> Body {
        let side = Side::Response;
        Body::new(Self { inner, entry, side })
    }
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            let counter = match self.side {
                Side::Request => &self.entry.request_bytes,
                Side::Response => &self.entry.response_bytes,
            };
            counter.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
