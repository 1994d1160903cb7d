//! One entry of an archive: content, how it is kept, and changes to what its headers say.

use std::{fmt, sync::Arc};

use super::record::{DATA_DESCRIPTOR, Header, UTF8, put};
use crate::compress;

/// 1980-02-01 00:00:00, which Gradle gives to entries of reproducible archives.
const GRADLE_DATE: u16 = 2 << 5 | 1;
const UNIX: u16 = 3 << 8;

/// The record behind an entry's data (APPNOTE 4.3.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Descriptor {
    /// With the signature `PK\x07\x08`, as Java and Apache Commons Compress write it.
    Signed,
    /// Without a signature, which the specification allows.
    Unsigned,
}

type Change = Arc<dyn Fn(&mut Header) + Send + Sync>;

/// An entry that is still to be written. Its headers are true unless a `change_` method says otherwise.
#[derive(Clone)]
pub struct Entry {
    header: Header,
    data: Vec<u8>,
    pub(super) before: Vec<u8>,
    descriptor: Option<Descriptor>,
    local: Option<Change>,
    central: Option<Change>,
    described: Option<Change>,
    pub(super) hidden: bool,
    phantom: bool,
}

impl Entry {
    /// A deflated file with mode 0644.
    #[must_use]
    pub fn file(name: impl AsRef<[u8]>, content: &[u8]) -> Self {
        let entry = Self::stored(name, content);
        let data = compress::deflate(content);
        let header = Header { method: 8, compressed_size: data.len() as u64, ..entry.header };
        Self { header, data, ..entry }
    }

    /// A stored file with mode 0644, as Spring Boot keeps nested JARs.
    #[must_use]
    pub fn stored(name: impl AsRef<[u8]>, content: &[u8]) -> Self {
        let name = name.as_ref().to_vec();
        let header = Header {
            version_needed: 20,
            flags: if name.is_ascii() || std::str::from_utf8(&name).is_err() { 0 } else { UTF8 },
            date: GRADLE_DATE,
            crc: crc32fast::hash(content),
            compressed_size: content.len() as u64,
            size: content.len() as u64,
            name,
            version_made_by: UNIX + 20,
            external: 0o100_644 << 16,
            ..Header::default()
        };
        let data = content.to_vec();
        Self {
            header,
            data,
            before: Vec::new(),
            descriptor: None,
            local: None,
            central: None,
            described: None,
            hidden: false,
            phantom: false,
        }
    }

    /// A directory with mode 0755; the trailing slash is added.
    #[must_use]
    pub fn directory(name: &str) -> Self {
        let entry = Self::stored(format!("{}/", name.trim_end_matches('/')), &[]);
        // Bit 4 is MS-DOS's directory bit, which Java's and Gradle's archives carry too.
        Self { header: Header { external: 0o040_755 << 16 | 1 << 4, ..entry.header }, ..entry }
    }

    /// Puts sizes and CRC behind the data and sets flag bit 3; the local header then says 0.
    #[must_use]
    pub fn descriptor(mut self, descriptor: Descriptor) -> Self {
        self.header.flags |= DATA_DESCRIPTOR;
        self.descriptor = Some(descriptor);
        self
    }

    /// Puts sizes and offset into zip64 extra fields, however small they are.
    #[must_use]
    pub fn zip64(mut self) -> Self {
        self.header.zip64 = true;
        self.header.version_needed = 45;
        self
    }

    /// Sets MS-DOS date (`(year - 1980) << 9 | month << 5 | day`) and time (`hour << 11 | minute << 5 | second / 2`).
    #[must_use]
    pub fn modified(mut self, date: u16, time: u16) -> Self {
        self.header.date = date;
        self.header.time = time;
        self
    }

    /// Sets the Unix mode with its file type bits, such as `0o100755`.
    #[must_use]
    pub fn unix_mode(mut self, mode: u16) -> Self {
        self.header.external = u32::from(mode) << 16;
        self
    }

    /// Appends an extra field to both headers.
    #[must_use]
    pub fn extra(mut self, id: u16, content: &[u8]) -> Self {
        put(&mut self.header.extra, id.into(), 2);
        put(&mut self.header.extra, content.len() as u64, 2);
        self.header.extra.extend(content);
        self
    }

    /// Sets the entry's comment, which stands in the central header.
    #[must_use]
    pub fn comment(mut self, comment: &str) -> Self {
        self.header.comment = comment.into();
        self
    }

    /// Replaces the bytes kept in the archive, while the headers keep what was true before.
    #[must_use]
    pub fn raw_data(mut self, data: &[u8]) -> Self {
        self.data = data.to_vec();
        self
    }

    /// Puts bytes that belong to no entry in front of the local header.
    #[must_use]
    pub fn preceded_by(mut self, bytes: &[u8]) -> Self {
        self.before = bytes.to_vec();
        self
    }

    /// Leaves the entry out of the central directory: only readers of a stream see it.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Leaves out local header and data: the central header points to where the next entry is.
    #[must_use]
    pub fn without_local(mut self) -> Self {
        self.phantom = true;
        self
    }

    /// Changes both headers.
    #[must_use]
    pub fn change(mut self, change: impl Fn(&mut Header)) -> Self {
        change(&mut self.header);
        self
    }

    /// Changes what the local header says.
    #[must_use]
    pub fn change_local(mut self, change: impl Fn(&mut Header) + Send + Sync + 'static) -> Self {
        self.local = Some(Arc::new(change));
        self
    }

    /// Changes what the central header says; `offset` is true when the change is called.
    #[must_use]
    pub fn change_central(mut self, change: impl Fn(&mut Header) + Send + Sync + 'static) -> Self {
        self.central = Some(Arc::new(change));
        self
    }

    /// Changes what the data descriptor says: `crc`, `compressed_size` and `size`.
    #[must_use]
    pub fn change_descriptor(mut self, change: impl Fn(&mut Header) + Send + Sync + 'static) -> Self {
        self.described = Some(Arc::new(change));
        self
    }

    /// The name's bytes.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.header.name
    }

    /// Local header, data and descriptor.
    pub(super) fn put_local(&self, out: &mut Vec<u8>) {
        if self.phantom {
            return;
        }
        let mut header = self.header.clone();
        if self.descriptor.is_some() {
            (header.crc, header.compressed_size, header.size) = (0, 0, 0);
        }
        changed(header, self.local.as_ref()).put_local(out);
        out.extend(&self.data);
        if let Some(descriptor) = self.descriptor {
            let header = changed(self.header.clone(), self.described.as_ref());
            let width = if header.zip64 { 8 } else { 4 };
            if descriptor == Descriptor::Signed {
                out.extend(b"PK\x07\x08");
            }
            put(out, header.crc.into(), 4);
            put(out, header.compressed_size, width);
            put(out, header.size, width);
        }
    }

    pub(super) fn central(&self, offset: u64) -> Header {
        changed(Header { offset, ..self.header.clone() }, self.central.as_ref())
    }
}

fn changed(mut header: Header, change: Option<&Change>) -> Header {
    if let Some(change) = change {
        change(&mut header);
    }
    header
}

impl fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Entry").field("header", &self.header).finish_non_exhaustive()
    }
}
