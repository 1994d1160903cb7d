//! Finds the facts about bases: their layers are read once, each at most by one thread at a time, and what was found is
//! kept under the layer's digest.

mod layer;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::Error;
use super::facts::{LayerFacts, Tree};
use crate::blob::{self, Blob};
use crate::cache::Cache;
use crate::event::{Event, Events};
use crate::image::{Error as ImageError, Parent};
use crate::layer::{ReadError, scan};
use crate::oci::Digest;

/// Changes whenever the same layer would give other facts.
const FORMAT: u32 = 1;
/// Layers that are read at a time: enough to fill a line while one is unpacked.
const LAYERS_AT_ONCE: usize = 4;

/// Finds the facts about bases.
#[derive(Debug, Clone)]
pub struct Scanner<'a> {
    cache: &'a Cache,
    events: &'a Events,
}

impl<'a> Scanner<'a> {
    /// A scanner that keeps what it finds in `cache`.
    #[must_use]
    pub const fn new(cache: &'a Cache, events: &'a Events) -> Self {
        Self { cache, events }
    }

    /// The files of each of `images`. Layers whose facts are not kept are read: those that `needed` says will be needed
    /// anyway are fetched into the cache, the others pass through.
    ///
    /// # Errors
    /// When a layer cannot be read, is not what the image says, or holds entries that runtimes disagree about.
    pub async fn trees(&self, base: &str, images: &[Parent], needed: impl Fn(&Blob) -> bool) -> Result<Vec<Tree>, Error> {
        let mut wanted: Vec<(&Blob, &Digest)> = Vec::new();
        for image in images {
            let (layers, diff_ids) = (image.layers.len(), image.config.diff_ids().len());
            if layers != diff_ids {
                let source = ImageError::LayerCount { layers, diff_ids };
                return Err(Error::Image { base: base.to_owned(), platform: image.platform.to_string(), source });
            }
            for layer in image.layers.iter().zip(image.config.diff_ids()) {
                if !wanted.iter().any(|(blob, diff_id)| (blob.digest(), *diff_id) == (layer.0.digest(), layer.1)) {
                    wanted.push(layer);
                }
            }
        }
        let mut known: HashMap<&Digest, LayerFacts> = HashMap::new();
        known.extend(wanted.iter().filter_map(|(blob, diff_id)| Some((blob.digest(), self.kept(blob, diff_id)?))));
        let unknown: Vec<_> = wanted.into_iter().filter(|(blob, _)| !known.contains_key(blob.digest())).collect();
        if !unknown.is_empty() {
            let size = unknown.iter().map(|(blob, _)| blob.size()).sum();
            self.events.emit(&Event::ScanStarted { base: base.to_owned(), layers: unknown.len(), size });
            let scans = unknown.iter().map(|(blob, diff_id)| self.read(base, blob, diff_id, needed(blob)));
            let found: Vec<LayerFacts> = stream::iter(scans.collect::<Vec<_>>()).buffered(LAYERS_AT_ONCE).try_collect().await?;
            self.events.emit(&Event::ScanFinished { base: base.to_owned(), layers: unknown.len(), size });
            known.extend(unknown.iter().map(|(blob, _)| blob.digest()).zip(found));
        }
        let tree = |image: &Parent| {
            let mut tree = Tree::new();
            image.layers.iter().filter_map(|blob| known.get(blob.digest())).for_each(|facts| tree.apply(facts));
            tree
        };
        Ok(images.iter().map(tree).collect())
    }

    async fn read(&self, base: &str, blob: &Blob, diff_id: &Digest, needed: bool) -> Result<LayerFacts, Error> {
        let failed = |source| Error::Layer { base: base.to_owned(), source };
        let found = match self.pass(blob, diff_id, needed).await {
            // A proxy on the way can hold a damaged copy; a second request may reach a good one.
            Err(ReadError::Blob(blob::Error::Mismatch { .. })) => self.pass(blob, diff_id, needed).await,
            found => found,
        };
        let facts = LayerFacts { diff_id: diff_id.clone(), ..found.map_err(failed)? };
        // What cannot be kept is found again next time: no harm is done.
        let kept = self.cache.remember_record(&key(blob), &facts);
        kept.unwrap_or_else(|error| tracing::warn!("cannot keep the facts about {blob}: {error}"));
        Ok(facts)
    }

    async fn pass(&self, blob: &Blob, diff_id: &Digest, needed: bool) -> Result<LayerFacts, ReadError> {
        let here = self.cache.find(blob.descriptor());
        let blob = here.unwrap_or_else(|| if needed { blob.clone() } else { blob.unkept() });
        scan(&blob, Some(diff_id), layer::read).await
    }

    /// Facts that were found for another diff id are about another tar: the layer is read again, and said to be wrong.
    fn kept(&self, blob: &Blob, diff_id: &Digest) -> Option<LayerFacts> {
        self.cache.find_record(&key(blob)).filter(|facts: &LayerFacts| facts.diff_id == *diff_id)
    }
}

/// The key of a layer's facts in the cache.
fn key(blob: &Blob) -> Digest {
    Digest::of(format!("facts {FORMAT} of the layer {}", blob.digest()).as_bytes())
}
