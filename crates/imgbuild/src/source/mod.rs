//! Where images are read from: one set of verbs over registries, OCI layouts and archives.
//!
//! A [`Source`] gives documents and blobs as they are, and finds the image of a platform. The room refuses to write
//! anywhere but into the cache, and to know what the images are used for.

mod documents;
mod error;
mod image;
mod origin;
mod select;

use bytes::Bytes;

use crate::blob::Blob;
use crate::cache::Cache;
use crate::layout::{Archive, Layout};
use crate::oci::{Descriptor, Digest, Document, Location, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, Reference, annotation};
use crate::registry;

pub use documents::Documents;
pub use error::Error;
pub use image::PlatformImage;
pub use origin::Origin;

/// An image or an index that can be read. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Source {
    location: Location,
    place: Place,
    cache: Option<Cache>,
    documents: Documents,
}

#[derive(Debug, Clone)]
enum Place {
    Registry { client: registry::Client, reference: Reference },
    Layout { layout: Layout, tag: Option<String> },
    Archive { archive: Archive, tag: Option<String> },
}

impl Source {
    /// Opens what is at `location`. Registries are read with `client`, and what they give is kept in `cache`.
    ///
    /// # Errors
    /// When there is no layout or archive at that place. A registry is not asked yet.
    pub async fn open(location: &Location, client: &registry::Client, cache: Option<&Cache>) -> Result<Self, Error> {
        let place = match location.clone() {
            Location::Registry(reference) => Place::Registry { client: client.clone(), reference },
            Location::Layout { folder, tag } => Place::Layout { layout: Layout::open(folder)?, tag },
            Location::Archive { file, tag, .. } => {
                let opened = tokio::task::spawn_blocking(move || Archive::open(file)).await;
                Place::Archive { archive: opened.map_err(|_| Error::Interrupted)??, tag }
            }
            Location::Daemon(_) => return Err(Error::NoEngine),
        };
        Ok(Self { location: location.clone(), place, cache: cache.cloned(), documents: Documents::default() })
    }

    /// The same, which takes what it can from `documents` and adds to them what it reads.
    #[must_use]
    pub fn knowing(self, documents: &Documents) -> Self {
        Self { documents: documents.clone(), ..self }
    }

    /// The one image of an archive that somebody else opened, such as a Docker Engine's; `location` is where it came from.
    #[must_use]
    pub fn of_archive(location: Location, archive: Archive) -> Self {
        Self { location, place: Place::Archive { archive, tag: None }, cache: None, documents: Documents::default() }
    }

    /// Where it is.
    #[must_use]
    pub const fn location(&self) -> &Location {
        &self.location
    }

    /// The reference, where it is in a registry. The path of a layout or an archive is of one machine only.
    #[must_use]
    pub const fn reference(&self) -> Option<&Reference> {
        match &self.place {
            Place::Registry { reference, .. } => Some(reference),
            Place::Layout { .. } | Place::Archive { .. } => None,
        }
    }

    /// The document that the location names. A registry is asked for the digest by HEAD, which Docker Hub does not count
    /// as a pull, and the document is fetched only if it was never fetched before.
    ///
    /// # Errors
    /// When it is not there, cannot be read, or is no document of an image.
    pub async fn root(&self) -> Result<Document, Error> {
        match &self.place {
            Place::Layout { layout, tag } => self.document(&layout.find(tag.as_deref())?).await,
            Place::Archive { archive, tag } => self.document(&archive.find(tag.as_deref())?).await,
            Place::Registry { client, reference } => {
                if let Some(digest) = reference.digest()
                    && let Some(raw) = self.known_by_digest(digest)
                {
                    return Document::parse(raw, None).map_err(|source| Error::Document { digest: digest.clone(), source });
                }
                if let Some(named) = client.head(reference).await?
                    && let Some(raw) = self.known(&named, MAX_MANIFEST_BYTES).await?
                {
                    return parse(&named, raw);
                }
                let document = client.pull_document(reference).await?;
                self.keep(document.descriptor(), document.raw());
                Ok(document)
            }
        }
    }

    /// The digest that the location names now. A registry is asked by HEAD alone where it answers with the digest.
    ///
    /// # Errors
    /// As [`root`](Self::root).
    pub async fn named(&self) -> Result<Digest, Error> {
        if let Place::Registry { client, reference } = &self.place
            && let Some(found) = client.head(reference).await?
        {
            return Ok(found.digest);
        }
        Ok(self.root().await?.descriptor().digest.clone())
    }

    /// A manifest or index by its descriptor.
    ///
    /// # Errors
    /// As [`root`](Self::root).
    pub async fn document(&self, descriptor: &Descriptor) -> Result<Document, Error> {
        if let Some(raw) = self.known(descriptor, MAX_MANIFEST_BYTES).await? {
            return parse(descriptor, raw);
        }
        let document = match &self.place {
            Place::Layout { layout, .. } => layout.document(descriptor).await?,
            Place::Archive { archive, .. } => archive.document(descriptor).await?,
            Place::Registry { client, reference } => client.pull_child(reference, descriptor).await?,
        };
        self.keep(descriptor, document.raw());
        Ok(document)
    }

    /// The bytes of a configuration.
    ///
    /// # Errors
    /// When it is not there, cannot be read, or is larger than 8 MiB.
    pub async fn config(&self, descriptor: &Descriptor) -> Result<Bytes, Error> {
        if let Some(raw) = self.known(descriptor, MAX_CONFIG_BYTES).await? {
            return Ok(raw);
        }
        let raw = match &self.place {
            Place::Layout { layout, .. } => layout.blob(descriptor.clone()).read(MAX_CONFIG_BYTES).await?,
            Place::Archive { archive, .. } => archive.blob(descriptor.clone()).read(MAX_CONFIG_BYTES).await?,
            Place::Registry { client, reference } => client.pull_bytes(reference, descriptor, MAX_CONFIG_BYTES).await?,
        };
        self.keep(descriptor, &raw);
        Ok(raw)
    }

    /// A layer, which stays where it is until it is opened.
    #[must_use]
    pub fn blob(&self, descriptor: &Descriptor) -> Blob {
        match &self.place {
            Place::Layout { layout, .. } => layout.blob(descriptor.clone()),
            Place::Archive { archive, .. } => archive.blob(descriptor.clone()),
            Place::Registry { client, reference } => {
                let blob = client.blob(reference, descriptor.clone());
                self.cache.as_ref().map_or_else(|| blob.clone(), |cache| cache.attach(&blob))
            }
        }
    }

    /// The document with this digest, wherever its descriptor was lost.
    ///
    /// # Errors
    /// As [`root`](Self::root).
    pub async fn by_digest(&self, digest: &Digest) -> Result<Document, Error> {
        let (images, found) = match &self.place {
            Place::Registry { client, reference } => {
                let reference = reference.by_digest(digest.clone());
                return Box::pin(Self { place: Place::Registry { client: client.clone(), reference }, ..self.clone() }.root()).await;
            }
            Place::Layout { layout, .. } => (layout.images()?, self.root().await),
            Place::Archive { archive, .. } => (archive.images().to_vec(), self.root().await),
        };
        let children = match &found {
            Ok(Document::Index(index)) => index.manifests(),
            _ => &[],
        };
        let descriptor = images.iter().chain(children).find(|descriptor| descriptor.digest == *digest);
        match descriptor {
            Some(descriptor) => self.document(descriptor).await,
            None => Err(Error::NoDigest { digest: digest.clone() }),
        }
    }

    /// What refers to `subject`: the entries of a registry's list. In a layout or an archive these are the entries of the index that
    /// name it as their `subject`, and those at the tag `sha256-HEX`.
    ///
    /// # Errors
    /// When the registry does not tell, or a document cannot be read or is not valid.
    pub async fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, Error> {
        let images = match &self.place {
            Place::Registry { client, reference } => return Ok(client.referrers(reference, subject, None).await?),
            Place::Layout { layout, .. } => layout.images()?,
            Place::Archive { archive, .. } => archive.images().to_vec(),
        };
        let list = format!("{}-{}", subject.algorithm().name(), subject.hex());
        let mut found = Vec::new();
        for entry in images.iter().filter(|entry| entry.media_type.is_manifest() || entry.media_type.is_index()) {
            let document = self.document(entry).await?;
            match &document {
                Document::Index(index) if entry.annotation(annotation::REF_NAME) == Some(&list) => {
                    found.extend_from_slice(index.manifests());
                }
                _ if document.subject().is_some_and(|of| of.digest == *subject) => found.push(document.as_referrer()),
                _ => {}
            }
        }
        Ok(found)
    }

    /// What was read before, by whoever.
    async fn known(&self, descriptor: &Descriptor, limit: u64) -> Result<Option<Bytes>, Error> {
        if let Some(raw) = self.documents.find(&descriptor.digest) {
            return Ok(Some(raw));
        }
        let Some(blob) = self.cache.as_ref().and_then(|cache| cache.find(descriptor)) else { return Ok(None) };
        let raw = blob.read(limit).await?;
        self.documents.add(&descriptor.digest, &raw);
        Ok(Some(raw))
    }

    fn known_by_digest(&self, digest: &Digest) -> Option<Bytes> {
        self.documents.find(digest).or_else(|| {
            let raw = self.cache.as_ref()?.find_document(digest)?;
            self.documents.add(digest, &raw);
            Some(raw)
        })
    }

    /// Documents of a layout are on disk already. One that cannot be kept is fetched again next time: no harm is done.
    fn keep(&self, descriptor: &Descriptor, raw: &Bytes) {
        self.documents.add(&descriptor.digest, raw);
        if let (Some(cache), Place::Registry { .. }) = (&self.cache, &self.place) {
            let kept = cache.keep(descriptor, raw);
            kept.unwrap_or_else(|error| tracing::warn!("{error}"));
        }
    }
}

fn parse(descriptor: &Descriptor, raw: Bytes) -> Result<Document, Error> {
    let parsed = Document::parse(raw, Some(descriptor.media_type.clone()));
    parsed.map_err(|source| Error::Document { digest: descriptor.digest.clone(), source })
}
