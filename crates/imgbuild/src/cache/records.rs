//! What was found out about some inputs, as JSON.

use std::fs;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Cache, Error};
use crate::oci::Digest;

impl Cache {
    /// What was found out about the inputs that `key` names. A record that cannot be read counts as none.
    #[must_use]
    pub fn find_record<T: DeserializeOwned>(&self, key: &Digest) -> Option<T> {
        let record = fs::read(self.path("records").join(format!("{}.json", key.hex()))).ok()?;
        serde_json::from_slice(&record).ok()
    }

    /// Keeps what was found out about the inputs that `key` names. The key names the kind of record too.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn remember_record<T: Serialize>(&self, key: &Digest, record: &T) -> Result<(), Error> {
        let path = self.path("records").join(format!("{}.json", key.hex()));
        let record = serde_json::to_vec(record).map_err(|error| Error::Write { path: path.clone(), source: error.into() })?;
        let mut pending = self.pending()?;
        pending.write(&record)?;
        pending.persist(&path)
    }
}
