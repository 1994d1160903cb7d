//! The records of a ZIP archive as values (APPNOTE.TXT 4.3), written as they stand, true or not.

/// General purpose flag bit 3: sizes and CRC follow the data.
pub(super) const DATA_DESCRIPTOR: u16 = 1 << 3;
/// General purpose flag bit 11: the name is UTF-8.
pub(super) const UTF8: u16 = 1 << 11;

const SATURATED: u64 = 0xffff_ffff;
const ZIP64_EXTRA: u64 = 1;

/// What the local and the central header of an entry say; the central one alone has the last four.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Version that reads the entry: 20 for deflate, 45 for zip64.
    pub version_needed: u16,
    /// General purpose flags.
    pub flags: u16,
    /// 0 stored, 8 deflated.
    pub method: u16,
    /// MS-DOS time: hours, minutes and seconds of two.
    pub time: u16,
    /// MS-DOS date: years since 1980, month, day.
    pub date: u16,
    /// CRC-32 of the content.
    pub crc: u32,
    /// Bytes in the archive.
    pub compressed_size: u64,
    /// Bytes of the content.
    pub size: u64,
    /// Name as bytes.
    pub name: Vec<u8>,
    /// Extra fields without zip64's, which is made from the sizes.
    pub extra: Vec<u8>,
    /// Whether sizes and offset stand in a zip64 extra field.
    pub zip64: bool,
    /// The entry's comment.
    pub comment: Vec<u8>,
    /// Host system (high byte, 3 for Unix) and version that made the entry.
    pub version_made_by: u16,
    /// External attributes; on Unix the mode stands in the high half.
    pub external: u32,
    /// Where the local header is said to begin.
    pub offset: u64,
}

impl Header {
    /// The local header (APPNOTE 4.3.7).
    pub(super) fn put_local(&self, out: &mut Vec<u8>) {
        let extra = self.extra_with(&[self.size, self.compressed_size]);
        out.extend(b"PK\x03\x04");
        self.put_common(out, extra.len());
        out.extend(&self.name);
        out.extend(extra);
    }

    /// The central header (APPNOTE 4.3.12).
    pub(super) fn put_central(&self, out: &mut Vec<u8>) {
        let extra = self.extra_with(&[self.size, self.compressed_size, self.offset]);
        out.extend(b"PK\x01\x02");
        put(out, self.version_made_by.into(), 2);
        self.put_common(out, extra.len());
        put(out, self.comment.len() as u64, 2);
        put(out, 0, 4);
        put(out, self.external.into(), 4);
        put(out, self.saturate(self.offset), 4);
        out.extend(&self.name);
        out.extend(extra);
        out.extend(&self.comment);
    }

    fn put_common(&self, out: &mut Vec<u8>, extra_length: usize) {
        for field in [self.version_needed, self.flags, self.method, self.time, self.date] {
            put(out, field.into(), 2);
        }
        put(out, self.crc.into(), 4);
        put(out, self.saturate(self.compressed_size), 4);
        put(out, self.saturate(self.size), 4);
        put(out, self.name.len() as u64, 2);
        put(out, extra_length as u64, 2);
    }

    fn saturate(&self, value: u64) -> u64 {
        if self.zip64 { SATURATED } else { value }
    }

    fn extra_with(&self, values: &[u64]) -> Vec<u8> {
        let mut extra = Vec::new();
        if self.zip64 {
            put(&mut extra, ZIP64_EXTRA, 2);
            put(&mut extra, 8 * values.len() as u64, 2);
            for value in values {
                put(&mut extra, *value, 8);
            }
        }
        extra.extend(&self.extra);
        extra
    }
}

/// What the end record says (APPNOTE 4.3.16), and whether zip64's end records stand in front of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct End {
    /// Entries of the central directory.
    pub entries: u64,
    /// Bytes of the central directory.
    pub size: u64,
    /// Where the central directory is said to begin.
    pub offset: u64,
    /// The archive's comment.
    pub comment: Vec<u8>,
    /// Whether the counts stand in a zip64 end record.
    pub zip64: bool,
}

impl End {
    /// The end record; `at` is where it is written, as the archive counts.
    pub(super) fn put(&self, out: &mut Vec<u8>, at: u64) {
        if self.zip64 {
            self.put_zip64(out, at);
        }
        let saturate = |value, limit| if self.zip64 { limit } else { value };
        out.extend(b"PK\x05\x06");
        put(out, 0, 4);
        put(out, saturate(self.entries, 0xffff), 2);
        put(out, saturate(self.entries, 0xffff), 2);
        put(out, saturate(self.size, SATURATED), 4);
        put(out, saturate(self.offset, SATURATED), 4);
        put(out, self.comment.len() as u64, 2);
        out.extend(&self.comment);
    }

    /// The zip64 end record and its locator (APPNOTE 4.3.14, 4.3.15).
    fn put_zip64(&self, out: &mut Vec<u8>, at: u64) {
        const SIZE_OF_THE_REST: u64 = 44;
        out.extend(b"PK\x06\x06");
        put(out, SIZE_OF_THE_REST, 8);
        put(out, 0x032d, 2);
        put(out, 45, 2);
        put(out, 0, 8);
        for value in [self.entries, self.entries, self.size, self.offset] {
            put(out, value, 8);
        }
        out.extend(b"PK\x06\x07");
        put(out, 0, 4);
        put(out, at, 8);
        put(out, 1, 4);
    }
}

/// Appends the low `width` bytes of `value`, little-endian.
pub(super) fn put(out: &mut Vec<u8>, value: u64, width: usize) {
    out.extend(&value.to_le_bytes()[..width]);
}
