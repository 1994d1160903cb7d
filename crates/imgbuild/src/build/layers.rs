//! Planned layers → layers: from the cache, or compressed on threads of their own.

use std::io::Write;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::{Error, PlannedLayer};
use crate::blob::{Blob, OpenFileSource};
use crate::cache::{Cache, CachedLayer};
use crate::event::{Event, Events};
use crate::layer::{self, Built, Encoding, Files, Key, Layer, Outline, Packed, Stop};
use crate::oci::{Descriptor, Digest, MediaType};

/// Private layers up to this size are compressed in memory; larger ones go to a file without a name.
const MAX_IN_MEMORY: u64 = 8 << 20;

/// Bytes of a layer that takes longer to be sent than to be read again: the digest of its tar is found meanwhile.
const READ_AGAIN: u64 = 16 << 20;

/// Makes layers.
pub(super) struct Maker {
    pub(super) cache: Cache,
    /// Whether layers are made although the cache has them.
    pub(super) is_again: bool,
    pub(super) encoding: Encoding,
    pub(super) stop: Stop,
    pub(super) events: Events,
    /// One permit a core: more threads would only compete.
    pub(super) cores: Arc<Semaphore>,
}

/// The layer that inputs of one outline gave when they were read last.
#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    /// Names the layer.
    key: Digest,
    /// The state of the files that they came from. With the same mark they need not be read again.
    mark: Option<String>,
}

/// A planned layer after a look into the cache.
pub(super) enum Found {
    /// It is known.
    Known(Layer),
    /// It has to be made, and will be remembered by its outline.
    Unknown(Outline),
}

/// What was compressed.
enum Made {
    /// A small layer, in one pass.
    Built(Built),
    /// A large one: its files are to be read again.
    Packed(Packed),
}

impl Made {
    const fn digest(&self) -> &Digest {
        match self {
            Self::Built(built) => &built.digest,
            Self::Packed(packed) => &packed.digest,
        }
    }

    const fn size(&self) -> u64 {
        match self {
            Self::Built(built) => built.size,
            Self::Packed(packed) => packed.size,
        }
    }
}

impl Maker {
    /// Looks a layer up by its inputs. A private layer is small and is made at once.
    ///
    /// The files are read only where a layer may be known: where one of the same outline was made before, and the files were written since.
    pub(super) async fn find(&self, planned: &PlannedLayer) -> Result<Found, Error> {
        if planned.private {
            return self.make_private(planned).await.map(Found::Known);
        }
        let (outline, mark) = (Outline::of(&planned.content, self.encoding), planned.content.mark());
        let unknown = || Found::Unknown(outline.clone());
        if self.is_again {
            return Ok(unknown());
        }
        let Some(seen) = self.cache.find_record::<Seen>(outline.digest()) else { return Ok(unknown()) };
        let is_unread = mark.is_some() && seen.mark == mark;
        let key = if is_unread {
            seen.key
        } else {
            let (files, encoding, stop) = (planned.content.clone(), self.encoding, self.stop.clone());
            self.on_a_core(&planned.name, move || Key::of(&files, encoding, &stop)).await?.digest().clone()
        };
        let Some(known) = self.cache.find_layer(&key) else { return Ok(unknown()) };
        if !is_unread {
            self.remember(planned, &outline, key, mark)?;
        }
        let layer = self.cached(&planned.name, known)?;
        self.report(layer.name(), layer.blob(), true);
        Ok(Found::Known(layer))
    }

    /// Makes a layer, gives it to `ready`, and remembers it. Builds beside this one that make the same layer give the same bytes.
    pub(super) async fn make(&self, planned: &PlannedLayer, outline: &Outline, ready: impl FnOnce(&Blob)) -> Result<Layer, Error> {
        let (files, encoding, stop) = (planned.content.clone(), self.encoding, self.stop.clone());
        let (mut pending, mark) = (self.cache.pending()?, planned.content.mark());
        let is_large = planned.bytes >= READ_AGAIN;
        let (pending, made) = self
            .on_a_core(&planned.name, move || {
                let made = if is_large {
                    Made::Packed(layer::pack(&files, encoding, &mut pending, &stop)?)
                } else {
                    Made::Built(layer::build(&files, encoding, &mut pending, &stop)?)
                };
                Ok((pending, made))
            })
            .await?;
        let blob = self.cache.commit(pending, Descriptor::new(self.media_type(), made.digest().clone(), made.size()))?;
        self.report(&planned.name, &blob, false);
        ready(&blob);
        let diff_id = match made {
            Made::Built(built) => built.diff_id,
            Made::Packed(packed) => {
                let (files, stop) = (planned.content.clone(), self.stop.clone());
                self.on_a_core(&planned.name, move || packed.diff_id(&files, &stop)).await?
            }
        };
        let key = Key::new(self.encoding, &diff_id).digest().clone();
        let (digest, size) = (blob.digest().clone(), blob.size());
        let record = CachedLayer { media_type: self.media_type(), digest, size, diff_id: diff_id.clone() };
        self.cache.remember_layer(&key, &record)?;
        self.remember(planned, outline, key, mark)?;
        Ok(Layer::new(&planned.name, blob, diff_id))
    }

    /// Remembers what was read, with the mark that the files had before if it is still theirs.
    fn remember(&self, planned: &PlannedLayer, outline: &Outline, key: Digest, before: Option<String>) -> Result<(), Error> {
        let mark = before.filter(|before| planned.content.mark().as_ref() == Some(before));
        Ok(self.cache.remember_record(outline.digest(), &Seen { key, mark })?)
    }

    async fn make_private(&self, planned: &PlannedLayer) -> Result<Layer, Error> {
        let (files, encoding, stop) = (planned.content.clone(), self.encoding, self.stop.clone());
        let media_type = self.media_type();
        let make = if planned.bytes <= MAX_IN_MEMORY { in_memory_blob } else { nameless_blob };
        let (blob, diff_id) = self.on_a_core(&planned.name, move || make(&files, encoding, media_type, &stop)).await?;
        let layer = Layer::new(&planned.name, blob, diff_id);
        self.report(layer.name(), layer.blob(), false);
        Ok(layer)
    }

    fn cached(&self, name: &str, record: CachedLayer) -> Result<Layer, Error> {
        let found = self.cache.find(&record.descriptor());
        let gone = || Error::Layer { name: name.to_owned(), source: layer::Error::Write(std::io::ErrorKind::NotFound.into()) };
        Ok(Layer::new(name, found.ok_or_else(gone)?, record.diff_id))
    }

    const fn media_type(&self) -> MediaType {
        MediaType::OciLayer(self.encoding.compression())
    }

    fn report(&self, name: &str, blob: &Blob, cached: bool) {
        self.events.emit(&Event::LayerReady { name: name.to_owned(), digest: blob.digest().clone(), size: blob.size(), cached });
    }

    async fn on_a_core<T, F>(&self, name: &str, work: F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, layer::Error> + Send + 'static,
    {
        let permit = Arc::clone(&self.cores).acquire_owned().await.map_err(|_| Error::Cancelled)?;
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        task.await.map_err(|_| Error::Thread)?.map_err(|source| Error::Layer { name: name.to_owned(), source })
    }
}

fn in_memory_blob(files: &Files, encoding: Encoding, media_type: MediaType, stop: &Stop) -> Result<(Blob, Digest), layer::Error> {
    let mut bytes = Vec::new();
    let Built { diff_id, .. } = layer::build(files, encoding, &mut bytes, stop)?;
    Ok((Blob::from_bytes(media_type, bytes), diff_id))
}

/// The file has no name, so that nobody finds it and nothing is left of it after kill -9.
fn nameless_blob(files: &Files, encoding: Encoding, media_type: MediaType, stop: &Stop) -> Result<(Blob, Digest), layer::Error> {
    let mut file = tempfile::tempfile().map_err(layer::Error::Write)?;
    let built = layer::build(files, encoding, &mut file, stop)?;
    file.flush().map_err(layer::Error::Write)?;
    let descriptor = Descriptor::new(media_type, built.digest, built.size);
    Ok((Blob::new(descriptor, OpenFileSource::new(file)), built.diff_id))
}
