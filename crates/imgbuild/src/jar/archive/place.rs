//! Where the entries of an archive and its directory lie, by the directory alone.
//!
//! For those who pass an archive's bytes on and want to know what is deflated already. Nothing is confirmed: what lies at a
//! place is for the one to judge who has the bytes.

use std::io::BufReader;

use super::super::Bytes;
use super::{Method, central, end};

/// Where something of an archive begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Its position.
    pub at: u64,
    /// What begins there.
    pub part: Part,
}

/// A part of an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The local header of an entry.
    Entry {
        /// Bytes of deflated data that the directory promises behind it; none where the entry is stored.
        deflated: u64,
    },
    /// The central directory.
    Directory,
}

/// Places of one file that are kept; the rest of a larger archive is taken as plain bytes. 24 bytes each.
const MAX_PLACES: usize = 1 << 18;
/// Archives within archives that are looked into: a fat JAR, its libraries, and what those carry.
const MAX_DEPTH: usize = 3;
/// A local header without name and extra field (APPNOTE 4.3.7).
const LOCAL: usize = 30;

/// The places in an archive and in archives that are stored within it, sorted, at most one a position; none where it is no archive.
#[must_use]
pub fn places(bytes: &Bytes) -> Vec<Place> {
    let mut found = Vec::new();
    add(bytes, 0, MAX_DEPTH, &mut found);
    found.sort_unstable();
    found.dedup_by_key(|place| place.at);
    found
}

fn add(bytes: &Bytes, base: u64, depth: usize, found: &mut Vec<Place>) {
    let Ok(directory) = end::find(bytes) else { return };
    let Some(headers) = bytes.slice(directory.start, directory.size) else { return };
    if found.len() < MAX_PLACES {
        found.push(Place { at: base + directory.start, part: Part::Directory });
    }
    let (mut headers, mut variable) = (BufReader::with_capacity(64 << 10, headers.reader()), Vec::new());
    for _ in 0..directory.entries {
        // What was found before a bad header stays useful.
        let Ok(header) = central::read(&mut headers, &mut variable) else { return };
        let Some(at) = header.offset.checked_add(directory.shift).filter(|&at| at < directory.start) else { continue };
        if found.len() == MAX_PLACES {
            return;
        }
        let deflated = if header.method == Method::Deflated { header.compressed } else { 0 };
        found.push(Place { at: base + at, part: Part::Entry { deflated } });
        if header.method == Method::Stored
            && depth > 0
            && let Some((data_at, data)) = stored(bytes, at, header.compressed)
        {
            add(&data, base + data_at, depth - 1, found);
        }
    }
}

/// The data of a stored entry, where it looks like an archive.
fn stored(bytes: &Bytes, at: u64, len: u64) -> Option<(u64, Bytes)> {
    if len < LOCAL as u64 {
        return None;
    }
    let mut local = [0; LOCAL];
    bytes.read_exact_at(at, &mut local).ok()?;
    let data_at = at + local_header_len(&local)? as u64;
    let data = bytes.slice(data_at, len)?;
    let mut start = [0; LOCAL];
    data.read_exact_at(0, &mut start).ok()?;
    local_header_len(&start).map(|_| (data_at, data))
}

/// The length of the local header that `bytes` begin with, name and extra field included; `None` where there is none, or less
/// than its fixed part.
#[must_use]
pub fn local_header_len(bytes: &[u8]) -> Option<usize> {
    let fixed = bytes.first_chunk::<LOCAL>().filter(|fixed| fixed.starts_with(b"PK\x03\x04"))?;
    let variable = [26, 28].map(|at| usize::from(u16::from_le_bytes([fixed[at], fixed[at + 1]])));
    Some(LOCAL + variable[0] + variable[1])
}
