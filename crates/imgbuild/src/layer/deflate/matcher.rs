//! Finds earlier header bytes that are like those that come next.
//!
//! Headers lie a few kilobytes apart, between data in which no match is worth looking for. Only positions in headers are
//! remembered, so that a search costs what the headers cost.

use std::ops::Range;

use super::codes::MAX_LENGTH;

/// How far back deflate reaches.
const WINDOW: usize = 32 << 10;
/// Shorter matches cost more bits than their bytes.
const SHORTEST: usize = 4;
/// Chains that are begun: 2 to this power.
const HASH_BITS: u32 = 12;
/// Candidates that are compared. Sixteen make a layer of libraries 0.04 % smaller, and take a sixth more time for all of it.
const CANDIDATES: usize = 2;
/// A match of this length is taken without a look at the next position.
const GOOD_LENGTH: usize = 12;

/// What is added to positions that are remembered: none is farther from zero, which stands for no position, than any reaches.
const FIRST: u32 = u16::MAX as u32 + 1;

/// Positions of header bytes in one piece, by what stands there.
#[derive(Debug)]
pub(super) struct Matcher {
    /// The latest position of each hash, plus [`FIRST`].
    heads: Box<[u32; 1 << HASH_BITS]>,
    /// How far before each position the one of the same hash is; zero where it is beyond a number of 16 bits, or there is none.
    previous: Box<[u16]>,
}

/// What to write next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The byte as it is.
    Literal(u8),
    /// So many bytes from so far back.
    Copy(usize, u32),
}

impl Matcher {
    pub(super) fn new() -> Self {
        Self { heads: Box::new([0; 1 << HASH_BITS]), previous: vec![0; WINDOW].into() }
    }

    /// Forgets all positions. What is left in `previous` is reached from no head.
    pub(super) fn reset(&mut self) {
        self.heads.fill(0);
    }

    /// The steps that make up the header bytes from `start` to `end` of a piece.
    pub(super) fn steps(&mut self, piece: &[u8], start: usize, end: usize, mut step: impl FnMut(Step)) {
        let piece = &piece[..end];
        let mut at = start;
        let mut ahead = None;
        while at < end {
            let found = ahead.take().unwrap_or_else(|| self.longest(piece, at));
            self.remember(piece, at..at + 1);
            let next = if found.0 > 0 && found.0 < GOOD_LENGTH { self.longest(piece, at + 1) } else { (0, 0) };
            if found.0 < SHORTEST || next.0 > found.0 {
                step(Step::Literal(piece[at]));
                at += 1;
                if next.0 > 0 {
                    ahead = Some(next);
                }
                continue;
            }
            step(Step::Copy(found.0, found.1));
            self.remember(piece, at + 1..at + found.0);
            at += found.0;
        }
    }

    /// Length and distance of the longest match found; zero where there is none.
    fn longest(&self, piece: &[u8], at: usize) -> (usize, u32) {
        let rest = &piece[at.min(piece.len())..];
        let Some(hash) = hash(rest) else { return (0, 0) };
        let rest = &rest[..rest.len().min(MAX_LENGTH)];
        let mut best = (0, 0);
        let Some(from) = self.heads[hash].checked_sub(FIRST) else { return best };
        let mut from = from as usize;
        for _ in 0..CANDIDATES {
            // What is remembered of a position beyond the window may be of a later one.
            if at - from > WINDOW {
                break;
            }
            let length = common(&piece[from..], rest);
            if length > best.0 {
                best = (length, u32::try_from(at - from).unwrap_or(u32::MAX));
                if length == rest.len() {
                    break;
                }
            }
            match self.previous[from % WINDOW] {
                0 => break,
                distance => from -= usize::from(distance),
            }
        }
        if best.0 < SHORTEST { (0, 0) } else { best }
    }

    /// Remembers positions in a match or before one, of which there are many: nothing here depends on what stands there.
    fn remember(&mut self, piece: &[u8], positions: Range<usize>) {
        let bytes = &piece[positions.start..piece.len().min(positions.end + SHORTEST - 1)];
        // A piece is far shorter than 4 GiB.
        let first = u32::try_from(positions.start).unwrap_or(0) + FIRST;
        for ((position, at), four) in (first..).zip(positions).zip(bytes.windows(SHORTEST)) {
            let Some(hash) = hash(four) else { return };
            let distance = position - std::mem::replace(&mut self.heads[hash], position);
            self.previous[at % WINDOW] = u16::try_from(distance).unwrap_or(0);
        }
    }
}

/// The chain of the bytes that follow; none where they are too few.
fn hash(bytes: &[u8]) -> Option<usize> {
    let four = bytes.first_chunk::<SHORTEST>()?;
    // Knuth's multiplier; the high bits are the mixed ones.
    Some((u32::from_le_bytes(*four).wrapping_mul(2_654_435_761) >> (u32::BITS - HASH_BITS)) as usize)
}

/// How many bytes two slices share from their start.
fn common(one: &[u8], other: &[u8]) -> usize {
    let ((eights, _), (others, _)) = (one.as_chunks(), other.as_chunks());
    let mut shared = 0;
    for (a, b) in eights.iter().zip(others) {
        let differ = u64::from_le_bytes(*a) ^ u64::from_le_bytes(*b);
        if differ != 0 {
            return shared + differ.trailing_zeros() as usize / 8;
        }
        shared += 8;
    }
    shared + one[shared..].iter().zip(&other[shared..]).take_while(|(a, b)| a == b).count()
}
