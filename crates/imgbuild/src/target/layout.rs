//! Publishes to an OCI image layout.

use std::collections::HashMap;
use std::path::PathBuf;

use tokio::sync::RwLock;

use super::{BlobReceipt, Error, Receipt, Role, Session, Target, parts};
use crate::blob::{Blob, BoxFuture};
use crate::event::{Direction, Event, Events, Outcome};
use crate::image::ImageIndex;
use crate::layout::{self, LayoutWriter};
use crate::oci::{Descriptor, Digest, Location};

/// An OCI image layout, new or existing.
#[derive(Debug, Clone)]
pub struct LayoutTarget {
    folder: PathBuf,
    tag: Option<String>,
}

impl LayoutTarget {
    /// The layout in `folder`, under `tag` where given.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, tag: Option<String>) -> Self {
        Self { folder: folder.into(), tag }
    }

    fn reference(&self, image: &ImageIndex) -> String {
        format!("{}@{}", self.name(), image.digest())
    }

    fn error(&self, source: layout::Error) -> Error {
        Error::Layout { target: self.name(), source }
    }
}

impl Target for LayoutTarget {
    fn name(&self) -> String {
        Location::Layout { folder: self.folder.clone(), tag: self.tag.clone() }.to_string()
    }

    fn find<'a>(&'a self, image: &'a ImageIndex) -> BoxFuture<'a, Result<Option<Receipt>, Error>> {
        Box::pin(async move {
            let writer = LayoutWriter::open(&self.folder).map_err(|source| self.error(source))?;
            let has_all = parts(image).iter().all(|(_, blob)| writer.has(blob.descriptor()));
            let named = writer.is_unchanged(image.index.descriptor(), self.tag.as_deref(), &referrers(image));
            let named = named.map_err(|source| self.error(source))?;
            Ok((has_all && named).then(|| Receipt::unchanged(vec![self.reference(image)], image)))
        })
    }

    fn open<'a>(&'a self, _: &'a [Blob], events: &'a Events) -> BoxFuture<'a, Result<Box<dyn Session>, Error>> {
        Box::pin(async move {
            let writer = LayoutWriter::open(&self.folder).map_err(|source| self.error(source))?;
            let session = LayoutSession {
                target: self.clone(),
                writer: RwLock::new(Some(writer)),
                events: events.clone(),
                sent: std::sync::Mutex::default(),
            };
            Ok(Box::new(session) as Box<dyn Session>)
        })
    }
}

/// The entries of what refers to the image.
fn referrers(image: &ImageIndex) -> Vec<Descriptor> {
    image.referrers.iter().map(|referrer| referrer.artifact.index.descriptor().clone()).collect()
}

struct LayoutSession {
    target: LayoutTarget,
    /// Taken by the one that finishes; shared by those that send.
    writer: RwLock<Option<LayoutWriter>>,
    events: Events,
    sent: std::sync::Mutex<HashMap<Digest, Outcome>>,
}

impl LayoutSession {
    async fn write(&self, writer: &LayoutWriter, blob: &Blob, role: Role) -> Result<BlobReceipt, Error> {
        if let Some(outcome) = self.outcomes().get(blob.digest()) {
            return Ok(BlobReceipt::new(role, blob, *outcome));
        }
        let outcome = writer.write_blob(blob).await.map_err(|source| self.target.error(source))?;
        // Two senders of one blob may both have written it; the first one's outcome counts.
        let outcome = *self.outcomes().entry(blob.digest().clone()).or_insert(outcome);
        let (digest, size) = (blob.digest().clone(), blob.size());
        self.events.emit(&Event::TransferFinished { digest, direction: Direction::Upload, outcome, size });
        Ok(BlobReceipt::new(role, blob, outcome))
    }

    fn outcomes(&self) -> std::sync::MutexGuard<'_, HashMap<Digest, Outcome>> {
        self.sent.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Session for LayoutSession {
    fn send<'a>(&'a self, blob: &'a Blob) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(async move {
            match self.writer.read().await.as_ref() {
                Some(writer) => self.write(writer, blob, Role::Layer).await.map(drop),
                None => Ok(()),
            }
        })
    }

    fn publish<'a>(&'a self, image: &'a ImageIndex) -> BoxFuture<'a, Result<Receipt, Error>> {
        Box::pin(async move {
            let tag = self.target.tag.as_deref();
            let writer = self.writer.write().await.take();
            let writer = writer.ok_or_else(|| Error::Finished(self.target.name()))?;
            let (index, referrers) = (image.index.descriptor(), referrers(image));
            let unchanged = writer.is_unchanged(index, tag, &referrers).map_err(|source| self.target.error(source))?;
            let mut receipts = Vec::new();
            for (role, blob) in parts(image) {
                receipts.push(self.write(&writer, blob, role).await?);
            }
            writer.finish(index, tag, &referrers).map_err(|source| self.target.error(source))?;
            Ok(Receipt::new(vec![self.target.reference(image)], unchanged, receipts))
        })
    }

    fn abort(&self) -> BoxFuture<'_, ()> {
        Box::pin(async { drop(self.writer.write().await.take()) })
    }
}
