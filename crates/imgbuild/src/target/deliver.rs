//! An image whose blobs all exist → a target.

use std::collections::HashSet;
use std::future::Future;

use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::{Error, Receipt, Session, Target};
use crate::blob::Blob;
use crate::event::{Event, Events};
use crate::image::ImageIndex;

/// Blobs that are sent at a time. The client's own limit on transfers holds beside it.
const BLOBS_AT_ONCE: usize = 8;

/// Publishes `image` to `target`, unless it is there already, and reports it; nothing once `cancelled` ends first: no tag
/// has moved then.
pub(crate) async fn deliver(
    target: &dyn Target,
    image: &ImageIndex,
    events: &Events,
    cancelled: impl Future<Output = ()>,
) -> Result<Option<Receipt>, Error> {
    let receipt = match target.find(image).await? {
        Some(receipt) => receipt,
        None => match publish(target, image, events, cancelled).await? {
            Some(receipt) => receipt,
            None => return Ok(None),
        },
    };
    for target in receipt.references.clone() {
        events.emit(&Event::Published { target, digest: image.digest().clone(), unchanged: receipt.unchanged });
    }
    Ok(Some(receipt))
}

async fn publish(
    target: &dyn Target,
    image: &ImageIndex,
    events: &Events,
    cancelled: impl Future<Output = ()>,
) -> Result<Option<Receipt>, Error> {
    let blobs = blobs(image);
    let session = target.open(&blobs, events).await?;
    let result = tokio::select! {
        biased;
        () = cancelled => Ok(None),
        result = send(session.as_ref(), &blobs, image) => result.map(Some),
    };
    if !matches!(result, Ok(Some(_))) {
        session.abort().await;
    }
    result
}

async fn send(session: &dyn Session, blobs: &[Blob], image: &ImageIndex) -> Result<Receipt, Error> {
    let sends: Vec<_> = blobs.iter().map(|blob| session.send(blob)).collect();
    stream::iter(sends).buffer_unordered(BLOBS_AT_ONCE).try_collect::<()>().await?;
    session.publish(image).await
}

/// The layers, each once, without those that are not distributed.
fn blobs(image: &ImageIndex) -> Vec<Blob> {
    let mut seen = HashSet::new();
    let layers = image.with_referrers().flat_map(|image| &image.images).flat_map(|image| &image.layers);
    layers.filter(|blob| !blob.descriptor().media_type.is_nondistributable() && seen.insert(blob.digest().clone())).cloned().collect()
}
