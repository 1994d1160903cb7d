//! Publishes to a tar archive.
//!
//! Nothing is written before the whole image is there: the entries have one order, whatever was ready first.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::{BlobReceipt, Error, Receipt, Session, Target, parts};
use crate::blob::{Blob, BoxFuture};
use crate::event::{Direction, Event, Events, Outcome};
use crate::image::{Image, ImageIndex};
use crate::layout::{self, ArchiveWriter, CONTAINERD_NAME, saved_image};
use crate::oci::{ArchiveForm, Descriptor, Digest, Location, Reference, annotation};

/// A tar archive: an OCI image layout, in Docker's form with a `manifest.json` beside it.
///
/// In Docker's form the first platform has the names as they are, and each further one has them with `-ARCHITECTURE`
/// behind the tag, because `docker load` keeps one image a name.
#[derive(Debug, Clone)]
pub struct ArchiveTarget {
    form: ArchiveForm,
    file: PathBuf,
    names: Vec<Reference>,
    tag: Option<String>,
}

impl ArchiveTarget {
    /// The archive `file`, `-` for stdout. An existing one is replaced when the new one is whole.
    #[must_use]
    pub fn new(form: ArchiveForm, file: impl Into<PathBuf>) -> Self {
        Self { form, file: file.into(), names: Vec::new(), tag: None }
    }

    /// Names the image by these references.
    #[must_use]
    pub fn names(mut self, names: impl IntoIterator<Item = Reference>) -> Self {
        self.names.extend(names.into_iter().map(|name| name.resolved()));
        self
    }

    /// Names the image by a tag that need not be a reference.
    #[must_use]
    pub fn tag(self, tag: Option<String>) -> Self {
        Self { tag, ..self }
    }

    fn error(&self, source: layout::Error) -> Error {
        Error::Layout { target: self.name(), source }
    }

    fn reference(&self, digest: &Digest) -> String {
        format!("{}@{digest}", self.name())
    }

    /// The entries of `index.json`.
    fn entries(&self, image: &Descriptor) -> Vec<Descriptor> {
        let entry_of = |tag: Option<&str>, name: Option<String>| {
            let mut entry = image.clone();
            entry.annotations.extend(name.map(|name| (CONTAINERD_NAME.to_owned(), name.into())));
            entry.annotations.extend(tag.map(|tag| (annotation::REF_NAME.to_owned(), tag.into())));
            entry
        };
        let names = self.names.iter().map(|name| entry_of(name.tag(), Some(name.to_string())));
        let mut entries: Vec<Descriptor> = names.chain(self.tag.as_deref().map(|tag| entry_of(Some(tag), None))).collect();
        if entries.is_empty() {
            entries.push(image.clone());
        }
        entries
    }

    /// The entries of `manifest.json`.
    fn saved(&self, image: &ImageIndex) -> Vec<serde_json::Value> {
        let images =
            image.images.iter().filter(|image| image.config.descriptor().media_type.is_image_config() && !image.platform.is_unknown());
        let saved = images.enumerate().map(|(number, image)| {
            let layers: Vec<Digest> = image.layers.iter().map(|layer| layer.digest().clone()).collect();
            let names: Vec<String> = self.names.iter().map(|name| name_for(name, image, number == 0)).collect();
            saved_image(image.config.digest(), &layers, &names)
        });
        saved.collect()
    }

    async fn write(&self, mut writer: ArchiveWriter, image: &ImageIndex, events: &Events) -> Result<Receipt, Error> {
        let mut receipts = Vec::new();
        for (role, blob) in parts(image) {
            writer.write_blob(blob).await.map_err(|source| self.error(source))?;
            let (digest, size) = (blob.digest().clone(), blob.size());
            events.emit(&Event::TransferFinished { digest, direction: Direction::Upload, outcome: Outcome::Sent, size });
            receipts.push(BlobReceipt::new(role, blob, Outcome::Sent));
        }
        let saved = (self.form == ArchiveForm::Docker).then(|| self.saved(image));
        let mut entries = self.entries(image.index.descriptor());
        entries.extend(image.referrers.iter().map(|referrer| referrer.artifact.index.descriptor().clone()));
        writer.finish(&entries, saved).await.map_err(|source| self.error(source))?;
        Ok(Receipt::new(vec![self.reference(image.digest())], false, receipts))
    }
}

fn name_for(name: &Reference, image: &Image, is_first: bool) -> String {
    if is_first {
        name.to_string()
    } else {
        format!("{name}-{}", image.platform.to_string().split('/').skip(1).collect::<Vec<_>>().join("-"))
    }
}

impl Target for ArchiveTarget {
    fn name(&self) -> String {
        Location::Archive { form: self.form, file: self.file.clone(), tag: self.tag.clone() }.to_string()
    }

    fn find<'a>(&'a self, _: &'a ImageIndex) -> BoxFuture<'a, Result<Option<Receipt>, Error>> {
        Box::pin(async { Ok(None) })
    }

    fn open<'a>(&'a self, _: &'a [Blob], events: &'a Events) -> BoxFuture<'a, Result<Box<dyn Session>, Error>> {
        Box::pin(async move {
            let writer = ArchiveWriter::create(&self.file).map_err(|source| self.error(source))?;
            let session = ArchiveSession { target: self.clone(), writer: Mutex::new(Some(writer)), events: events.clone() };
            Ok(Box::new(session) as Box<dyn Session>)
        })
    }
}

struct ArchiveSession {
    target: ArchiveTarget,
    writer: Mutex<Option<ArchiveWriter>>,
    events: Events,
}

impl ArchiveSession {
    fn take(&self) -> Option<ArchiveWriter> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Session for ArchiveSession {
    /// Blobs that a cache is attached to are fetched now, several at a time; the archive takes them later, in their order.
    fn send<'a>(&'a self, blob: &'a Blob) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            let opened = blob.open().await.map(drop);
            opened.map_err(|source| self.target.error(source.into()))
        })
    }

    fn publish<'a>(&'a self, image: &'a ImageIndex) -> BoxFuture<'a, Result<Receipt, Error>> {
        Box::pin(async move {
            let writer = self.take().ok_or_else(|| Error::Finished(self.target.name()))?;
            self.target.write(writer, image, &self.events).await
        })
    }

    fn abort(&self) -> BoxFuture<'_, ()> {
        Box::pin(async { drop(self.take()) })
    }
}
