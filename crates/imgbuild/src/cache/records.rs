//! What was found out about some inputs, as JSON under a seal: unlike a blob, a record's name does not tell what it must hold.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Cache, Error};
use crate::oci::Digest;

impl Cache {
    /// What was found out about the inputs that `key` names. A record that cannot be read counts as none.
    #[must_use]
    pub fn find_record<T: DeserializeOwned>(&self, key: &Digest) -> Option<T> {
        self.read_record(&self.record_path("records", key))
    }

    /// Keeps what was found out about the inputs that `key` names. The key names the kind of record too.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn remember_record<T: Serialize>(&self, key: &Digest, record: &T) -> Result<(), Error> {
        self.write_record(&self.record_path("records", key), record)
    }

    pub(super) fn record_path(&self, kind: &str, key: &Digest) -> PathBuf {
        self.path(kind).join(key.hex())
    }

    /// Reads a record and notes that it was used.
    pub(super) fn read_record<T: DeserializeOwned>(&self, path: &Path) -> Option<T> {
        let record = read(path)?;
        self.use_now(path, &fs::metadata(path).ok()?);
        Some(record)
    }

    pub(super) fn write_record<T: Serialize>(&self, path: &Path, record: &T) -> Result<(), Error> {
        let json = serde_json::to_vec(record).map_err(|error| Error::Write { path: path.to_owned(), source: error.into() })?;
        let mut pending = self.pending()?;
        pending.write(Digest::of(&json).hex().as_bytes())?;
        pending.write(b"\n")?;
        pending.write(&json)?;
        pending.persist(path).map(drop)
    }
}

/// A record whose seal fits.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Option<T> {
    let bytes = fs::read(path).ok()?;
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (seal, json) = (&bytes[..end], &bytes[end + 1..]);
    if seal != Digest::of(json).hex().as_bytes() {
        return None;
    }
    serde_json::from_slice(json).ok()
}
