//! What documents say, for as long as something is read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::oci::Digest;

/// Indexes, manifests and configurations by their digests: what is here is not asked for again, and what was read comes to
/// it. Clones are one and the same.
#[derive(Debug, Clone, Default)]
pub struct Documents(Arc<Mutex<BTreeMap<Digest, Bytes>>>);

impl Documents {
    /// All of them.
    #[must_use]
    pub fn all(&self) -> BTreeMap<Digest, Bytes> {
        self.held().clone()
    }

    /// The one with this digest.
    pub(super) fn find(&self, digest: &Digest) -> Option<Bytes> {
        self.held().get(digest).cloned()
    }

    /// Adds one, whose digest the caller has checked.
    pub(super) fn add(&self, digest: &Digest, bytes: &Bytes) {
        self.held().insert(digest.clone(), bytes.clone());
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<Digest, Bytes>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The digests are those of the bytes: the caller has checked them.
impl FromIterator<(Digest, Bytes)> for Documents {
    fn from_iter<T: IntoIterator<Item = (Digest, Bytes)>>(documents: T) -> Self {
        Self(Arc::new(Mutex::new(documents.into_iter().collect())))
    }
}
