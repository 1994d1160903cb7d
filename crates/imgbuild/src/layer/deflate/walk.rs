//! Which bytes of the stream are what: the places of ZIP entries, looked up while the bytes pass.
//!
//! The places come from a directory that may lie. A local header counts where its signature stands and its data ends before
//! the next place; else the bytes up to there are plain ones.

use std::collections::VecDeque;

use super::piece::{Kind, SIZE, Span};
use crate::jar::{self, Part, Place};

/// Data shorter than this costs less in the block of the headers around it than in a block of its own.
const SHORT_DATA: u64 = 96;
/// Bytes between entries up to this length are like headers: descriptors, short stored data. Beyond, zlib's own block pays.
const SHORT_GAP: u64 = 768;

/// A ZIP file in the stream.
#[derive(Debug)]
pub(super) struct Archive {
    /// Where it begins and ends in the stream.
    pub(super) start: u64,
    pub(super) end: u64,
    /// Positions in the file, sorted.
    pub(super) places: Vec<Place>,
}

/// Walks the stream once, piece by piece.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// Those that have not passed.
    archives: VecDeque<Archive>,
    /// The next place of the first archive.
    place: usize,
    /// Where the next piece begins.
    position: u64,
    /// What goes on from the piece before.
    run: Option<(Kind, u64)>,
    /// Deflated data behind that.
    packed: u64,
}

impl Walk {
    /// Tells of an archive before its bytes are walked.
    pub(super) fn expect(&mut self, archive: Archive) {
        self.archives.push_back(archive);
    }

    /// How many of the bytes that were filled make the next piece: up to the last place in the second half of a piece, where
    /// there is one. No local header is as long as half a piece, so each is whole within its piece.
    pub(super) fn cut(&self, filled: usize) -> usize {
        let (from, to) = (self.position + SIZE as u64 / 2, self.position + filled as u64);
        let last =
            self.archives.iter().rev().filter(|archive| archive.start < to).take_while(|archive| archive.end > from).find_map(|archive| {
                let before = archive.places.partition_point(|place| archive.start + place.at < to);
                let place = archive.places[..before].last()?;
                (archive.start + place.at).checked_sub(from)
            });
        // The difference is less than the length of what was filled.
        last.and_then(|beyond| usize::try_from(beyond).ok()).map_or(filled, |beyond| SIZE / 2 + beyond)
    }

    /// Walks a piece and writes down what its bytes are.
    pub(super) fn walk(&mut self, bytes: &[u8], spans: &mut Vec<Span>) {
        spans.clear();
        let mut at = 0;
        while at < bytes.len() {
            let (kind, len) = match self.run.take() {
                Some(run) => run,
                None => self.next(self.position + at as u64, &bytes[at..]),
            };
            let room = bytes.len() - at;
            let taken = usize::try_from(len).map_or(room, |len| len.min(room));
            push(spans, kind, taken);
            at += taken;
            let left = len - taken as u64;
            if left > 0 {
                self.run = Some((kind, left));
            } else if self.packed > 0 {
                self.run = Some((Kind::Packed, std::mem::take(&mut self.packed)));
            }
        }
        self.position += bytes.len() as u64;
    }

    /// What begins at a position, and how long it is; `rest` are the bytes from there on.
    fn next(&mut self, position: u64, rest: &[u8]) -> (Kind, u64) {
        while self.archives.front().is_some_and(|archive| archive.end <= position) {
            self.archives.pop_front();
            self.place = 0;
        }
        let Some(archive) = self.archives.front() else { return (Kind::Other, rest.len() as u64) };
        if position < archive.start {
            return (Kind::Other, archive.start - position);
        }
        let within = position - archive.start;
        // Whatever lies within data that has passed is a lie.
        while archive.places.get(self.place).is_some_and(|place| place.at < within) {
            self.place += 1;
        }
        let len = archive.end - archive.start;
        let limit_of = |number: usize| archive.places.get(number).map_or(len, |place| place.at.min(len)) - within;
        let Some(place) = archive.places.get(self.place).filter(|place| place.at == within) else {
            return gap(limit_of(self.place), Kind::Other);
        };
        self.place += 1;
        let limit = limit_of(self.place);
        let deflated = match place.part {
            Part::Directory => return gap(limit, Kind::Directory),
            Part::Entry { deflated } => deflated,
        };
        let header = jar::local_header_len(rest).map(|header| header as u64);
        match header.filter(|header| header.checked_add(deflated).is_some_and(|end| end <= limit)) {
            Some(header) if deflated < SHORT_DATA => (Kind::Header, header + deflated),
            Some(header) => {
                self.packed = deflated;
                (Kind::Header, header)
            }
            None => gap(limit, Kind::Other),
        }
    }
}

/// Bytes of an archive that are no entry's, and what they are where there are many.
const fn gap(len: u64, kind: Kind) -> (Kind, u64) {
    (if len <= SHORT_GAP { Kind::Header } else { kind }, len)
}

fn push(spans: &mut Vec<Span>, kind: Kind, len: usize) {
    match spans.last_mut() {
        Some(last) if last.kind == kind => last.len += len,
        _ if len == 0 => {}
        _ => spans.push(Span { kind, len }),
    }
}
