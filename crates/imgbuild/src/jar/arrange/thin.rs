//! Writes a ZIP of stored entries while it is read: sizes and checksums are known beforehand, so
//! nothing is kept but headers.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::Arc;

use super::super::{Bytes, Entry, manifest};
use crate::oci::{Algorithm, Digest, Hasher};

/// A ZIP of stored entries.
#[derive(Debug)]
pub(in super::super) struct Thin {
    parts: Vec<Part>,
    size: u64,
    /// Of all headers, which name every entry with its size and checksum.
    outline: Digest,
}

#[derive(Debug)]
enum Part {
    Bytes(Arc<[u8]>),
    Entry(Entry),
}

/// Midnight of 1980-01-01, the first moment that a ZIP can name (APPNOTE 4.4.6).
const DATE: [u8; 4] = [0, 0, 0x21, 0];
const STORED: [u8; 2] = [0, 0];
const NARROW: u64 = 0xffff_ffff;

impl Thin {
    /// Puts the manifest first, as `JarInputStream` wants it, then the entries in the given order.
    pub(super) fn new(manifest: Vec<u8>, entries: Vec<(String, Entry)>) -> Self {
        let mut writer = Writer::default();
        let crc32 = crc32fast::hash(&manifest);
        writer.header(manifest::NAME, crc32, manifest.len() as u64);
        writer.bytes(manifest);
        writer.entries(entries)
    }

    /// Holds these entries of another archive under their names, the manifest first and the others sorted.
    pub(in super::super) fn of(entries: Vec<Entry>) -> Self {
        let mut entries: Vec<(String, Entry)> = entries.into_iter().map(|entry| (entry.name().to_owned(), entry)).collect();
        entries.sort_by(|(one, _), (other, _)| (one != manifest::NAME, one).cmp(&(other != manifest::NAME, other)));
        Writer::default().entries(entries)
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn outline(&self) -> &Digest {
        &self.outline
    }

    /// A part of the JAR that it is put together from, unless it has no entry.
    pub(super) fn source(&self) -> Option<&Bytes> {
        self.parts.iter().find_map(|part| if let Part::Entry(entry) = part { Some(entry.packed()) } else { None })
    }

    pub(super) fn reader(self: &Arc<Self>) -> ThinReader {
        ThinReader { thin: Arc::clone(self), next: 0, current: Box::new(io::empty()) }
    }
}

/// Reads one part after the other.
pub(super) struct ThinReader {
    thin: Arc<Thin>,
    next: usize,
    current: Box<dyn Read + Send>,
}

impl Read for ThinReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        loop {
            let count = self.current.read(out)?;
            if count > 0 {
                return Ok(count);
            }
            let Some(part) = self.thin.parts.get(self.next) else { return Ok(0) };
            self.next += 1;
            self.current = match part {
                Part::Bytes(bytes) => Box::new(io::Cursor::new(Arc::clone(bytes))),
                Part::Entry(entry) => Box::new(entry.open()),
            };
        }
    }
}

#[derive(Default)]
struct Writer {
    parts: Vec<Part>,
    at: u64,
    entries: u64,
    central: Vec<u8>,
}

impl Writer {
    fn entries(mut self, entries: Vec<(String, Entry)>) -> Thin {
        for (name, entry) in entries {
            self.header(&name, entry.crc32(), entry.size());
            self.entry(entry);
        }
        self.finish()
    }

    fn bytes(&mut self, bytes: Vec<u8>) {
        self.at += bytes.len() as u64;
        self.parts.push(Part::Bytes(bytes.into()));
    }

    fn entry(&mut self, entry: Entry) {
        self.at += entry.size();
        if entry.size() > 0 {
            self.parts.push(Part::Entry(entry));
        }
    }

    /// The local header, and its twin for the directory.
    fn header(&mut self, name: &str, crc32: u32, size: u64) {
        let offset = self.at;
        let wide_sizes: Vec<u64> = if size >= NARROW { vec![size, size] } else { Vec::new() };
        let mut wide_all = wide_sizes.clone();
        wide_all.extend((offset >= NARROW).then_some(offset));
        let shared = |extra: &[u8], wide: bool| {
            // What Java writes: version 1.0 for stored files, 4.5 for zip64.
            let version: u16 = if wide { 45 } else { 10 };
            let utf8: u16 = if name.is_ascii() { 0 } else { 1 << 11 };
            let mut out = Vec::with_capacity(26 + name.len());
            out.extend_from_slice(&version.to_le_bytes());
            out.extend_from_slice(&utf8.to_le_bytes());
            out.extend_from_slice(&STORED);
            out.extend_from_slice(&DATE);
            out.extend_from_slice(&crc32.to_le_bytes());
            out.extend_from_slice(&narrow32(size));
            out.extend_from_slice(&narrow32(size));
            out.extend_from_slice(&narrow16(name.len() as u64));
            out.extend_from_slice(&narrow16(extra.len() as u64));
            out
        };
        let (local_extra, central_extra) = (zip64(&wide_sizes), zip64(&wide_all));
        let fixed = shared(&local_extra, !local_extra.is_empty());
        let local = [&b"PK\x03\x04"[..], &fixed, name.as_bytes(), &local_extra].concat();
        let fixed = shared(&central_extra, !central_extra.is_empty());
        // Version made by; then, after the lengths: no comment, disk 0, no attributes.
        let made_by = [fixed[0], fixed[1]];
        self.central.extend([&b"PK\x01\x02"[..], &made_by, &fixed, &[0; 10], &narrow32(offset)].concat());
        self.central.extend([name.as_bytes(), &central_extra].concat());
        self.entries += 1;
        self.bytes(local);
    }

    fn finish(mut self) -> Thin {
        let start = self.at;
        let size = self.central.len() as u64;
        let central = std::mem::take(&mut self.central);
        self.bytes(central);
        let mut end = Vec::new();
        if self.entries >= 0xffff || size >= NARROW || start >= NARROW {
            let at = self.at;
            end.extend_from_slice(b"PK\x06\x06");
            end.extend_from_slice(&44_u64.to_le_bytes());
            end.extend_from_slice(&[45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            for value in [self.entries, self.entries, size, start] {
                end.extend_from_slice(&value.to_le_bytes());
            }
            end.extend_from_slice(b"PK\x06\x07\0\0\0\0");
            end.extend_from_slice(&at.to_le_bytes());
            end.extend_from_slice(&1_u32.to_le_bytes());
        }
        end.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        end.extend_from_slice(&narrow16(self.entries));
        end.extend_from_slice(&narrow16(self.entries));
        end.extend_from_slice(&narrow32(size));
        end.extend_from_slice(&narrow32(start));
        end.extend_from_slice(&[0, 0]);
        self.bytes(end);
        let mut outline = Hasher::new(Algorithm::Sha256);
        for part in &self.parts {
            if let Part::Bytes(bytes) = part {
                outline.update(bytes);
            }
        }
        Thin { size: self.at, parts: joined(self.parts), outline: outline.finish() }
    }
}

/// Joins neighbouring headers (of folders and empty files) into one part.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut out = Vec::with_capacity(parts.len());
    let mut pending: VecDeque<Arc<[u8]>> = VecDeque::new();
    let flush = |pending: &mut VecDeque<Arc<[u8]>>, out: &mut Vec<Part>| {
        if !pending.is_empty() {
            out.push(Part::Bytes(pending.drain(..).collect::<Vec<_>>().concat().into()));
        }
    };
    for part in parts {
        match part {
            Part::Bytes(bytes) => pending.push_back(bytes),
            Part::Entry(entry) => {
                flush(&mut pending, &mut out);
                out.push(Part::Entry(entry));
            }
        }
    }
    flush(&mut pending, &mut out);
    out
}

fn zip64(values: &[u64]) -> Vec<u8> {
    if values.is_empty() {
        return Vec::new();
    }
    let mut extra = [1_u16.to_le_bytes(), narrow16(8 * values.len() as u64)].concat();
    extra.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    extra
}

fn narrow32(value: u64) -> [u8; 4] {
    u32::try_from(value).unwrap_or(u32::MAX).to_le_bytes()
}

fn narrow16(value: u64) -> [u8; 2] {
    u16::try_from(value).unwrap_or(u16::MAX).to_le_bytes()
}
