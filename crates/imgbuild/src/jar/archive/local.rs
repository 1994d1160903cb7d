//! The header in front of an entry's data and the descriptor behind it (APPNOTE 4.3.7 and 4.3.9).
//!
//! Java reads neither's sizes, unzip and Python compare the names, streaming readers know nothing
//! else: both must say what the central directory says.

use super::super::Bytes;
use super::central::{DESCRIPTOR, Header, UTF8};
use super::extra;
use super::field::Record;
use super::flaw::Flaw;

/// Where an entry's data is, and how far everything that belongs to it reaches.
pub(super) struct Extent {
    pub(super) data: Bytes,
    pub(super) end: u64,
}

const FIXED: usize = 30;

/// Confirms the entry whose local header is at `at`; nothing of it may reach past `limit`.
pub(super) fn confirm(bytes: &Bytes, central: &Header<'_>, at: u64, limit: u64) -> Result<Extent, Flaw> {
    let outside = || Flaw::hostile("it reaches into the directory");
    let mut local = Record([0; FIXED]);
    let name_at = at.checked_add(FIXED as u64).filter(|&end| end <= limit).ok_or_else(outside)?;
    bytes.read_exact_at(at, &mut local.0)?;
    if !local.0.starts_with(b"PK\x03\x04") {
        return Err(Flaw::format("there is no local header where the directory says"));
    }
    let [name_len, extra_len] = [26, 28].map(|at| usize::from(local.u16(at)));
    let data_at = name_at + (name_len + extra_len) as u64;
    let data_end = data_at.checked_add(central.compressed).filter(|&end| end <= limit).ok_or_else(outside)?;
    let mut variable = vec![0; name_len + extra_len];
    bytes.read_exact_at(name_at, &mut variable)?;
    let (name, extra) = variable.split_at(name_len);
    if name != central.name.as_bytes() || (local.u16(6) ^ central.flags) & UTF8 != 0 && !name.is_ascii() {
        return Err(Flaw::hostile("its local header has another name"));
    }
    extra::no_other_name(extra, name)?;
    let flags = local.u16(6);
    if (flags ^ central.flags) & !(DESCRIPTOR | UTF8 | LEVEL) != 0 || local.u16(8) != central.method.code() {
        return Err(Flaw::hostile("its local header names another method or other flags"));
    }
    let sizes = Sizes::of(&local, extra)?;
    let promised = Sizes { crc32: central.crc32, compressed: central.compressed, size: central.size };
    let described = flags & DESCRIPTOR != 0;
    if sizes != promised && !(described && sizes.are_left_out(&promised)) {
        return Err(Flaw::hostile("its local header has another size or checksum"));
    }
    let end = if described { promised.descriptor_end(bytes, data_end, limit)? } else { data_end };
    let data = bytes.slice(data_at, central.compressed).ok_or_else(outside)?;
    Ok(Extent { data, end })
}

/// Bits 1 and 2 tell how hard the compressor tried; writers patch one header and not the other.
const LEVEL: u16 = 1 << 1 | 1 << 2;

#[derive(PartialEq, Eq)]
struct Sizes {
    crc32: u32,
    compressed: u64,
    size: u64,
}

impl Sizes {
    fn of(local: &Record<FIXED>, extra: &[u8]) -> Result<Self, Flaw> {
        let mut size = u64::from(local.u32(22));
        let mut compressed = u64::from(local.u32(18));
        let mut wide = extra::wide(extra)?;
        wide.replace(&mut size)?;
        wide.replace(&mut compressed)?;
        Ok(Self { crc32: local.u32(14), compressed, size })
    }

    /// Whether each value is the promised one or zero, as it is before the descriptor is written.
    fn are_left_out(&self, promised: &Self) -> bool {
        (self.crc32 == 0 || self.crc32 == promised.crc32)
            && (self.compressed == 0 || self.compressed == promised.compressed)
            && (self.size == 0 || self.size == promised.size)
    }

    /// End of the descriptor: with or without signature, with sizes of four or eight bytes.
    fn descriptor_end(&self, bytes: &Bytes, at: u64, limit: u64) -> Result<u64, Flaw> {
        let mut found = [0; 24];
        let room = usize::try_from(limit.saturating_sub(at)).map_or(found.len(), |room| room.min(found.len()));
        let found = &mut found[..room];
        bytes.read_exact_at(at, found)?;
        self.descriptors()
            .into_iter()
            .find(|expected| found.starts_with(expected))
            .map(|expected| at + expected.len() as u64)
            .ok_or_else(|| Flaw::hostile("the descriptor behind its data has another size or checksum"))
    }

    fn descriptors(&self) -> Vec<Vec<u8>> {
        let crc32 = self.crc32.to_le_bytes();
        let narrow = u32::try_from(self.compressed).ok().zip(u32::try_from(self.size).ok());
        let narrow = narrow.map(|(compressed, size)| [compressed.to_le_bytes(), size.to_le_bytes()].concat());
        let wide = [self.compressed.to_le_bytes(), self.size.to_le_bytes()].concat();
        let sizes = narrow.into_iter().chain([wide]);
        sizes
            .flat_map(|sizes| {
                let bare = [&crc32[..], &sizes].concat();
                [[b"PK\x07\x08", &bare[..]].concat(), bare]
            })
            .collect()
    }
}
