//! Where the bytes of an archive come from.

use std::io::{self, Read};

/// What is passed over is read in pieces of this size.
const PIECE: usize = 64 << 10;

/// Bytes in order, of which some can be passed over.
pub trait Input {
    /// The next bytes; none at the end.
    ///
    /// # Errors
    /// When they cannot be had.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Passes over `count` bytes and says how many there were.
    ///
    /// # Errors
    /// When they cannot be had.
    fn skip(&mut self, count: u64) -> io::Result<u64>;
}

/// A reader, whose bytes are read to be passed over.
#[derive(Debug)]
pub struct Stream<R> {
    reader: R,
    piece: Box<[u8]>,
}

impl<R: Read> Stream<R> {
    /// The bytes of `reader`.
    pub fn new(reader: R) -> Self {
        Self { reader, piece: vec![0; PIECE].into() }
    }

    /// The reader.
    pub fn into_inner(self) -> R {
        self.reader
    }
}

impl<R: Read> Input for Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read,
            }
        }
    }

    fn skip(&mut self, count: u64) -> io::Result<u64> {
        let mut left = count;
        while left > 0 {
            let wanted = usize::try_from(left).map_or(self.piece.len(), |left| left.min(self.piece.len()));
            match self.reader.read(&mut self.piece[..wanted]) {
                Ok(0) => break,
                Ok(length) => left -= length as u64,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(count - left)
    }
}
