//! Sending a blob's bytes: in one request; in chunks where the registry takes no more, or where a session goes on.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use reqwest::header::CONTENT_RANGE;
use reqwest::{Method, StatusCode};
use tokio::io::AsyncReadExt as _;
use url::Url;

use super::super::Error;
use super::super::auth::Scopes;
use super::super::transport::{Body, OnProgress, Request, is_transient};
use super::Pusher;
use super::session::Session;
use crate::blob::{self, Blob, Reader};
use crate::event::{Direction, Event};

/// Chunks begin with this size, and shrink where even that is refused.
const LARGEST_CHUNK: u64 = 32 << 20;
/// Below this size a registry that refuses is not refusing the size.
const SMALLEST_CHUNK: u64 = 256 << 10;
/// Chunks are held in memory, so a registry's wish for large ones ends here.
const LARGEST_WISH: u64 = 256 << 20;

/// A failed request and the wait that the answer asked for.
struct Failure {
    error: Error,
    wait: Option<std::time::Duration>,
    /// Whether the registry that is pushed to said so; the place that the blob is read from may be one too.
    is_answer: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, wait: None, is_answer: false }
    }
}

/// How the bytes go.
enum Manner {
    /// One PUT.
    Whole,
    /// Several PATCH of this size from this offset on, then an empty PUT.
    Chunks { size: u64, offset: u64 },
}

impl Pusher {
    /// Sends the blob into a session, or into another one where that is lost.
    pub(super) async fn upload(&self, blob: &Blob, session: Session) -> Result<(), Error> {
        let (digest, size) = (blob.digest().clone(), blob.size());
        self.0.client.events().emit(&Event::TransferStarted { digest, direction: Direction::Upload, size });
        let mut trial = self.0.client.transport().trial(format!("upload of {} to `{}`", blob.digest().short(), self.0.target.repository()));
        let (mut session, mut manner, mut invalid_before, mut furthest) = (session, Manner::Whole, false, 0);
        loop {
            let cool_down = self.0.client.transport().cool_down(&session.url);
            let Failure { error, wait, is_answer } = match self.send_by(blob, &mut session, &mut manner).await {
                Ok(()) => {
                    self.finished(&session);
                    return Ok(());
                }
                Err(failure) => failure,
            };
            // Only what was never reached before is progress: a registry that takes and loses the same bytes again gets no more of them.
            if let Manner::Chunks { offset, .. } = manner
                && offset > furthest
            {
                furthest = offset;
                trial.progressed();
            }
            match error.status().filter(|_| is_answer) {
                Some(413) if shrink(&mut manner, &session, blob.size()) => {
                    let next = self.open_session().await?;
                    self.abandon(std::mem::replace(&mut session, next)).await;
                    continue;
                }
                // What arrived is not what we sent: once more with other bytes on the way, then it is no accident.
                Some(400) if error.has_code("DIGEST_INVALID") => {
                    self.finished(&session);
                    if std::mem::replace(&mut invalid_before, true) {
                        return Err(Error::Integrity {
                            request: error.to_string(),
                            reason: "the registry received other bytes, twice".to_owned(),
                        });
                    }
                    (session, manner) = (self.open_session().await?, restart(&manner));
                    continue;
                }
                _ if !may_be_mended(&error, is_answer) => return Err(error),
                _ => {}
            }
            let turned_away = is_answer && error.status() == Some(429);
            trial.pause(error, wait, &cool_down).await?;
            // Who was turned away by a limit has spoken to no session, and every further question counts against the limit.
            if turned_away {
                continue;
            }
            // The lost answer may have been the good one.
            if self.has_blob(blob.digest()).await? {
                self.finished(&session);
                return Ok(());
            }
            match self.offset(&mut session).await? {
                Some(offset) if offset <= blob.size() => manner = Manner::Chunks { size: chunk_size(&manner), offset },
                _ => {
                    let next = self.open_session().await?;
                    self.abandon(std::mem::replace(&mut session, next)).await;
                    manner = restart(&manner);
                }
            }
        }
    }

    async fn send_by(&self, blob: &Blob, session: &mut Session, manner: &mut Manner) -> Result<(), Failure> {
        match manner {
            Manner::Whole => self.put(blob, &session.url, Body::Blob(blob.clone(), self.on_progress(blob))).await,
            Manner::Chunks { size, offset } => {
                self.patch_all(blob, session, *size, offset).await?;
                self.put(blob, &session.url, Body::Empty).await
            }
        }
    }

    /// Sends the last request of an upload, with all of the bytes or with none.
    async fn put(&self, blob: &Blob, place: &Url, body: Body) -> Result<(), Failure> {
        let mut url = place.clone();
        url.query_pairs_mut().append_pair("digest", blob.digest().as_str());
        let mut request = self.upload_request(Method::PUT, url, body);
        request.commits = true;
        self.deliver(&request, |status| status.is_success() && status != StatusCode::ACCEPTED).await.map(drop)
    }

    async fn patch_all(&self, blob: &Blob, session: &mut Session, size: u64, offset: &mut u64) -> Result<(), Failure> {
        let size = size.max(session.smallest_chunk);
        let mut reader = blob.open().await.map_err(Error::from)?;
        skip(&mut reader, *offset, blob).await.map_err(Error::from)?;
        let on_progress = self.on_progress(blob);
        loop {
            let chunk = read_chunk(&mut reader, size, blob).await.map_err(Error::from)?;
            if chunk.is_empty() {
                return Ok(());
            }
            let end = *offset + chunk.len() as u64;
            let range = format!("{offset}-{}", end - 1);
            let request = self.upload_request(Method::PATCH, session.url.clone(), Body::Bytes(chunk)).header(CONTENT_RANGE, &range);
            let answer = self.deliver(&request, |status| status == StatusCode::ACCEPTED).await?;
            self.moved(session, &answer)?;
            *offset = end;
            on_progress(end);
        }
    }

    fn upload_request(&self, method: Method, url: Url, body: Body) -> Request {
        let path = self.0.target.path();
        Request::new(method, url).access(path, Scopes::push(path)).body("application/octet-stream", body)
    }

    /// One attempt; what went wrong is for [`upload`](Self::upload) to mend, which knows the session.
    async fn deliver(&self, request: &Request, good: impl Fn(StatusCode) -> bool) -> Result<super::super::transport::Answer, Failure> {
        let (transport, endpoint) = (self.0.client.transport(), &self.0.endpoint);
        let answer = transport.attempt(endpoint, request).await?;
        if good(answer.status()) {
            return Ok(answer);
        }
        let wait = answer.retry_after().filter(|_| is_transient(answer.status()));
        Err(Failure { error: transport.refuse(endpoint, request, answer).await, wait, is_answer: true })
    }

    fn on_progress(&self, blob: &Blob) -> OnProgress {
        let (events, digest, size) = (self.0.client.events().clone(), blob.digest().clone(), blob.size());
        Arc::new(move |done| events.emit(&Event::TransferProgress { digest: digest.clone(), direction: Direction::Upload, done, size }))
    }
}

/// Smaller chunks after a 413; `false` where they are as small as they can be.
fn shrink(manner: &mut Manner, session: &Session, blob: u64) -> bool {
    let floor = session.smallest_chunk.max(SMALLEST_CHUNK);
    let refused = match manner {
        Manner::Whole => blob,
        Manner::Chunks { size, .. } if *size > floor => *size,
        Manner::Chunks { .. } => return false,
    };
    let size = (refused / 4).min(LARGEST_CHUNK).max(floor);
    *manner = Manner::Chunks { size, offset: 0 };
    size <= LARGEST_WISH
}

/// Whether another try can help: no answer, an overloaded registry, or a session that it has lost or lost track of.
fn may_be_mended(error: &Error, is_answer: bool) -> bool {
    error.is_transient() || is_answer && (matches!(error.status(), Some(404 | 416)) || error.has_code("BLOB_UPLOAD"))
}

fn chunk_size(manner: &Manner) -> u64 {
    if let Manner::Chunks { size, .. } = manner { *size } else { LARGEST_CHUNK }
}

/// The same manner from the start.
fn restart(manner: &Manner) -> Manner {
    match manner {
        Manner::Whole => Manner::Whole,
        Manner::Chunks { size, .. } => Manner::Chunks { size: *size, offset: 0 },
    }
}

async fn skip(reader: &mut Reader, offset: u64, blob: &Blob) -> Result<(), blob::Error> {
    let copied = tokio::io::copy(&mut reader.take(offset), &mut tokio::io::sink()).await;
    copied.map(drop).map_err(|error| blob::Error::from_read(blob.to_string(), error))
}

async fn read_chunk(reader: &mut Reader, size: u64, blob: &Blob) -> Result<Bytes, blob::Error> {
    let mut chunk = BytesMut::new();
    while (chunk.len() as u64) < size {
        let room = size - chunk.len() as u64;
        match reader.take(room).read_buf(&mut chunk).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => return Err(blob::Error::from_read(blob.to_string(), error)),
        }
    }
    Ok(chunk.freeze())
}
