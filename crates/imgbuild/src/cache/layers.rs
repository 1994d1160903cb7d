//! Which layer some inputs gave.

use serde::{Deserialize, Serialize};

use super::{Cache, Error};
use crate::oci::{Descriptor, Digest, MediaType};

/// What is remembered of a layer; its bytes are a blob of the cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CachedLayer {
    /// The layer's media type.
    pub media_type: MediaType,
    /// The digest of the compressed bytes.
    pub digest: Digest,
    /// The number of compressed bytes.
    pub size: u64,
    /// The digest of the tar.
    pub diff_id: Digest,
}

impl CachedLayer {
    /// Type, digest and size.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(self.media_type.clone(), self.digest.clone(), self.size)
    }
}

impl Cache {
    /// The layer that the inputs named by `key` gave, if its bytes are still here. A record that cannot be read counts
    /// as none: the layer is made again.
    #[must_use]
    pub fn find_layer(&self, key: &Digest) -> Option<CachedLayer> {
        let layer: CachedLayer = self.read_record(&self.record_path("layers", key))?;
        self.find(&layer.descriptor()).is_some().then_some(layer)
    }

    /// Remembers the layer that the inputs named by `key` gave.
    ///
    /// # Errors
    /// When the record cannot be written.
    pub fn remember_layer(&self, key: &Digest, layer: &CachedLayer) -> Result<(), Error> {
        self.write_record(&self.record_path("layers", key), layer)
    }
}
