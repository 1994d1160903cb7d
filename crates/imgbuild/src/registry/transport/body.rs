//! What a request sends, so that every attempt can send it again.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use tokio_util::io::ReaderStream;

use super::pulse::Pulse;
use crate::blob::{self, Blob};

/// Called with the number of bytes sent so far.
pub(crate) type OnProgress = Arc<dyn Fn(u64) + Send + Sync>;

/// The body of a request.
#[derive(Clone, Default)]
pub(crate) enum Body {
    /// Nothing.
    #[default]
    Empty,
    /// These bytes.
    Bytes(Bytes),
    /// A whole blob, read again for every attempt.
    Blob(Blob, OnProgress),
}

/// Where a source's failure is kept: the HTTP client would only say that the body failed.
pub(crate) type SourceFailure = Arc<Mutex<Option<blob::Error>>>;

impl Body {
    pub(crate) fn size(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Blob(blob, _) => blob.size(),
        }
    }

    /// Opens the body for one attempt.
    pub(crate) async fn open(&self, pulse: &Pulse, failure: &SourceFailure) -> Result<reqwest::Body, blob::Error> {
        match self {
            Self::Empty => Ok(Bytes::new().into()),
            Self::Bytes(bytes) => {
                // The answer's time starts now: bytes in memory are handed over at once.
                pulse.beat(bytes.len() as u64);
                Ok(bytes.clone().into())
            }
            Self::Blob(blob, on_progress) => {
                let (pulse, failure, place) = (pulse.clone(), Arc::clone(failure), blob.to_string());
                let on_progress = Arc::clone(on_progress);
                let stream = ReaderStream::with_capacity(blob.open().await?, 128 << 10)
                    .inspect_ok(move |chunk: &Bytes| on_progress(pulse.beat(chunk.len() as u64)))
                    .map(move |chunk| {
                        chunk.map_err(|error| {
                            let error = blob::Error::from_read(place.clone(), error);
                            let shown = std::io::Error::other(error.to_string());
                            failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                            shown
                        })
                    });
                Ok(reqwest::Body::wrap_stream(stream))
            }
        }
    }
}
