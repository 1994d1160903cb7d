//! Several layers at a time, each once.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::{Error, LayerContents, read};
use crate::blob::Blob;
use crate::oci::Digest;

/// Layers that are read at a time; each takes a thread that inflates and hashes.
const AT_ONCE: usize = 4;

/// What is in some layers, by their diff ids.
pub type ByDiffId = HashMap<Digest, Arc<LayerContents>>;

/// Reads layers with their diff ids, each blob once: what two blobs with one diff id hold is confirmed for both. Layers
/// that are not distributed are left out.
///
/// # Errors
/// As [`read`].
pub async fn read_several(layers: impl IntoIterator<Item = (Blob, Digest)>) -> Result<ByDiffId, Error> {
    let mut once: HashMap<(Digest, Digest), Blob> = HashMap::new();
    for (blob, diff_id) in layers {
        if !blob.descriptor().media_type.is_nondistributable() {
            once.entry((blob.digest().clone(), diff_id)).or_insert(blob);
        }
    }
    let reads = once.into_iter().map(|((_, diff_id), blob)| async move {
        let contents = read(&blob, Some(&diff_id)).await?;
        Ok::<_, Error>((diff_id, Arc::new(contents)))
    });
    stream::iter(reads.collect::<Vec<_>>()).buffer_unordered(AT_ONCE).try_collect().await
}
