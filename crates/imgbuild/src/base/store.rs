//! Where a base's documents come from: one set of verbs over registry and layout.

use bytes::Bytes;

use super::Error;
use crate::blob::Blob;
use crate::cache::Cache;
use crate::layout::Layout;
use crate::oci::{Descriptor, Document, Location, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, Reference};
use crate::registry;

/// An opened base.
pub(super) struct Store<'a> {
    base: String,
    place: Place<'a>,
    cache: Option<&'a Cache>,
}

enum Place<'a> {
    Registry { client: &'a registry::Client, reference: Reference },
    Layout { layout: Layout, tag: Option<String> },
}

impl<'a> Store<'a> {
    pub(super) fn open(location: &Location, client: &'a registry::Client, cache: Option<&'a Cache>) -> Result<Self, Error> {
        let base = location.to_string();
        let place = match location {
            Location::Registry(reference) => Place::Registry { client, reference: reference.clone() },
            Location::Layout { folder, tag } => {
                let layout = Layout::open(folder.clone()).map_err(|source| Error::Layout { base: base.clone(), source })?;
                Place::Layout { layout, tag: tag.clone() }
            }
        };
        Ok(Self { base, place, cache })
    }

    pub(super) fn base(&self) -> String {
        self.base.clone()
    }

    /// The canonical reference that annotations record; a layout's path is of one machine only.
    pub(super) fn name(&self) -> Option<String> {
        match &self.place {
            Place::Registry { reference, .. } => Some(reference.resolved().to_string()),
            Place::Layout { .. } => None,
        }
    }

    /// The document that the location names. A registry is asked for the digest by HEAD, which Docker Hub does not count
    /// as a pull, and the document is fetched only if it was never fetched before.
    pub(super) async fn root(&self) -> Result<Document, Error> {
        match &self.place {
            Place::Layout { layout, tag } => {
                let descriptor = layout.find(tag.as_deref()).map_err(|source| self.layout_error(source))?;
                self.document(&descriptor).await
            }
            Place::Registry { client, reference } => {
                let head = client.head(reference).await.map_err(|source| self.registry_error(source))?;
                if let Some(found) = head.as_ref().and_then(|descriptor| self.cache?.find(descriptor)) {
                    return self.parse(found.descriptor(), self.read(&found, MAX_MANIFEST_BYTES).await?);
                }
                let document = client.pull_document(reference).await.map_err(|source| self.registry_error(source))?;
                self.keep(document.descriptor(), document.raw());
                Ok(document)
            }
        }
    }

    /// A manifest or index by its descriptor.
    pub(super) async fn document(&self, descriptor: &Descriptor) -> Result<Document, Error> {
        if let Some(found) = self.cache.and_then(|cache| cache.find(descriptor)) {
            return self.parse(descriptor, self.read(&found, MAX_MANIFEST_BYTES).await?);
        }
        let document = match &self.place {
            Place::Layout { layout, .. } => layout.document(descriptor).await.map_err(|source| self.layout_error(source))?,
            Place::Registry { client, reference } => {
                client.pull_child(reference, descriptor).await.map_err(|source| self.registry_error(source))?
            }
        };
        self.keep(descriptor, document.raw());
        Ok(document)
    }

    /// The bytes of a configuration.
    pub(super) async fn config(&self, descriptor: &Descriptor) -> Result<Bytes, Error> {
        if let Some(found) = self.cache.and_then(|cache| cache.find(descriptor)) {
            return self.read(&found, MAX_CONFIG_BYTES).await;
        }
        let bytes = match &self.place {
            Place::Layout { layout, .. } => self.read(&layout.blob(descriptor.clone()), MAX_CONFIG_BYTES).await?,
            Place::Registry { client, reference } => {
                let pulled = client.pull_bytes(reference, descriptor, MAX_CONFIG_BYTES).await;
                pulled.map_err(|source| self.registry_error(source))?
            }
        };
        self.keep(descriptor, &bytes);
        Ok(bytes)
    }

    /// A layer, which stays where it is until it is opened.
    pub(super) fn layer(&self, descriptor: &Descriptor) -> Blob {
        match &self.place {
            Place::Layout { layout, .. } => layout.blob(descriptor.clone()),
            Place::Registry { client, reference } => {
                let blob = client.blob(reference, descriptor.clone());
                self.cache.map_or_else(|| blob.clone(), |cache| cache.attach(&blob))
            }
        }
    }

    fn parse(&self, descriptor: &Descriptor, raw: Bytes) -> Result<Document, Error> {
        let parsed = Document::parse(raw, Some(descriptor.media_type.clone()));
        parsed.map_err(|source| Error::Document { base: self.base(), digest: descriptor.digest.clone(), source })
    }

    async fn read(&self, blob: &Blob, limit: u64) -> Result<Bytes, Error> {
        blob.read(limit).await.map_err(|source| Error::Blob { base: self.base(), source })
    }

    /// Documents of a layout are on disk already. One that cannot be kept is fetched again next time: no harm is done.
    fn keep(&self, descriptor: &Descriptor, bytes: &[u8]) {
        if let (Some(cache), Place::Registry { .. }) = (self.cache, &self.place) {
            let kept = cache.keep(descriptor, bytes);
            kept.unwrap_or_else(|error| tracing::warn!("{error}"));
        }
    }

    fn registry_error(&self, source: registry::Error) -> Error {
        Error::Registry { base: self.base(), source }
    }

    fn layout_error(&self, source: crate::layout::Error) -> Error {
        Error::Layout { base: self.base(), source }
    }
}
