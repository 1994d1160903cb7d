//! Threads that compress pieces and join them in their order. Who would have to wait for another does the other's work.
//!
//! A fixed number of pieces goes round, from the one who fills them to whoever compresses, to whoever joins, and back: that
//! bounds the memory, whatever is fast or slow. Nobody has a part of its own but the one who fills, since a thread that sleeps
//! until its part comes is woken later than it takes to compress a piece.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::Member;
use super::check;
use super::piece::{Compressor, Piece};
use crate::layer::Error;

/// With more, the digests would be waited for: they are computed in order.
const MOST_THREADS: usize = 4;

/// Pieces beside those that are being compressed: one that takes the rest of the one that is filled, and two that wait. A piece
/// that goes to zlib takes longer than others, and its successors wait for it to be joined.
const AROUND: usize = 3;

/// Where the stream's pieces come from and go to.
pub(super) struct Pieces<'a, W: Write> {
    pool: &'a Pool<W>,
    compressor: Compressor,
}

impl<W: Write> Pieces<'_, W> {
    /// A piece to fill. Where none is free, this thread does what frees one.
    pub(super) fn empty(&mut self) -> Result<Piece, Error> {
        self.pool.work(&mut self.compressor, &self.pool.joined, |state| {
            if state.is_broken() { Some(Err(gone())) } else { state.free.pop().map(Ok) }
        })
    }

    /// Hands a piece on. Pieces are joined in the order in which they were handed on.
    pub(super) fn hand_on(&self, piece: Piece) -> Result<(), Error> {
        let mut state = self.pool.lock();
        if state.is_broken() {
            return Err(gone());
        }
        let number = state.handed_on;
        state.handed_on += 1;
        state.jobs.push_back((number, piece));
        self.pool.filled.notify_one();
        Ok(())
    }

    /// Waits until every piece is joined, and helps.
    fn finish(mut self) {
        self.pool
            .work(&mut self.compressor, &self.pool.joined, |state| (state.is_broken() || state.joined == state.handed_on).then_some(()));
    }
}

/// Whoever ended early says why; this is what the others see of it.
fn gone() -> Error {
    Error::Write(io::ErrorKind::BrokenPipe.into())
}

/// What the threads share.
struct Pool<W: Write> {
    state: Mutex<State<W>>,
    /// There is a piece to compress or to join, or nothing more to do.
    filled: Condvar,
    /// A piece was joined, or nothing more will be.
    joined: Condvar,
}

struct State<W: Write> {
    free: Vec<Piece>,
    /// Filled, with their numbers.
    jobs: VecDeque<(u64, Piece)>,
    /// Compressed, by their numbers.
    done: BTreeMap<u64, Piece>,
    handed_on: u64,
    joined: u64,
    /// Absent while somebody joins.
    member: Option<Member<W>>,
    error: Option<Error>,
    /// Nothing more will come.
    is_over: bool,
}

impl<W: Write> State<W> {
    fn is_broken(&self) -> bool {
        self.error.is_some()
    }

    fn has_work(&self) -> bool {
        !self.jobs.is_empty() || (self.member.is_some() && self.done.contains_key(&self.joined))
    }

    /// The next piece in order, and where it goes, if both are there.
    fn next(&mut self) -> Option<(Member<W>, Piece)> {
        let member = self.member.take()?;
        let Some(piece) = self.done.remove(&self.joined) else {
            self.member = Some(member);
            return None;
        };
        Some((member, piece))
    }
}

impl<W: Write> Pool<W> {
    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fail(&self, state: &mut State<W>, error: Error) {
        state.error.get_or_insert(error);
        self.filled.notify_all();
        self.joined.notify_all();
    }

    /// Joins and compresses until `end` gives something, and sleeps until `news` where there is nothing to do.
    fn work<T>(&self, compressor: &mut Compressor, news: &Condvar, end: impl Fn(&mut State<W>) -> Option<T>) -> T {
        let mut state = self.lock();
        loop {
            if let Some(ended) = end(&mut state) {
                if state.has_work() {
                    self.filled.notify_one();
                }
                return ended;
            }
            if let Some((mut member, piece)) = state.next() {
                if state.has_work() {
                    self.filled.notify_one();
                }
                drop(state);
                let appended = member.append(&piece);
                state = self.lock();
                match appended {
                    Ok(()) => state.member = Some(member),
                    Err(error) => self.fail(&mut state, Error::from_io(error)),
                }
                state.joined += 1;
                state.free.push(piece);
                self.joined.notify_one();
            } else if let Some((number, mut piece)) = state.jobs.pop_front() {
                drop(state);
                let compressed = compressor.compress(&mut piece).map_err(Error::Write).and_then(|()| check::self_check(&piece));
                state = self.lock();
                match compressed {
                    Ok(()) => drop(state.done.insert(number, piece)),
                    Err(error) => self.fail(&mut state, error),
                }
            } else {
                state = news.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }
}

/// Ends the work of all threads when it is dropped, also by a panic.
struct End<'a, W: Write>(&'a Pool<W>);

impl<W: Write> Drop for End<'_, W> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_over = true;
        if thread::panicking() {
            self.0.fail(&mut state, gone());
        }
        self.0.filled.notify_all();
    }
}

/// How many threads compress.
pub(super) fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS)
}

/// Lets `fill` hand on pieces, and appends them, compressed, to `member`. The thread that fills is one of `threads`.
pub(super) fn run<W, T>(
    level: i32,
    threads: usize,
    member: Member<W>,
    fill: impl FnOnce(&mut Pieces<'_, W>) -> Result<T, Error>,
) -> Result<(T, Member<W>), Error>
where
    W: Write + Send,
{
    let state = State {
        free: (0..threads + AROUND).map(|_| Piece::default()).collect(),
        jobs: VecDeque::new(),
        done: BTreeMap::new(),
        handed_on: 0,
        joined: 0,
        member: Some(member),
        error: None,
        is_over: false,
    };
    let pool = Pool { state: Mutex::new(state), filled: Condvar::new(), joined: Condvar::new() };
    let filled = thread::scope(|scope| {
        let _end = End(&pool);
        for _ in 1..threads {
            scope.spawn(|| {
                let _end = End(&pool);
                pool.work(&mut Compressor::new(level), &pool.filled, |state| (state.is_over || state.is_broken()).then_some(()));
            });
        }
        let mut pieces = Pieces { pool: &pool, compressor: Compressor::new(level) };
        let filled = fill(&mut pieces)?;
        pieces.finish();
        Ok(filled)
    });
    let State { member, error, .. } = pool.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    match (filled, member, error) {
        (Ok(filled), Some(member), None) => Ok((filled, member)),
        // What broke the work is the cause of what `fill` then saw.
        (_, _, Some(error)) | (Err(error), _, None) => Err(error),
        (Ok(_), None, None) => Err(gone()),
    }
}
