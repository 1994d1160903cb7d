//! Threads that compress pieces, and one that joins them in their order.
//!
//! A fixed number of pieces goes round, from the one who fills them to a compressor, to the one who joins, and back: that
//! bounds the memory, whatever is fast or slow.

use std::io::Write;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use super::Member;
use super::check;
use super::piece::{Compressor, Piece};
use crate::layer::Error;

/// With more, the digests would be waited for: they are computed in order.
const MOST_THREADS: usize = 4;

/// Pieces beside those that are being compressed: one that is filled, one that takes its rest over, one that is written, and one
/// that waits. A piece that goes to zlib takes longer than others, and its successors wait for it to be joined.
const AROUND: usize = 4;

/// A piece, and where it goes when it is compressed.
type Job = (Piece, SyncSender<Result<Piece, Error>>);

/// Where the stream's pieces come from and go to.
pub(super) struct Pieces {
    free: Receiver<Piece>,
    jobs: Sender<Job>,
    order: Sender<Receiver<Result<Piece, Error>>>,
}

impl Pieces {
    /// A piece to fill, as soon as one is free.
    pub(super) fn empty(&self) -> Result<Piece, Error> {
        self.free.recv().map_err(|_| gone())
    }

    /// Hands a piece on. Pieces are joined in the order in which they were handed on.
    pub(super) fn hand_on(&self, piece: Piece) -> Result<(), Error> {
        let (done, result) = sync_channel(1);
        self.order.send(result).map_err(|_| gone())?;
        self.jobs.send((piece, done)).map_err(|_| gone())
    }
}

/// Whoever ended early says why; this is what the others see of it.
fn gone() -> Error {
    Error::Write(std::io::ErrorKind::BrokenPipe.into())
}

/// How many threads compress.
pub(super) fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS)
}

/// Lets `fill` hand on pieces, and appends them, compressed, to `member`.
pub(super) fn run<W, T>(
    level: i32,
    threads: usize,
    member: Member<W>,
    fill: impl FnOnce(&Pieces) -> Result<T, Error>,
) -> Result<(T, Member<W>), Error>
where
    W: Write + Send,
{
    let ((jobs, queue), (order, results), (back, free)) = (channel(), channel(), channel());
    for _ in 0..threads + AROUND {
        // The receiver lives until `fill` ends.
        let _ = back.send(Piece::default());
    }
    let queue = Mutex::new(queue);
    let queue = &queue;
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(move || compress(level, queue));
        }
        let joiner = scope.spawn(move || join(member, &results, &back));
        let filled = {
            let pieces = Pieces { free, jobs, order };
            fill(&pieces)
        };
        let member = joiner.join().map_err(|_| gone())?;
        match (filled, member) {
            (Ok(filled), Ok(member)) => Ok((filled, member)),
            // What ended the joiner is the cause of what `fill` then saw.
            (_, Err(error)) | (Err(error), Ok(_)) => Err(error),
        }
    })
}

fn compress(level: i32, queue: &Mutex<Receiver<Job>>) {
    let mut compressor = Compressor::new(level);
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((mut piece, done)) = next else { return };
        let compressed = compressor.compress(&mut piece).map_err(Error::Write).and_then(|()| check::self_check(&piece));
        // Nobody waits for it any more where the joiner has failed.
        let _ = done.send(compressed.map(|()| piece));
    }
}

fn join<W: Write>(
    mut member: Member<W>,
    results: &Receiver<Receiver<Result<Piece, Error>>>,
    back: &Sender<Piece>,
) -> Result<Member<W>, Error> {
    while let Ok(result) = results.recv() {
        let piece = result.recv().map_err(|_| gone())??;
        member.append(&piece).map_err(Error::from_io)?;
        // Nobody wants it back where everything was handed on.
        let _ = back.send(piece);
    }
    Ok(member)
}
