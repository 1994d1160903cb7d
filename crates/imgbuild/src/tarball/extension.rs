//! What stands in front of an entry and belongs to it: GNU's long names, PAX records (POSIX.1-2017, "pax Header Block").

use super::Error;

/// Longest name or set of PAX records that is read; the longest path that Linux opens has 4 KiB, extended attributes 64 KiB.
pub(super) const MAX_EXTENSION: u64 = 1 << 20;

/// The extensions of one entry.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    pub(super) name: Option<String>,
    pub(super) link: Option<String>,
    pub(super) records: Vec<(String, Vec<u8>)>,
}

/// Which extension it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Extension {
    Name,
    Link,
    Records,
}

impl Extensions {
    /// Takes the content of an extension.
    pub(super) fn add(&mut self, extension: Extension, bytes: &[u8]) -> Result<(), Error> {
        match extension {
            Extension::Name => self.name = Some(until_nul(bytes)),
            Extension::Link => self.link = Some(until_nul(bytes)),
            Extension::Records => {
                let invalid = || Error::Invalid("its PAX records are not valid".to_owned());
                self.records.extend(records(bytes).ok_or_else(invalid)?);
            }
        }
        Ok(())
    }
}

/// Splits records by their lengths: a value may hold line ends, and what follows one is no record.
fn records(mut bytes: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
        let (record, rest) = bytes.split_at_checked(length)?;
        let record = record.get(space + 1..)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|byte| *byte == b'=')?;
        let key = String::from_utf8_lossy(&record[..equals]).into_owned();
        records.push((key, record[equals + 1..].to_vec()));
        bytes = rest;
    }
    Some(records)
}

fn until_nul(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.split(|byte| *byte == 0).next().unwrap_or_default()).into_owned()
}
