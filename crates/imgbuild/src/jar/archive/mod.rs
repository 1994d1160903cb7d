//! A ZIP archive about which every reader agrees.
//!
//! Holds the entries of a JAR, found by the central directory and confirmed by what lies around the
//! data. The rule: what Java, unzip and Python all read alike is taken (a script in front, comments,
//! data descriptors, zip64, names that differ in case only); an archive about which they disagree, or
//! which would do harm when unpacked, is refused as a whole. Nothing but the list of entries is kept in
//! memory; contents are read by position when asked for.

mod central;
mod contents;
mod end;
mod entry;
mod extra;
mod field;
mod flaw;
mod gap;
mod head;
pub mod limits;
mod listing;
mod local;
mod name;
mod place;
mod tree;
mod window;

use std::io::BufReader;
use std::sync::Arc;

use self::central::Header;
use self::end::Directory;
use self::flaw::Flaw;
use super::{Bytes, Error};

pub use self::contents::Contents;
pub use self::entry::{Entry, Method};
pub(super) use self::head::{PACKED_HEAD, head};
pub(super) use self::listing::Listing;
pub use self::place::{Part, Place, local_header_len, places};
pub(super) use self::tree::same;

/// The entries of a ZIP file, in the order of its central directory.
#[derive(Debug, Clone)]
pub struct Archive {
    name: Arc<str>,
    bytes: Bytes,
    entries: Arc<[Entry]>,
    by_name: Arc<[u32]>,
}

impl Archive {
    /// Reads and confirms the directory. `name` is what errors call the archive.
    ///
    /// # Errors
    /// [`Error::NotAJar`], [`Error::Truncated`], [`Error::Format`], [`Error::Hostile`],
    /// [`Error::Unsupported`] by what is wrong; [`Error::Io`].
    pub fn open(name: &str, bytes: Bytes) -> Result<Self, Error> {
        let archive_name: Arc<str> = name.into();
        let entries = read_entries(&archive_name, &bytes)?;
        let (entries, by_name) = tree::check(entries)?;
        Ok(Self { name: archive_name, bytes, entries: entries.into(), by_name: by_name.into() })
    }

    /// Reads an entry that is an archive itself and stored, such as a library of a fat JAR.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when it is deflated, else as [`Archive::open`].
    pub fn open_nested(&self, entry: &Entry) -> Result<Self, Error> {
        let bytes = entry
            .stored()
            .ok_or_else(|| entry.error(Flaw::unsupported("it is a JAR that is deflated inside a JAR, which cannot be read by position")))?;
        Self::open(&format!("{}!/{}", self.name, entry.name()), bytes.clone())
    }

    /// What errors call the archive.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The archive itself.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// All entries, one for each name.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry with exactly this name; a folder's ends in `/`.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        let at = self.by_name.binary_search_by(|&index| self.entries[index as usize].name().cmp(name)).ok()?;
        Some(&self.entries[self.by_name[at] as usize])
    }
}

fn read_entries(name: &Arc<str>, bytes: &Bytes) -> Result<Vec<Entry>, Error> {
    let whole = |flaw: Flaw| flaw.within(name, None);
    let directory = end::find(bytes).map_err(whole)?;
    let headers =
        bytes.slice(directory.start, directory.size).ok_or_else(|| whole(Flaw::Truncated("its directory is incomplete".to_owned())))?;
    let mut headers = BufReader::with_capacity(64 << 10, headers.reader());
    let (mut found, mut variable) = (Found::default(), Vec::new());
    for _ in 0..directory.entries {
        let header = central::read(&mut headers, &mut variable).map_err(|(entry, flaw)| flaw.within(name, entry.as_deref()))?;
        let data = found.add(bytes, &header, &directory).map_err(|flaw| flaw.within(name, Some(header.name)))?;
        found.entries.push(Entry {
            archive: Arc::clone(name),
            name: header.name.into(),
            method: header.method,
            size: header.size,
            crc32: header.crc32,
            data,
            requires_unpack: header.requires_unpack,
            modified: header.modified,
        });
    }
    if found.directory != directory.size {
        return Err(whole(Flaw::hostile("its end record counts fewer entries than its directory holds")));
    }
    found.no_overlaps()?;
    found.nothing_hidden(bytes, &directory).map_err(|(entry, flaw)| flaw.within(name, entry.as_deref()))?;
    Ok(found.entries)
}

/// Sums over all entries.
#[derive(Default)]
struct Found {
    entries: Vec<Entry>,
    extents: Vec<(u64, u64, usize)>,
    directory: u64,
    names: usize,
    total: u64,
}

impl Found {
    /// Counts the entry, confirms it, and tells where its data is.
    fn add(&mut self, bytes: &Bytes, header: &Header<'_>, directory: &Directory) -> Result<Bytes, Flaw> {
        self.count(header)?;
        let at = header.offset.checked_add(directory.shift).ok_or_else(|| Flaw::format("its offset is out of range"))?;
        let extent = local::confirm(bytes, header, at, directory.start)?;
        self.extents.push((at, extent.end, self.entries.len()));
        Ok(extent.data)
    }

    fn count(&mut self, header: &Header<'_>) -> Result<(), Flaw> {
        self.directory += header.len as u64;
        self.names += header.name.len();
        self.total = self.total.saturating_add(header.size);
        if self.names > limits::MAX_NAMES {
            return Err(Flaw::hostile(format!("the names have more than {} bytes", limits::MAX_NAMES)));
        }
        if self.total > limits::MAX_TOTAL {
            return Err(Flaw::hostile(format!("the archive would become more than {} bytes", limits::MAX_TOTAL)));
        }
        Ok(())
    }

    /// What the directory does not list is no entry. Extents are sorted by then.
    fn nothing_hidden(&self, bytes: &Bytes, directory: &Directory) -> Result<(), (Option<String>, Flaw)> {
        let mut at = 0;
        for (start, end, _) in &self.extents {
            gap::no_entry_within(bytes, at, *start)?;
            at = *end;
        }
        gap::no_entry_within(bytes, at, directory.start)
    }

    /// No byte may belong to two entries: it would be counted once and inflated often.
    fn no_overlaps(&mut self) -> Result<(), Error> {
        self.extents.sort_unstable();
        let overlap = self.extents.windows(2).find(|pair| pair[0].1 > pair[1].0);
        overlap.map_or(Ok(()), |pair| {
            let [first, second] = [&self.entries[pair[0].2], &self.entries[pair[1].2]];
            Err(second.error(Flaw::hostile(format!("it overlaps `{}`", first.name()))))
        })
    }
}

#[cfg(test)]
mod peers;
#[cfg(test)]
mod tests;
