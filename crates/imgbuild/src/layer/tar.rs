//! Writes entries as USTAR, with PAX records only where a field does not fit (POSIX.1-2017, pax).

use std::io::{self, Read, Write};

use tar::{EntryType, Header};

use super::{Attributes, Entry, Error, Files, Kind, Sink, Stop};

/// Entries and their content are padded to blocks of this size.
const BLOCK: u64 = 512;
/// Two empty blocks end an archive.
const END: [u8; 1024] = [0; 1024];
/// Largest number of seven octal digits, the width of `uid` and `gid`.
const MAX_OCTAL_7: u64 = 0o777_7777;
/// Largest number of eleven octal digits, the width of `size` and `mtime`.
const MAX_OCTAL_11: u64 = 0o777_7777_7777;
/// Name of the entries that carry PAX records; readers never show it.
const PAX_NAME: &str = "././@PaxHeader";

/// Writes `files` as a whole archive.
pub(super) fn write_archive(files: &Files, writer: &mut impl Sink, stop: &Stop) -> Result<(), Error> {
    for (path, entry) in files.entries() {
        write_entry(path, entry, writer, stop)?;
    }
    writer.write_all(&END).map_err(Error::from_io)
}

fn write_entry(path: &str, entry: &Entry, writer: &mut impl Sink, stop: &Stop) -> Result<(), Error> {
    let (entry_type, size, link, path) = match &entry.kind {
        Kind::Folder => (EntryType::Directory, 0, None, format!("{path}/")),
        Kind::File(content) => (EntryType::Regular, content.size(), None, path.to_owned()),
        Kind::Symlink(target) => (EntryType::Symlink, 0, Some(target.as_str()), path.to_owned()),
    };
    let mut header = Header::new_ustar();
    let mut records = Records::default();
    header.set_entry_type(entry_type);
    set_names(&mut header, &mut records, &path, link);
    set_numbers(&mut header, &mut records, &entry.attributes, size);
    header.set_cksum();
    records.write(writer).map_err(Error::from_io)?;
    writer.write_all(header.as_bytes()).map_err(Error::from_io)?;
    let Kind::File(content) = &entry.kind else { return Ok(()) };

    let failed = |source| Error::Read { path: path.clone(), place: content.place(), source };
    let mut reader = content.open().map_err(failed)?;
    writer.expect(content.as_ref());
    let mut read = |part: &mut [u8]| loop {
        match reader.read(part) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read.map_err(failed),
        }
    };
    let mut seen = 0;
    while seen <= size {
        stop.check()?;
        let taken = writer.take(&mut read)?.len() as u64;
        if taken == 0 {
            break;
        }
        seen += taken;
    }
    if seen != size {
        return Err(Error::Changed { place: content.place(), expected: size, found: seen });
    }
    write_padding(size, writer).map_err(Error::from_io)
}

fn write_padding(size: u64, writer: &mut impl Write) -> io::Result<()> {
    let rest = size.next_multiple_of(BLOCK) - size;
    io::copy(&mut io::repeat(0).take(rest), writer).map(drop)
}

fn set_names(header: &mut Header, records: &mut Records, path: &str, link: Option<&str>) {
    // A USTAR name is ASCII; `set_path` splits it into prefix and name where it fits.
    if !path.is_ascii() || header.set_path(path).is_err() {
        records.add("path", path);
        set_short_name(header, path);
    }
    if let Some(target) = link
        && (!target.is_ascii() || header.set_link_name_literal(target).is_err())
    {
        records.add("linkpath", target);
    }
}

/// What readers that know no PAX show: the last ASCII characters of the path that fit.
fn set_short_name(header: &mut Header, path: &str) {
    let ascii: Vec<u8> = path.bytes().map(|byte| if byte.is_ascii() { byte } else { b'_' }).collect();
    let field = header.as_ustar_mut().map(|ustar| (&mut ustar.name, &mut ustar.prefix));
    if let Some((name, prefix)) = field {
        let start = ascii.len().saturating_sub(name.len());
        name.fill(0);
        prefix.fill(0);
        for (to, from) in name.iter_mut().zip(&ascii[start..]) {
            *to = *from;
        }
    }
}

fn set_numbers(header: &mut Header, records: &mut Records, attributes: &Attributes, size: u64) {
    let mut fit = |key: &str, value: u64, largest: u64| {
        if value <= largest {
            return value;
        }
        records.add(key, &value.to_string());
        0
    };
    header.set_mode(attributes.mode);
    header.set_uid(fit("uid", attributes.uid, MAX_OCTAL_7));
    header.set_gid(fit("gid", attributes.gid, MAX_OCTAL_7));
    header.set_size(fit("size", size, MAX_OCTAL_11));
    header.set_mtime(fit("mtime", attributes.mtime, MAX_OCTAL_11));
}

/// PAX records that stand in front of an entry.
#[derive(Default)]
struct Records(Vec<u8>);

impl Records {
    /// Adds `length key=value\n`, where the length counts its own digits.
    fn add(&mut self, key: &str, value: &str) {
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while rest + length.to_string().len() != length {
            length = rest + length.to_string().len();
        }
        self.0.extend_from_slice(format!("{length} {key}={value}\n").as_bytes());
    }

    fn write(&self, writer: &mut impl Write) -> io::Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::XHeader);
        header.set_path(PAX_NAME)?;
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(self.0.len() as u64);
        header.set_cksum();
        writer.write_all(header.as_bytes())?;
        writer.write_all(&self.0)?;
        write_padding(self.0.len() as u64, writer)
    }
}
