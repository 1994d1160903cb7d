//! Is an image what these inputs give? They are built again on the base that the image records, and compared.
//!
//! The build is the usual one, published to nowhere. Where digests differ, the first layer, entry and bytes that do are
//! named. The room refuses images that record no base: nobody knows what they should be.

mod base;
mod bytes;
mod captured;
mod entry;
mod error;
mod finding;
mod layer;
mod outline;
mod platform;
mod report;
#[cfg(test)]
mod tests;
mod within;

use std::path::PathBuf;

use crate::build::{Application, Build, LockMode};
use crate::equipment::{Equipment, equipped};
use crate::inspect::open;
use crate::oci::{Location, Platform};
use crate::recipe::Recipe;
use captured::Captured;

pub use error::Error;
pub use finding::{Bytes, EntryFinding, Field, LayerFinding, Presence, Where, Within};
pub use report::{PlatformVerification, Verification};

/// A check whether an image is what some inputs give.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use imgbuild::{Recipe, Verify};
///
/// let image = "docker.io/koin/api:latest".parse()?;
/// let found = Verify::new(image, Recipe::read("imgbuild.yaml")?, "build/libs/api.jar").run().await?;
/// println!("{}", found.outline());
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is checked before it is run"]
pub struct Verify {
    location: Location,
    recipe: Recipe,
    application: Application,
    lock: Option<PathBuf>,
    is_locked: bool,
    equipment: Equipment,
}

equipped!(Verify);

impl Verify {
    /// A check whether the image at `location` is what `recipe` makes of `application`.
    pub fn new(location: Location, recipe: Recipe, application: impl Into<Application>) -> Self {
        Self { location, recipe, application: application.into(), lock: None, is_locked: false, equipment: Equipment::default() }
    }

    /// Uses the lock at `path` where there is one, and never writes it: what it knows of the base is not looked for
    /// again, and an image on another base than it holds is not what the inputs give.
    pub fn lock(mut self, path: impl Into<PathBuf>) -> Self {
        self.lock = Some(path.into());
        self
    }

    /// Demands that the lock is there and knows everything.
    pub fn locked(mut self, is_locked: bool) -> Self {
        self.is_locked = is_locked;
        self
    }

    /// Builds again and compares.
    ///
    /// # Errors
    /// When imgbuild did not make the image, it or its base cannot be read, or the inputs cannot be built.
    pub async fn run(self) -> Result<Verification, Error> {
        let Self { location, mut recipe, application, lock, is_locked, equipment } = self;
        let (client, cache, events) = (equipment.client(), equipment.cache()?, equipment.events);
        let found = Box::pin(open(&location.into(), &client, Some(&cache), None)).await?;
        let wanted = std::mem::take(&mut recipe.platforms);
        let has = |platform: &Platform| found.images.iter().any(|image| platform.matches(&image.platform));
        let (common, missing): (Vec<_>, Vec<_>) = wanted.into_iter().partition(has);
        recipe.platforms = common;
        let base = Box::pin(base::recorded(&found, &recipe, &client, &cache)).await?;
        if recipe.platforms.is_empty() {
            let has = found.images.iter().map(|image| image.platform.clone()).collect();
            return Err(Error::NoCommonPlatform { image: found.location.to_string(), wanted: missing, has });
        }
        let locked = match &lock {
            Some(path) => base::locked(path, &base, &recipe)?,
            None => vec![None; recipe.platforms.len()],
        };
        let rebuilt = Captured::default();
        let observed = events.clone();
        // A cache for one build is gone with its last clone, and the layers of the image that is compared lie in it.
        let mut build = Build::new(recipe.clone(), application).on(base).again().registry(client).cache(cache.clone());
        // A lock of another base knows nothing about this one.
        if let Some(path) = lock.filter(|_| locked.iter().all(Option::is_none)) {
            build = build.lock(path, if is_locked { LockMode::Frozen } else { LockMode::Use });
        }
        Box::pin(build.target(rebuilt.clone()).on_event(move |event| observed.emit(event)).run()).await?;
        let rebuilt = rebuilt.into_image().ok_or(Error::Stopped)?;
        let verification = Box::pin(Verification::compare(&found, &recipe, &rebuilt, missing, locked)).await;
        drop(cache);
        verification
    }
}
