//! A target that keeps the image instead of publishing it.

use std::sync::{Arc, Mutex, PoisonError};

use crate::blob::{Blob, BoxFuture};
use crate::event::Events;
use crate::image::ImageIndex;
use crate::target::{self, Receipt, Session, Target};

/// Where a build's image is kept. Clones are one and the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Captured(Arc<Mutex<Option<ImageIndex>>>);

impl Captured {
    /// The image, once it was built.
    pub(super) fn into_image(self) -> Option<ImageIndex> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn keep(&self, image: &ImageIndex) -> Receipt {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(image.clone());
        Receipt::new(Vec::new(), false, Vec::new())
    }
}

impl Target for Captured {
    fn name(&self) -> String {
        "a comparison".to_owned()
    }

    fn find<'a>(&'a self, image: &'a ImageIndex) -> BoxFuture<'a, Result<Option<Receipt>, target::Error>> {
        Box::pin(async { Ok(Some(self.keep(image))) })
    }

    fn open<'a>(&'a self, _: &'a [Blob], _: &'a Events) -> BoxFuture<'a, Result<Box<dyn Session>, target::Error>> {
        Box::pin(async { Ok(Box::new(self.clone()) as Box<dyn Session>) })
    }
}

impl Session for Captured {
    /// Blobs stay where they are: what differs is read later, and no more than that.
    fn send<'a>(&'a self, _: &'a Blob) -> BoxFuture<'a, Result<(), target::Error>> {
        Box::pin(async { Ok(()) })
    }

    fn publish<'a>(&'a self, image: &'a ImageIndex) -> BoxFuture<'a, Result<Receipt, target::Error>> {
        Box::pin(async { Ok(self.keep(image)) })
    }

    fn abort(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
