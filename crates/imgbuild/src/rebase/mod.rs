//! Images that imgbuild made, put on another base: the same layers, the configuration made anew. No JAR is needed.
//!
//! What imgbuild recorded in an image tells which layers are its own and what it changed in the base's configuration, so
//! the result is the image that a build on the new base would have given, digest for digest. Its layers are read once, for
//! guards judge it on the new base as they judge a build. The room refuses images that others made or changed, and those whose
//! layers would be others on the new base: it would guess.

mod error;
mod freshness;
mod image;
mod judge;
mod layer;

use serde::Serialize;

use crate::base::{Resolver, Scanner};
use crate::equipment::{Equipment, cancellable, equipped};
use crate::event::Event;
use crate::guard::Allowance;
use crate::image::{Annotations, Format, Image, ImageIndex};
use crate::oci::{Digest, Document, Location, Platform};
use crate::source::Source;
use crate::target::{Receipt, Target, deliver};

pub use error::Error;
pub use freshness::{BaseStatus, Freshness, PlatformStatus};

use image::OwnImage;
use judge::Judge;

/// Puts an image on another base.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use imgbuild::{Rebase, RegistryTarget};
///
/// let patched = RegistryTarget::new("docker.io/koin/api:1".parse()?);
/// let rebased = Rebase::new("docker.io/koin/api:1".parse()?, "amazoncorretto:17".parse()?).target(patched).run().await?;
/// println!("{}", rebased.reference());
/// # Ok(())
/// # }
/// ```
#[must_use = "a rebase does nothing before it is run"]
pub struct Rebase {
    image: Location,
    base: Location,
    targets: Vec<Box<dyn Target>>,
    allow: Vec<Allowance>,
    public: bool,
    equipment: Equipment,
}

/// What a rebase did.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Rebased {
    /// The image that was rebased.
    pub source: String,
    /// The digest that it had.
    pub source_digest: Digest,
    /// The new base as it was named.
    pub base: String,
    /// The digest of the new base.
    pub base_digest: Digest,
    /// The digest of the new image.
    pub digest: Digest,
    /// Where it is, each name with the digest.
    pub references: Vec<String>,
    /// Whether every target had it before.
    pub unchanged: bool,
    /// Its platforms.
    pub platforms: Vec<Platform>,
    /// What each target did.
    pub targets: Vec<Receipt>,
}

impl Rebased {
    /// The first name of the image with its digest; the digest alone where it was published nowhere.
    #[must_use]
    pub fn reference(&self) -> String {
        self.references.first().cloned().unwrap_or_else(|| self.digest.to_string())
    }
}

equipped!(Rebase);
cancellable!(Rebase);

impl Rebase {
    /// The image at `image` on the base at `base`. Without a target it is composed and published nowhere.
    pub fn new(image: Location, base: Location) -> Self {
        Self { image, base, targets: Vec::new(), allow: Vec::new(), public: false, equipment: Equipment::default() }
    }

    /// Publishes there too.
    pub fn target(mut self, target: impl Into<Box<dyn Target>>) -> Self {
        self.targets.push(target.into());
        self
    }

    /// Lets findings of guards pass.
    pub fn allow(mut self, allowances: impl IntoIterator<Item = Allowance>) -> Self {
        self.allow.extend(allowances);
        self
    }

    /// Says that anybody may pull what the image holds.
    pub fn public(mut self, public: bool) -> Self {
        self.public = public;
        self
    }

    /// Rebases.
    ///
    /// # Errors
    /// When the image is none of ours, when the new base cannot be used for it, when a guard refuses it there, or a target does not
    /// take it.
    pub async fn run(self) -> Result<Rebased, Error> {
        let (client, cache) = (self.equipment.client(), self.equipment.cache()?);
        let Equipment { events, cancel, .. } = &self.equipment;
        self.targets.iter().for_each(|target| target.connect(&client, &cache));

        let name = self.image.to_string();
        let failed = |source| Error::Source { image: name.clone(), source };
        let source = Source::open(&self.image, &client, Some(&cache)).await.map_err(failed)?;
        let root = source.root().await.map_err(failed)?;
        let found = source.images(&root).await.map_err(failed)?;
        let own = found.into_iter().map(|image| OwnImage::read(&name, image)).collect::<Result<Vec<_>, _>>()?;
        if own.is_empty() {
            return Err(Error::NothingToRun { image: name });
        }

        let platforms: Vec<Platform> = own.iter().map(|image| image.platform.clone()).collect();
        let base = Resolver::new(&client, Some(&cache)).resolve(&self.base, None, &platforms).await?;
        let reference = self.base.to_string();
        events.emit(&Event::BaseResolved { reference, digest: base.digest.clone(), platforms: platforms.clone() });

        let judge = Judge {
            name: &name,
            own: &own,
            base: &base,
            base_name: &self.base.to_string(),
            scanner: Scanner::new(&cache, events),
            client: &client,
            targets: &self.targets,
            allow: &self.allow,
            public: self.public,
            events,
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(Error::Cancelled),
            judged = Box::pin(judge.run()) => judged?,
        }

        let format = Format::of(&root.descriptor().media_type);
        let images = own.iter().zip(&base.images).map(|(image, parent)| image.on(parent, format));
        let image = compose(&name, &root, images.collect::<Result<_, _>>()?, format)?;
        let mut receipts = Vec::with_capacity(self.targets.len());
        for target in &self.targets {
            let receipt = deliver(target.as_ref(), &image, events, cancel.cancelled()).await?;
            receipts.push(receipt.ok_or(Error::Cancelled)?);
        }
        Ok(Rebased {
            source: name,
            source_digest: root.descriptor().digest.clone(),
            base: self.base.to_string(),
            base_digest: base.digest,
            digest: image.digest().clone(),
            references: receipts.iter().flat_map(|receipt| receipt.references.clone()).collect(),
            unchanged: !receipts.is_empty() && receipts.iter().all(|receipt| receipt.unchanged),
            platforms,
            targets: receipts,
        })
    }
}

/// The index keeps the annotations that the old one had.
fn compose(name: &str, root: &Document, images: Vec<Image>, format: Format) -> Result<ImageIndex, Error> {
    let mut annotations = Annotations::default();
    if let Document::Index(index) = root {
        annotations.index = index.annotations().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    }
    ImageIndex::compose(images, format, &annotations).map_err(|source| Error::Compose { image: name.to_owned(), source })
}
