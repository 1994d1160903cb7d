//! Reading a blob's bytes: lazily, one stream that survives broken connections.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::try_unfold;
use reqwest::header::{CONTENT_RANGE, RANGE};
use reqwest::{Method, StatusCode};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::io::StreamReader;

use super::Error;
use super::auth::Scopes;
use super::client::Client;
use super::transport::{Answer, CoolDown, Endpoint, Request, Trial, is_transient};
use crate::blob::{self, BoxFuture, Reader, Source, Verify};
use crate::event::{Direction, Event, Outcome};
use crate::oci::{Descriptor, Digest, Reference};

/// A blob in a repository.
pub(super) struct RemoteSource {
    client: Client,
    repository: Reference,
}

impl RemoteSource {
    pub(super) fn new(client: Client, repository: Reference) -> Self {
        Self { client, repository }
    }

    /// Starts at the first place that has the blob. Where one breaks off later for good, the next one goes on.
    async fn start(&self, descriptor: &Descriptor) -> Result<Download, Error> {
        let places = self.client.places_of_blob(&self.repository, &descriptor.digest)?;
        Download::start(self.client.clone(), places.into(), descriptor).await
    }
}

impl Source for RemoteSource {
    fn open<'a>(&'a self, descriptor: &'a Descriptor) -> BoxFuture<'a, Result<Reader, blob::Error>> {
        Box::pin(async {
            let download = self.start(descriptor).await.map_err(into_blob)?;
            let (client, mirror, digest) = (self.client.clone(), Arc::clone(&download.mirror), descriptor.digest.clone());
            let stream = try_unfold(download, |mut download| async move {
                match download.next().await {
                    Ok(Some(bytes)) => Ok(Some((bytes, download))),
                    Ok(None) => Ok(None),
                    Err(error) => Err(io::Error::other(into_blob(error))),
                }
            });
            let place = format!("blob `{}` of {}", descriptor.digest.short(), self.place());
            let reader = Verify::new(StreamReader::new(Box::pin(stream)), descriptor, place);
            Ok(Reader::new(Judged { reader, client, mirror, digest }))
        })
    }

    fn place(&self) -> String {
        format!("`{}`", self.repository.repository())
    }

    /// Which place it was that gave wrong bytes is known here alone.
    fn is_checked(&self) -> bool {
        true
    }

    fn repository(&self) -> Option<&Reference> {
        Some(&self.repository)
    }
}

fn into_blob(error: Error) -> blob::Error {
    blob::Error::Source(Box::new(error))
}

/// Checked bytes; where a mirror gave wrong ones, it is not asked for that blob again.
struct Judged<R> {
    reader: Verify<R>,
    client: Client,
    mirror: Arc<OnceLock<Reference>>,
    digest: Digest,
}

impl<R: AsyncRead + Unpin> AsyncRead for Judged<R> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = std::task::ready!(Pin::new(&mut self.reader).poll_read(context, buffer));
        let inner = read.as_ref().err().and_then(io::Error::get_ref).and_then(|error| error.downcast_ref::<blob::Error>());
        if let (Some(blob::Error::Mismatch { .. }), Some(mirror)) = (inner, self.mirror.get()) {
            self.client.refute(mirror, &self.digest);
        }
        Poll::Ready(read)
    }
}

/// A place that has the blob, and the attempts that are made there.
struct Place {
    /// Where it is, unless it is the registry itself.
    mirror: Option<Reference>,
    endpoint: Arc<Endpoint>,
    request: Request,
    trial: Trial,
    cool_down: CoolDown,
}

impl Place {
    /// One behind which another stands is not insisted on.
    async fn at(client: &Client, (repository, insists): (Reference, bool), digest: &Digest) -> Result<Self, Error> {
        let endpoint = client.endpoint(&repository);
        let url = client.url(&endpoint, &repository, &format!("blobs/{digest}")).await?;
        let request = Request::new(Method::GET, url).access(repository.path(), Scopes::pull(repository.path()));
        let trial = if insists { client.transport().trial(request.line()) } else { client.transport().short_trial(request.line()) };
        let cool_down = client.transport().cool_down(&request.url);
        let mirror = (!insists).then_some(repository);
        Ok(Self { mirror, endpoint, request, trial, cool_down })
    }
}

/// One download on its way.
struct Download {
    client: Client,
    place: Place,
    /// The first mirror that gave any bytes.
    mirror: Arc<OnceLock<Reference>>,
    /// Where it goes on when that fails.
    others: VecDeque<(Reference, bool)>,
    descriptor: Descriptor,
    answer: Option<Answer>,
    /// Bytes handed out.
    offset: u64,
    /// Bytes of the answer that were handed out before and come again.
    skip: u64,
    /// Whether ranges are asked for; a registry that answers them wrongly sends the whole again.
    resumes: bool,
    _permit: OwnedSemaphorePermit,
}

impl Download {
    async fn start(client: Client, mut places: VecDeque<(Reference, bool)>, descriptor: &Descriptor) -> Result<Self, Error> {
        let closed = |_| Error::Input("the client was shut down".to_owned());
        let permit = Arc::clone(&client.0.downloads).acquire_owned().await.map_err(closed)?;
        let event = Event::TransferStarted { digest: descriptor.digest.clone(), direction: Direction::Download, size: descriptor.size };
        client.events().emit(&event);
        let place = next_place(&client, &mut places, &descriptor.digest, None).await?;
        let mut download = Self {
            client,
            place,
            mirror: Arc::default(),
            others: places,
            descriptor: descriptor.clone(),
            answer: None,
            offset: 0,
            skip: 0,
            resumes: true,
            _permit: permit,
        };
        // The first answer belongs to opening: "not found" and "denied" are said before anything is read.
        download.connect().await?;
        Ok(download)
    }

    /// Goes on at the next place. Where there is none, `failure` is what the user reads.
    async fn go_elsewhere(&mut self, failure: Error) -> Result<(), Error> {
        self.place = next_place(&self.client, &mut self.others, &self.descriptor.digest, Some(failure)).await?;
        self.resumes = true;
        Ok(())
    }

    /// The next bytes that were not handed out yet.
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            if self.answer.is_none() {
                self.connect().await?;
            }
            let Some(answer) = &mut self.answer else { continue };
            let failure = match answer.chunk().await {
                Ok(Some(chunk)) => match self.take(chunk) {
                    Some(chunk) => return Ok(Some(chunk)),
                    None => continue,
                },
                // A connection that breaks after the last byte took nothing with it.
                Ok(None) | Err(_) if self.offset >= self.descriptor.size => {
                    self.report_end();
                    return Ok(None);
                }
                // Chunked encoding, HTTP/1.0 and some proxies end early without an error.
                Ok(None) => Error::Network {
                    request: self.place.request.line(),
                    reason: format!("the answer ended after {} of {} bytes", self.offset, self.descriptor.size),
                },
                Err(error) => error,
            };
            self.answer = None;
            if let Err(failure) = self.place.trial.again(failure, None, &self.place.cool_down).await {
                self.go_elsewhere(failure).await?;
            }
        }
    }

    /// Gets an answer that goes on at `offset`, or that starts again, from the first place that gives one.
    async fn connect(&mut self) -> Result<(), Error> {
        while let Err(failure) = self.connect_here().await {
            self.go_elsewhere(failure).await?;
        }
        Ok(())
    }

    async fn connect_here(&mut self) -> Result<(), Error> {
        loop {
            let mut request = self.place.request.clone();
            if self.offset > 0 && self.resumes {
                request = request.header(RANGE, &format!("bytes={}-", self.offset));
            }
            let transport = self.client.transport();
            let (error, wait) = match transport.attempt(&self.place.endpoint, &request).await {
                Ok(answer) => match answer.status() {
                    StatusCode::OK => {
                        self.skip = self.offset;
                        self.answer = Some(answer);
                        return Ok(());
                    }
                    StatusCode::PARTIAL_CONTENT if self.offset > 0 && starts_at(&answer, self.offset) => {
                        self.skip = 0;
                        self.answer = Some(answer);
                        return Ok(());
                    }
                    StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE if self.offset > 0 && self.resumes => {
                        self.resumes = false;
                        continue;
                    }
                    status if is_transient(status) => {
                        let wait = answer.retry_after();
                        (answer.refuse().await, wait)
                    }
                    _ => return Err(transport.refuse(&self.place.endpoint, &request, answer).await),
                },
                Err(error) => (error, None),
            };
            self.place.trial.again(error, wait, &self.place.cool_down).await?;
        }
    }

    fn take(&mut self, mut chunk: Bytes) -> Option<Bytes> {
        let again = self.skip.min(chunk.len() as u64);
        self.skip -= again;
        let _ = chunk.split_to(usize::try_from(again).unwrap_or(chunk.len()));
        if chunk.is_empty() {
            return None;
        }
        self.offset += chunk.len() as u64;
        self.place.mirror.iter().for_each(|mirror| drop(self.mirror.set(mirror.clone())));
        self.place.trial.progressed();
        let (digest, done, size) = (self.descriptor.digest.clone(), self.offset, self.descriptor.size);
        self.client.events().emit(&Event::TransferProgress { digest, direction: Direction::Download, done, size });
        Some(chunk)
    }

    fn report_end(&self) {
        let (digest, size) = (self.descriptor.digest.clone(), self.descriptor.size);
        self.client.events().emit(&Event::TransferFinished { digest, direction: Direction::Download, outcome: Outcome::Sent, size });
    }
}

/// The first of the places that can be reached at all.
async fn next_place(
    client: &Client,
    places: &mut VecDeque<(Reference, bool)>,
    digest: &Digest,
    mut failure: Option<Error>,
) -> Result<Place, Error> {
    while let Some(place) = places.pop_front() {
        if let Some(failure) = failure.take() {
            tracing::debug!("mirror: {failure}");
        }
        match Place::at(client, place, digest).await {
            Ok(place) => return Ok(place),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| Error::Input(format!("there is no place to fetch {digest} from"))))
}

/// Whether a partial answer begins where we left off (RFC 9110, section 14.4).
fn starts_at(answer: &Answer, offset: u64) -> bool {
    let range = answer.header(CONTENT_RANGE.as_str()).and_then(|range| range.strip_prefix("bytes "));
    range.and_then(|range| range.split_once('-')).and_then(|(first, _)| first.trim().parse::<u64>().ok()) == Some(offset)
}
