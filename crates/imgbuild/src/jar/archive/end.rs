//! The end record: where the central directory is (APPNOTE 4.3.14 to 4.3.16).
//!
//! Java, unzip and Python all search backwards for the record's signature and differ in what they do
//! when something follows it, or when a comment holds another one; so both are refused. All three find
//! the directory by counting back from the record, so a script in front is taken, with offsets that
//! count from the script's end or from the file's start.

use memchr::memmem;

use super::super::Bytes;
use super::field::Record;
use super::flaw::Flaw;
use super::limits::{MAX_DIRECTORY, MAX_ENTRIES};

/// Where the central directory is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Directory {
    /// Position of the first header.
    pub(super) start: u64,
    /// Bytes of all headers.
    pub(super) size: u64,
    /// Number of headers.
    pub(super) entries: u64,
    /// What is to be added to the offsets in the headers: the length of a script in front.
    pub(super) shift: u64,
}

const SIGNATURE: &[u8] = b"PK\x05\x06";
const END: usize = 22;
const LOCATOR: usize = 20;
const END64: usize = 56;
const HEADER: u64 = 46;

pub(super) fn find(bytes: &Bytes) -> Result<Directory, Flaw> {
    let (end_at, end) = end_record(bytes)?;
    if end.u16(4) != 0 || end.u16(6) != 0 {
        return Err(Flaw::unsupported("it is split over several disks"));
    }
    if end.u16(8) != end.u16(10) {
        return Err(Flaw::hostile("its end record counts entries in two ways"));
    }
    let mut entries = u64::from(end.u16(10));
    let mut size = u64::from(end.u32(12));
    let mut offset = u64::from(end.u32(16));
    let mut directory_end = end_at;
    if let Some((at, end64)) = end64_record(bytes, end_at)? {
        directory_end = at;
        let wide =
            [(end64.u64(32), &mut entries, 0xffff), (end64.u64(40), &mut size, 0xffff_ffff), (end64.u64(48), &mut offset, 0xffff_ffff)];
        for (value, narrow, magic) in wide {
            if *narrow != magic && *narrow != value {
                return Err(Flaw::hostile("its zip64 end record contradicts its end record"));
            }
            *narrow = value;
        }
    }
    if entries > MAX_ENTRIES {
        return Err(Flaw::hostile(format!("it has {entries} entries, more than {MAX_ENTRIES}")));
    }
    if size > MAX_DIRECTORY {
        return Err(Flaw::hostile(format!("its directory has {size} bytes, more than {MAX_DIRECTORY}")));
    }
    if entries * HEADER > size {
        return Err(Flaw::format(format!("its directory of {size} bytes cannot hold {entries} entries")));
    }
    let start = directory_end.checked_sub(size).ok_or_else(|| Flaw::Truncated("its directory would start before the file".to_owned()))?;
    let shift = start
        .checked_sub(offset)
        .ok_or_else(|| Flaw::Truncated("its directory lies before the place that its end record names".to_owned()))?;
    if shift > 0 && directory_end != end_at {
        // Java takes the zip64 record's position as it is, so behind a script it does not find it.
        return Err(Flaw::hostile("zip64 behind a script, with offsets that do not count it"));
    }
    Ok(Directory { start, size, entries, shift })
}

fn end_record(bytes: &Bytes) -> Result<(u64, Record<END>), Flaw> {
    // The search of all three readers: the record and the longest comment.
    let window = bytes.len().min(END as u64 + 0xffff);
    let start = bytes.len() - window;
    let mut tail = vec![0; usize::try_from(window).unwrap_or(END + 0xffff)];
    bytes.read_exact_at(start, &mut tail)?;
    let signatures: Vec<usize> = memmem::find_iter(&tail, SIGNATURE).collect();
    let Some(&last) = signatures.last() else { return Err(without_end(bytes)) };
    let record_at = |at: usize| tail[at..].first_chunk::<END>().map(|bytes| Record(*bytes));
    let ends = |at: usize| record_at(at).map(|record| at + END + usize::from(record.u16(20)));
    if signatures[..signatures.len() - 1].iter().any(|&at| ends(at) == Some(tail.len())) {
        return Err(Flaw::hostile("its comment holds a second end record"));
    }
    let record = record_at(last).ok_or_else(|| Flaw::Truncated("its end record is incomplete".to_owned()))?;
    let end = last + END + usize::from(record.u16(20));
    if end > tail.len() {
        return Err(Flaw::Truncated("the comment in its end record is incomplete".to_owned()));
    }
    if end < tail.len() {
        return Err(Flaw::hostile(format!("{} bytes follow its end record", tail.len() - end)));
    }
    Ok((start + last as u64, record))
}

fn without_end(bytes: &Bytes) -> Flaw {
    let mut start = [0; 4];
    if bytes.read_exact_at(0, &mut start).is_ok() && start == *b"PK\x03\x04" {
        return Flaw::Truncated("it starts as a ZIP but has no end record".to_owned());
    }
    Flaw::NotAZip(if bytes.is_empty() { "it is empty" } else { "it is not a ZIP file" }.to_owned())
}

fn end64_record(bytes: &Bytes, end_at: u64) -> Result<Option<(u64, Record<END64>)>, Flaw> {
    let Some(locator_at) = end_at.checked_sub(LOCATOR as u64) else { return Ok(None) };
    let mut locator = Record([0; LOCATOR]);
    bytes.read_exact_at(locator_at, &mut locator.0)?;
    if !locator.0.starts_with(b"PK\x06\x07") {
        return Ok(None);
    }
    if locator.u32(4) != 0 || locator.u32(16) > 1 {
        return Err(Flaw::unsupported("it is split over several disks"));
    }
    // Python looks right in front of the locator, Java where the locator says: the same place, or none.
    let at = locator_at
        .checked_sub(END64 as u64)
        .filter(|&at| at == locator.u64(8))
        .ok_or_else(|| Flaw::hostile("its zip64 end record is not where its locator says"))?;
    let mut record = Record([0; END64]);
    bytes.read_exact_at(at, &mut record.0)?;
    if !record.0.starts_with(b"PK\x06\x06") || record.u64(4) != END64 as u64 - 12 {
        return Err(Flaw::hostile("its zip64 end record is not where its locator says"));
    }
    if record.u32(16) != 0 || record.u32(20) != 0 {
        return Err(Flaw::unsupported("it is split over several disks"));
    }
    if record.u64(24) != record.u64(32) {
        return Err(Flaw::hostile("its zip64 end record counts entries in two ways"));
    }
    Ok(Some((at, record)))
}
