//! Reads tar archives strictly, keeping what an oracle judges: raw header fields and PAX records.

use super::{BLOCK, Kind, header};

/// One entry as it stands in the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Path with PAX applied; a directory keeps its trailing slash.
    pub path: String,
    /// Kind and content.
    pub kind: Kind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u64,
    /// Numeric group.
    pub gid: u64,
    /// Seconds since 1970.
    pub modified: u64,
    /// User and group names.
    pub names: (String, String),
    /// PAX records that stood in front of the entry, in their order.
    pub pax: Vec<(String, String)>,
    /// The eight bytes of magic and version: USTAR has `ustar\0` `00`, GNU has `ustar  \0`.
    pub magic: [u8; 8],
    /// Whether one of the device number fields holds anything but zeros.
    pub has_device: bool,
}

/// The entries of `archive` in their order.
///
/// # Errors
/// The first thing that is wrong: a checksum, a number, a type other than file, link, directory, character device
/// and PAX (GNU sparse and long-name entries among them), an archive that ends early, lacks the two zero blocks, or
/// has other bytes behind them.
pub fn members(archive: &[u8]) -> Result<Vec<Member>, String> {
    let mut members = Vec::new();
    let mut pax = Vec::new();
    let mut rest = archive;
    loop {
        let block = take(&mut rest, BLOCK)?;
        if block.iter().all(|byte| *byte == 0) {
            let end = take(&mut rest, BLOCK)?;
            return match end.iter().chain(rest).all(|byte| *byte == 0) {
                true if pax.is_empty() => Ok(members),
                true => Err("a pax header without an entry ends the archive".into()),
                false => Err("bytes behind the end of the archive".into()),
            };
        }
        let member = read_header(block, std::mem::take(&mut pax))?;
        let size = usize::try_from(number(&block[header::SIZE])?).map_err(|error| error.to_string())?;
        let content = take(&mut rest, size)?.to_vec();
        take(&mut rest, size.next_multiple_of(BLOCK) - size)?;
        match block[header::TYPE] {
            b'x' => pax = pax_records(&content)?,
            _ => members.push(with_content(member, block[header::TYPE], content)?),
        }
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], String> {
    let (head, tail) = rest.split_at_checked(length).ok_or("the archive ends early")?;
    *rest = tail;
    Ok(head)
}

/// The fields of a header; kind and content come later.
fn read_header(block: &[u8], pax: Vec<(String, String)>) -> Result<Member, String> {
    let name = text(&block[header::NAME])?;
    let prefix = text(&block[header::PREFIX])?;
    let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
    let path = pax_value(&pax, "path").unwrap_or(path);
    let stored = number(&block[header::CHECKSUM])?;
    let counted = header::checksum(block);
    if stored != counted {
        return Err(format!("checksum of `{path}` is {counted}, its header says {stored}"));
    }
    let link = pax_value(&pax, "linkpath").map_or_else(|| text(&block[header::LINK]), Ok)?;
    let mut magic = [0; 8];
    magic.copy_from_slice(&block[header::MAGIC]);
    let device = |field: &[u8]| field.iter().any(|byte| !matches!(byte, 0 | b' ' | b'0'));
    Ok(Member {
        path,
        kind: Kind::Symlink(link),
        mode: u32::try_from(number(&block[header::MODE])?).map_err(|error| error.to_string())?,
        uid: pax_number(&pax, "uid").map_or_else(|| number(&block[header::UID]), Ok)?,
        gid: pax_number(&pax, "gid").map_or_else(|| number(&block[header::GID]), Ok)?,
        modified: number(&block[header::MTIME])?,
        names: (text(&block[header::USER])?, text(&block[header::GROUP])?),
        pax,
        magic,
        has_device: device(&block[header::DEVICE_MAJOR]) || device(&block[header::DEVICE_MINOR]),
    })
}

fn with_content(member: Member, kind: u8, content: Vec<u8>) -> Result<Member, String> {
    let Kind::Symlink(link) = &member.kind else {
        return Err("a header is read as a link first".into());
    };
    let kind = match kind {
        b'0' | 0 => Kind::File(content),
        b'1' => Kind::HardLink(link.clone()),
        b'2' => member.kind.clone(),
        b'3' => Kind::CharacterDevice(0, 0),
        b'5' => Kind::Directory,
        other => {
            return Err(format!("`{}` has the type {:?}", member.path, char::from(other)));
        }
    };
    if let (Kind::Directory, false) = (&kind, member.path.ends_with('/')) {
        return Err(format!("the directory `{}` lacks its slash", member.path));
    }
    Ok(Member { kind, ..member })
}

fn pax_records(content: &[u8]) -> Result<Vec<(String, String)>, String> {
    let mut rest = std::str::from_utf8(content).map_err(|error| format!("pax record: {error}"))?;
    let mut records = Vec::new();
    while !rest.is_empty() {
        let wrong = || format!("pax record `{rest}`");
        let (length, _) = rest.split_once(' ').ok_or_else(wrong)?;
        let record = length.parse().ok().and_then(|length: usize| rest.get(..length)).ok_or_else(wrong)?;
        let (key, value) = record
            .strip_suffix('\n')
            .and_then(|record| record.get(length.len() + 1..))
            .and_then(|record| record.split_once('='))
            .ok_or_else(wrong)?;
        records.push((key.to_owned(), value.to_owned()));
        rest = &rest[record.len()..];
    }
    Ok(records)
}

fn pax_value(pax: &[(String, String)], key: &str) -> Option<String> {
    pax.iter().rfind(|(name, _)| name == key).map(|(_, value)| value.clone())
}

fn pax_number(pax: &[(String, String)], key: &str) -> Option<u64> {
    pax_value(pax, key).and_then(|value| value.parse().ok())
}

/// The bytes before the first NUL.
fn text(field: &[u8]) -> Result<String, String> {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8(field[..end].to_vec()).map_err(|error| format!("a name that is not UTF-8: {error}"))
}

/// An octal field, padded by spaces or NULs; empty is 0.
fn number(field: &[u8]) -> Result<u64, String> {
    let digits = text(field)?;
    let digits = digits.trim_matches(' ');
    if digits.is_empty() {
        return Ok(0);
    }
    u64::from_str_radix(digits, 8).map_err(|error| format!("the number `{digits}`: {error}"))
}

#[cfg(test)]
mod tests {
    use super::members;
    use crate::archive::{BLOCK, Entry, Kind, write};

    #[test]
    fn damaged_archives_are_refused() {
        let archive = write(&[Entry::new("a", Kind::File(b"x".to_vec()))]);
        let change = |at: usize, byte: u8| {
            let mut changed = archive.clone();
            changed[at] = byte;
            changed
        };
        let behind = [&archive[..], b"x"].concat();
        let cases = [
            (change(0, b'b'), "checksum"),
            (archive[..BLOCK].to_vec(), "ends early"),
            (archive[..3 * BLOCK].to_vec(), "ends early"),
            (behind, "behind the end"),
            (change(148, b'9'), "number"),
        ];
        for (archive, reason) in cases {
            let error = members(&archive).unwrap_err();
            assert!(error.contains(reason), "{error}: {reason}");
        }
    }
}
