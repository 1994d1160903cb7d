//! Faults: when something goes wrong, and what.
//!
//! A [`Fault`] joins a [`When`], which picks requests, with a [`What`]. Every fault that picks a request
//! applies to it; of several answers the first one given to the registry wins. How a fault is carried out is
//! `site`'s and `shape`'s business.

use std::ops::Range;
use std::time::Duration;

mod answer;

pub use answer::Answer;

use super::pattern;

/// What goes wrong, and with which requests.
#[derive(Debug, Clone)]
pub struct Fault {
    /// Which requests it picks.
    pub when: When,
    /// What happens to them.
    pub what: What,
}

/// Picks requests by method, path, number and time.
#[derive(Debug, Clone)]
pub struct When {
    method: String,
    path: String,
    authorized: bool,
    pub(super) numbers: Numbers,
    pub(super) times: Option<u64>,
    pub(super) window: Option<Range<Duration>>,
}

/// Which of the matching requests are meant; the first is number 1.
#[derive(Debug, Clone, Copy)]
pub(super) enum Numbers {
    All,
    Exactly(u64),
    Every(u64),
    From(u64),
}

/// What happens to a request.
///
/// Offsets count bytes of the body. A reset is a TCP reset, not an orderly end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum What {
    /// The registry does nothing and answers this instead.
    Answer(Answer),
    /// The connection is reset before anything is done.
    Reset,
    /// The connection is reset when this many bytes of the request have been read.
    ResetRequestAt(u64),
    /// The connection is reset when the headers and this many bytes of the answer have been sent.
    ResetAnswerAt(u64),
    /// The request is carried out and then the connection is reset without an answer.
    LoseAnswer,
    /// The registry reads no further than this many bytes for a time.
    StallRequestAt(u64, Duration),
    /// The request is carried out, but the answer's headers come only after a time: a slow commit.
    StallHeaders(Duration),
    /// The answer stops at this many bytes for a time.
    StallBodyAt(u64, Duration),
    /// The registry reads this many bytes, then waits, and so on.
    TrickleRequest {
        /// Bytes in each interval.
        bytes: usize,
        /// The pause before each piece.
        every: Duration,
    },
    /// The answer comes in pieces of this many bytes with pauses.
    TrickleBody {
        /// Bytes in each interval.
        bytes: usize,
        /// The pause before each piece.
        every: Duration,
    },
    /// The answer ends after this many bytes although its Content-Length promises more; in HTTP/2 the stream
    /// is reset and the connection lives on.
    TruncateBodyAt(u64),
    /// The byte at this offset has a bit turned: right length, wrong content.
    CorruptByte(u64),
    /// The answer is gzipped in transit and says so.
    Gzip,
    /// The answer lacks this header.
    WithoutHeader(String),
    /// The answer has this header, in the place of one of the same name.
    WithHeader(String, String),
    /// 307 to the same path and query at another origin, such as `http://127.0.0.1:4711`.
    RedirectTo(String),
    /// 307 to the storage server of this registry, with a signature in the query.
    RedirectToStorage,
    /// HTTP/2 GOAWAY, in HTTP/1.1 `Connection: close`; the request itself is answered.
    GoAway,
    /// The registry restarts before the request is carried out: every connection is reset, every upload
    /// session is gone, and for this long nobody can connect.
    Restart(Duration),
}

impl When {
    /// Requests of a method (`*` is any) whose path and query match; a pattern without `*` may stand anywhere.
    #[must_use]
    pub fn request(method: &str, path: &str) -> Self {
        Self { method: method.to_owned(), path: path.to_owned(), authorized: false, numbers: Numbers::All, times: None, window: None }
    }

    /// Only requests that carry `Authorization`; others are not counted either.
    #[must_use]
    pub fn authorized(mut self) -> Self {
        self.authorized = true;
        self
    }

    /// Only the `n`th matching request, from 1.
    #[must_use]
    pub fn nth(mut self, n: u64) -> Self {
        self.numbers = Numbers::Exactly(n);
        self
    }

    /// Only every `n`th matching request.
    #[must_use]
    pub fn every(mut self, n: u64) -> Self {
        self.numbers = Numbers::Every(n.max(1));
        self
    }

    /// The `n`th matching request and all after it.
    #[must_use]
    pub fn from(mut self, n: u64) -> Self {
        self.numbers = Numbers::From(n);
        self
    }

    /// At most this many requests in all.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    /// Only in this window of time since the fault was injected.
    #[must_use]
    pub fn window(mut self, window: Range<Duration>) -> Self {
        self.window = Some(window);
        self
    }

    /// The fault that does `what` to these requests.
    #[must_use]
    pub fn then(self, what: What) -> Fault {
        Fault { when: self, what }
    }

    /// Short for [`What::Answer`] with a status and the error body that belongs to it.
    #[must_use]
    pub fn answer(self, status: u16) -> Fault {
        self.then(What::Answer(Answer::status(status)))
    }

    pub(super) fn matches(&self, method: &str, path: &str, authorized: bool) -> bool {
        (self.method == "*" || self.method == method) && pattern::occurs(&self.path, path) && (authorized || !self.authorized)
    }
}
