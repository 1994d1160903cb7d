//! Upload sessions and mounts (distribution-spec 1.1.1, "Pushing blobs").

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header::{LOCATION, RANGE};
use reqwest::{Method, StatusCode};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::super::Error;
use super::super::auth::Scopes;
use super::super::transport::{Answer, Request, resolve};
use super::{Pusher, lock};
use crate::blob::Blob;
use crate::oci::Reference;

/// How long opening and deleting a session that nobody wants may take: somebody waits for us to stop.
const DELETE_LIMIT: Duration = Duration::from_secs(3);

static NEXT_SESSION: AtomicU64 = AtomicU64::new(0);

/// A place at the registry that takes the bytes of one blob.
#[derive(Debug)]
pub(super) struct Session {
    number: u64,
    pub(super) url: Url,
    /// The smallest chunk that the registry takes, except for the last one.
    pub(super) smallest_chunk: u64,
}

/// How an upload begins.
pub(super) enum Begun {
    /// It is over: the registry linked the blob.
    Mounted,
    /// It is over: the repository has the blob.
    Present,
    /// The bytes are to be sent here.
    Session(Session),
}

/// What came of a POST.
enum Posted {
    /// A session is open.
    Opened(Session),
    /// Anything else.
    Other(Answer),
}

impl Pusher {
    /// Mounts the blob where that is possible, else opens a session.
    pub(super) async fn begin(&self, blob: &Blob) -> Result<Begun, Error> {
        let Some(source) = self.mount_source(blob).await? else {
            return Ok(Begun::Session(self.open_session().await?));
        };
        let path = source.path().to_owned();
        let scopes = Scopes::push(self.0.target.path()).and_pull(&path);
        let query = [("mount", blob.digest().as_str()), ("from", path.as_str())];
        match self.post(scopes, &query).await {
            Ok(Posted::Opened(session)) => return Ok(Begun::Session(session)),
            Ok(Posted::Other(answer)) if answer.status() == StatusCode::CREATED => return Ok(Begun::Mounted),
            Ok(Posted::Other(_)) | Err(Error::Denied(_)) => {}
            Err(error) => return Err(error),
        }
        // A mount is an optimisation. Whether we may push is for a request to decide that asks for nothing else.
        lock(&self.0.unmountable).insert(path);
        Ok(Begun::Session(self.open_session().await?))
    }

    /// Opens a session for a blob that the repository may have: it is asked to mount it from itself.
    pub(super) async fn begin_or_find(&self, blob: &Blob) -> Result<Begun, Error> {
        let path = self.0.target.path();
        let query = [("mount", blob.digest().as_str()), ("from", path)];
        match self.post(Scopes::push(path), &query).await {
            Ok(Posted::Opened(session)) => Ok(Begun::Session(session)),
            Ok(Posted::Other(answer)) if answer.status() == StatusCode::CREATED => Ok(Begun::Present),
            Ok(Posted::Other(_)) | Err(Error::Denied(_)) => Ok(Begun::Session(self.open_session().await?)),
            Err(error) => Err(error),
        }
    }

    /// Opens a session with the target's scopes alone.
    pub(super) async fn open_session(&self) -> Result<Session, Error> {
        match self.post(Scopes::push(self.0.target.path()), &[]).await? {
            Posted::Opened(session) => Ok(session),
            Posted::Other(answer) => {
                let request = self.post_request(Scopes::push(self.0.target.path()), &[]).await?;
                Err(self.0.client.transport().refuse(&self.0.endpoint, &request, answer).await)
            }
        }
    }

    /// The repository that the blob can be mounted from: on the same registry and with the same credentials.
    pub(super) async fn mount_source<'a>(&self, blob: &'a Blob) -> Result<Option<&'a Reference>, Error> {
        let target = &self.0.target;
        let Some(source) = blob.repository().filter(|source| source.domain() == target.domain() && source.path() != target.path()) else {
            return Ok(None);
        };
        if lock(&self.0.unmountable).contains(source.path()) {
            return Ok(None);
        }
        let (transport, endpoint) = (self.0.client.transport(), &self.0.endpoint);
        let ours = endpoint.authorizer.lookup(transport, endpoint, target.path()).await?;
        let theirs = endpoint.authorizer.lookup(transport, endpoint, source.path()).await?;
        let credential = |lookup: &crate::registry::Lookup| lookup.found.as_ref().map(|found| found.credential.clone());
        Ok(Some(source).filter(|_| credential(&ours) == credential(&theirs)))
    }

    /// Asks for a session or a mount. The request is brought to its end even where the caller is dropped meanwhile: only the
    /// answer says where a session is that must be deleted.
    async fn post(&self, scopes: Scopes, query: &[(&str, &str)]) -> Result<Posted, Error> {
        let request = self.post_request(scopes, query).await?;
        let (pusher, dropped) = (self.clone(), CancellationToken::new());
        let caller = dropped.clone().drop_guard();
        let posted = self.0.posts.spawn(async move {
            let send = pusher.0.client.transport().send(&pusher.0.endpoint, &request);
            let answer = tokio::select! {
                answer = send => answer?,
                () = async { dropped.cancelled().await; tokio::time::sleep(DELETE_LIMIT).await } => return Err(given_up()),
            };
            if answer.status() == StatusCode::ACCEPTED { pusher.session(&answer).map(Posted::Opened) } else { Ok(Posted::Other(answer)) }
        });
        let posted = posted.await.unwrap_or_else(|_| Err(given_up()));
        caller.disarm();
        posted
    }

    async fn post_request(&self, scopes: Scopes, query: &[(&str, &str)]) -> Result<Request, Error> {
        let mut url = self.0.client.url(&self.0.endpoint, &self.0.target, "blobs/uploads/").await?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(Request::new(Method::POST, url).access(self.0.target.path(), scopes))
    }

    /// Takes the session that an answer names.
    fn session(&self, answer: &Answer) -> Result<Session, Error> {
        let url = location(answer)?;
        let number = NEXT_SESSION.fetch_add(1, Ordering::Relaxed);
        lock(&self.0.open).insert(number, url.clone());
        let smallest_chunk = answer.header("oci-chunk-min-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        Ok(Session { number, url, smallest_chunk })
    }

    /// Follows a session to the place that an answer names for what comes next.
    pub(super) fn moved(&self, session: &mut Session, answer: &Answer) -> Result<(), Error> {
        session.url = location(answer)?;
        lock(&self.0.open).insert(session.number, session.url.clone());
        Ok(())
    }

    /// Forgets a session that the registry has closed.
    pub(super) fn finished(&self, session: &Session) {
        lock(&self.0.open).remove(&session.number);
    }

    /// Gives up a session.
    pub(super) async fn abandon(&self, session: Session) {
        self.finished(&session);
        self.delete_session(session.url).await;
    }

    pub(super) async fn delete_session(&self, url: Url) {
        let path = self.0.target.path();
        let request = Request::new(Method::DELETE, url).access(path, Scopes::push(path));
        // Nobody can do anything about a failure here, and the registry drops the session in time.
        let _ = tokio::time::timeout(DELETE_LIMIT, self.0.client.transport().attempt(&self.0.endpoint, &request)).await;
    }

    /// How many bytes the registry has of a session; nothing where it does not say, or has lost it.
    pub(super) async fn offset(&self, session: &mut Session) -> Result<Option<u64>, Error> {
        let path = self.0.target.path();
        let request = Request::new(Method::GET, session.url.clone()).access(path, Scopes::push(path));
        let answer = self.0.client.transport().send(&self.0.endpoint, &request).await?;
        if answer.status() != StatusCode::NO_CONTENT {
            return Ok(None);
        }
        let last = answer.header(RANGE.as_str()).and_then(|range| range.rsplit_once('-')).and_then(|(_, last)| last.parse::<u64>().ok());
        if answer.header(LOCATION.as_str()).is_some() {
            self.moved(session, &answer)?;
        }
        // Both ends are inclusive, and `0-0` is what distribution says of an empty session as well as of one byte.
        Ok(last.filter(|&last| last > 0).map(|last| last + 1))
    }
}

/// Seen by nobody: whoever would see it is gone.
fn given_up() -> Error {
    Error::Input("the push was given up".to_owned())
}

fn location(answer: &Answer) -> Result<Url, Error> {
    let broken = |reason: &str| Error::Answer { request: answer.request.clone(), reason: reason.to_owned() };
    let location = answer.header(LOCATION.as_str()).ok_or_else(|| broken("the answer has no Location for the upload"))?;
    resolve(answer.url(), location).ok_or_else(|| broken("the upload's Location is no URL"))
}
