//! Where an image goes: a registry, an OCI layout or an archive. Tags move last.
//!
//! A target is asked first whether it has the image already, then whether it will take it, before layers are built; then
//! it gets blobs as they are ready, and last the whole image. The room refuses to compose images.

mod archive;
mod deliver;
mod error;
mod known;
mod layout;
mod receipt;
mod registry;

use std::collections::HashSet;

use crate::blob::{Blob, BoxFuture};
use crate::cache::Cache;
use crate::event::Events;
use crate::image::ImageIndex;
use crate::oci::{ArchiveForm, Digest, Location, Reference};
use crate::registry::Client;

pub use archive::ArchiveTarget;
pub(crate) use deliver::deliver;
pub use error::Error;
pub use layout::LayoutTarget;
pub use receipt::{BlobReceipt, Receipt, Role};
pub use registry::RegistryTarget;

/// A place that images are published to.
pub trait Target: Send + Sync {
    /// The place, for messages: a reference or `oci:DIR`.
    fn name(&self) -> String;

    /// Takes the build's registry client and cache, before anything else is asked. Targets that are no registry need neither.
    fn connect(&self, _: &Client, _: &Cache) {}

    /// The repositories that it publishes to, each with a tag of its own; none where it is no registry.
    fn repositories(&self) -> Vec<Reference> {
        Vec::new()
    }

    /// Whether the bytes of a base's layer will have to be sent there. It may well be there already: only what is sure
    /// not to be needed is `false`.
    fn needs(&self, _: &Blob) -> bool {
        true
    }

    /// The receipt of an image that is there already, under every name that this target gives it.
    fn find<'a>(&'a self, image: &'a ImageIndex) -> BoxFuture<'a, Result<Option<Receipt>, Error>>;

    /// Whether it certainly has to be published to: one of its names is not there yet. Then permission is proven before the base is
    /// looked into; otherwise nothing may have changed, and reading is enough.
    fn is_new(&self) -> BoxFuture<'_, Result<bool, Error>> {
        Box::pin(async { Ok(false) })
    }

    /// Opens the target for an image that will need `blobs` (those of its base) and others that are not made yet.
    /// Whatever would keep the image from being published later is found here: permissions above all.
    fn open<'a>(&'a self, blobs: &'a [Blob], events: &'a Events) -> BoxFuture<'a, Result<Box<dyn Session>, Error>>;
}

impl<T: Target + 'static> From<T> for Box<dyn Target> {
    fn from(target: T) -> Self {
        Box::new(target)
    }
}

/// The target at a location.
///
/// # Errors
/// When the name of an image in Docker's archive is no reference, or the location is in a Docker Engine, which this crate knows none of.
pub fn at(location: &Location) -> Result<Box<dyn Target>, Error> {
    Ok(match location.clone() {
        Location::Registry(reference) => Box::new(RegistryTarget::new(reference)),
        Location::Layout { folder, tag } => Box::new(LayoutTarget::new(folder, tag)),
        Location::Archive { form: ArchiveForm::Docker, file, tag: Some(name) } => {
            let name = name.parse().map_err(|source| Error::Name { target: location.to_string(), source })?;
            Box::new(ArchiveTarget::new(ArchiveForm::Docker, file).names([name]))
        }
        Location::Daemon(_) => return Err(Error::NoEngine(location.to_string())),
        Location::Archive { form, file, tag } => Box::new(ArchiveTarget::new(form, file).tag(tag)),
    })
}

/// A target that is being published to. Dropped before [`publish`](Self::publish) has ended, no tag has moved.
pub trait Session: Send + Sync {
    /// Tells that a large blob is being made: what was opened ahead is kept for it.
    fn expect_large(&self) {}

    /// Sends a blob ahead of the image. May run for several blobs at once; a blob is sent at most once.
    fn send<'a>(&'a self, blob: &'a Blob) -> BoxFuture<'a, Result<(), Error>>;

    /// Sends what is missing of `image`, then its manifests, and moves the tags.
    fn publish<'a>(&'a self, image: &'a ImageIndex) -> BoxFuture<'a, Result<Receipt, Error>>;

    /// Gives up: tells the other side to forget what was begun.
    fn abort(&self) -> BoxFuture<'_, ()>;
}

/// Every blob and document of an image, each once, in the order in which they must arrive: layers and configurations,
/// manifests, what refers to the image, the index.
fn parts(image: &ImageIndex) -> Vec<(Role, &Blob)> {
    let images = || image.with_referrers().flat_map(|image| &image.images);
    let layers = images().flat_map(|image| image.layers.iter().map(|blob| (Role::Layer, blob)));
    let configs = images().map(|image| (Role::Config, &image.config));
    let referrers = || image.referrers.iter().map(|referrer| (Role::Referrer, &referrer.artifact.index));
    let roots: HashSet<&Digest> = referrers().map(|(_, blob)| blob.digest()).collect();
    let manifests = images().map(|image| (Role::Manifest, &image.manifest)).filter(|(_, blob)| !roots.contains(blob.digest()));
    let nested = image.with_referrers().flat_map(|image| &image.nested).map(|blob| (Role::Index, blob));
    let mut seen = HashSet::new();
    let all = layers.chain(configs).chain(manifests).chain(nested).chain(referrers()).chain([(Role::Index, &image.index)]);
    // A layer that is not distributed stays a descriptor: its bytes are fetched from elsewhere.
    let distributed = all.filter(|(_, blob)| !blob.descriptor().media_type.is_nondistributable());
    distributed.filter(|(_, blob)| seen.insert(blob.digest().clone())).collect()
}
