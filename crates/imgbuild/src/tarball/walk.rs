//! From header to header.

use std::io::{self, Read};

use tar::{EntryType, Header};

use super::entry::field_number;
use super::extension::{Extension, Extensions, MAX_EXTENSION};
use super::{BLOCK, Entry, Error, Input};

/// Where old GNU sparse headers, and the blocks that continue them, say that another block follows.
const SPARSE_CONTINUES: usize = 482;
const SPARSE_BLOCK_CONTINUES: usize = 504;

/// An archive that is read. As a [`Read`] it gives the content of the entry that was read last; what is left of it is
/// passed over with the next entry.
#[derive(Debug)]
pub struct Tarball<I> {
    input: I,
    position: u64,
    name: String,
    size: u64,
    left: u64,
    ended: bool,
}

impl<I: Input> Tarball<I> {
    /// The archive that `input` holds.
    pub fn new(input: I) -> Self {
        Self { input, position: 0, name: String::new(), size: 0, left: 0, ended: false }
    }

    /// The next entry; none at the end, whether it is marked by zeros or not.
    ///
    /// # Errors
    /// When the bytes cannot be had, are cut short or are no tar.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, Error> {
        self.pass_over_content()?;
        let mut extensions = Extensions::default();
        while let Some(header) = self.header()? {
            let extension = match header.entry_type() {
                EntryType::GNULongName => Some(Extension::Name),
                EntryType::GNULongLink => Some(Extension::Link),
                EntryType::XHeader => Some(Extension::Records),
                EntryType::XGlobalHeader => None,
                EntryType::GNUSparse => {
                    self.pass_over_sparse_blocks(&header)?;
                    return self.begin(&header, extensions).map(Some);
                }
                _ => return self.begin(&header, extensions).map(Some),
            };
            let bytes = self.extension(&header)?;
            if let Some(extension) = extension {
                extensions.add(extension, &bytes)?;
            }
        }
        self.ended = true;
        Ok(None)
    }

    /// Where the content of the entry starts that was read last, or what is left of it.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// Where the bytes come from, behind what was read.
    pub fn into_input(self) -> I {
        self.input
    }

    fn begin(&mut self, header: &Header, extensions: Extensions) -> Result<Entry, Error> {
        let entry = Entry::new(header, extensions)?;
        (self.size, self.left) = (entry.size, entry.size);
        self.name.clone_from(&entry.name);
        Ok(entry)
    }

    fn pass_over_content(&mut self) -> Result<(), Error> {
        let passed = self.input.skip(self.left)?;
        self.position += passed;
        self.left -= passed;
        if self.left > 0 {
            return Err(Error::CutShort(self.missing()));
        }
        // The last entry may lack its padding.
        let padding = self.position.next_multiple_of(BLOCK as u64) - self.position;
        self.position += self.input.skip(padding)?;
        Ok(())
    }

    fn missing(&self) -> String {
        format!("`{}` has {} of {} bytes", self.name.escape_debug(), self.size - self.left, self.size)
    }

    /// The next header; nothing at the end.
    fn header(&mut self) -> Result<Option<Header>, Error> {
        let at = self.position;
        let mut header = Header::new_old();
        let bytes = header.as_mut_bytes();
        if self.ended || self.fill(bytes)? == 0 || bytes.iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        // The sum counts its own field as spaces; some old programs took bytes for signed.
        let counted = || bytes[..148].iter().chain(&[b' '; 8]).chain(&bytes[156..]);
        let unsigned: i64 = counted().map(|byte| i64::from(*byte)).sum();
        let signed: i64 = counted().map(|byte| i64::from(byte.cast_signed())).sum();
        match field_number(&bytes[148..156]) {
            Some(stated) if stated == unsigned || stated == signed => Ok(Some(header)),
            _ => Err(Error::Invalid(format!("there is no tar header at byte {at}"))),
        }
    }

    /// Fills the buffer, or nothing at the end.
    fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.input.read(&mut buffer[filled..])? {
                0 if filled == 0 => return Ok(0),
                0 => return Err(Error::CutShort(format!("it ends after {} bytes", self.position))),
                length => {
                    filled += length;
                    self.position += length as u64;
                }
            }
        }
        Ok(filled)
    }

    fn extension(&mut self, header: &Header) -> Result<Vec<u8>, Error> {
        let size = field_number(&header.as_old().size).and_then(|size| u64::try_from(size).ok());
        let length = size.filter(|size| *size <= MAX_EXTENSION).and_then(|size| usize::try_from(size).ok());
        let length =
            length.ok_or_else(|| Error::Invalid(format!("a name or a set of PAX records in it is longer than {MAX_EXTENSION} bytes")))?;
        let mut bytes = vec![0; length.next_multiple_of(BLOCK)];
        if self.fill(&mut bytes)? < length {
            return Err(Error::CutShort(format!("it ends after {} bytes", self.position)));
        }
        bytes.truncate(length);
        Ok(bytes)
    }

    fn pass_over_sparse_blocks(&mut self, header: &Header) -> Result<(), Error> {
        let mut block = *header.as_bytes();
        let mut more = block[SPARSE_CONTINUES] != 0;
        while more {
            if self.fill(&mut block)? == 0 {
                return Err(Error::CutShort(format!("it ends after {} bytes", self.position)));
            }
            more = block[SPARSE_BLOCK_CONTINUES] != 0;
        }
        Ok(())
    }
}

impl<I: Input> Read for Tarball<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        if wanted == 0 {
            return Ok(0);
        }
        let length = self.input.read(&mut buffer[..wanted])?;
        if length == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("it is cut short: {}", self.missing())));
        }
        self.left -= length as u64;
        self.position += length as u64;
        Ok(length)
    }
}
