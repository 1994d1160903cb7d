//! Cuts what is written into pieces.

use std::io::{self, Write};

use super::piece::{Piece, SIZE};
use super::pool::Pieces;
use super::walk::{Archive, Walk};
use crate::jar;
use crate::layer::sink::{PART, ReadPart, Sink};
use crate::layer::{Content, Error};

/// A file that is smaller holds no entry whose data would be passed on.
const SMALLEST_ARCHIVE: u64 = 256;

/// Takes the stream and hands its pieces on. It must be [finished](Self::finish).
pub(super) struct Cutter<'a, 'p, W: Write> {
    pieces: &'a mut Pieces<'p, W>,
    piece: Piece,
    walk: Walk,
    written: u64,
}

impl<'a, 'p, W: Write> Cutter<'a, 'p, W> {
    pub(super) fn new(pieces: &'a mut Pieces<'p, W>) -> Result<Self, Error> {
        let mut piece = pieces.empty()?;
        piece.truncate(0);
        Ok(Self { pieces, piece, walk: Walk::default(), written: 0 })
    }

    /// Hands on what is left.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        while !self.piece.input().is_empty() {
            self.hand_on()?;
        }
        Ok(())
    }

    fn hand_on(&mut self) -> Result<(), Error> {
        let mut next = self.pieces.empty()?;
        next.truncate(0);
        let cut = self.walk.cut(self.piece.input().len());
        next.append(&self.piece.input()[cut..]);
        self.piece.truncate(cut);
        let mut spans = std::mem::take(&mut self.piece.spans);
        self.walk.walk(self.piece.input(), &mut spans);
        self.piece.spans = spans;
        self.pieces.hand_on(std::mem::replace(&mut self.piece, next))
    }

    /// Hands on a piece that is full: there is room then.
    fn make_room(&mut self) -> Result<(), Error> {
        if self.piece.input().len() == SIZE { self.hand_on() } else { Ok(()) }
    }
}

impl<W: Write> Write for Cutter<'_, '_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.make_room().map_err(io::Error::other)?;
        let taken = self.piece.append(bytes);
        self.written += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<W: Write> Sink for Cutter<'_, '_, W> {
    fn expect(&mut self, content: &dyn Content) {
        let (start, end) = (self.written, self.written + content.size());
        if content.size() < SMALLEST_ARCHIVE {
            return;
        }
        let places = content.range().map(|range| jar::places(&range)).unwrap_or_default();
        if !places.is_empty() {
            self.walk.expect(Archive { start, end, places });
        }
    }

    fn take(&mut self, read: &mut ReadPart<'_>) -> Result<&[u8], Error> {
        self.make_room()?;
        let room = self.piece.room();
        let len = room.len().min(PART);
        let len = read(&mut room[..len])?;
        self.written += len as u64;
        Ok(self.piece.grow(len))
    }
}
