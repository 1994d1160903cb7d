//! From a recipe and a JAR to a published image.
//!
//! [`Build::run`] reads as the way of the data: the JAR becomes files, the base is resolved and known by its facts, files
//! become layers that lie on it, images are composed, and targets publish them. The room refuses protocol detail; that is the business of the rooms below.

mod application;
mod batch;
mod context;
mod dockerfile;
mod error;
mod ground;
mod guards;
mod injected;
mod layers;
mod lock;
mod place;
mod plan;
mod ready;
mod report;
mod run;
mod steps;

use std::path::PathBuf;

use crate::base::{Base, Bases};
use crate::equipment::{Equipment, cancellable, equipped};
use crate::guard::Findings;
use crate::jar;
use crate::oci::Platform;
use crate::recipe::Recipe;
use crate::target::Target;

pub use batch::{Batch, Outcome};
pub use error::{Error, Kind};
pub use lock::LockMode;
pub use plan::{Plan, PlannedLayer};
pub use report::{LayerReport, PlatformReport, Report};

/// A build: what to make of which JAR, and where to publish it.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use imgbuild::{Build, Recipe, RegistryTarget};
///
/// let report = Build::new(Recipe::default(), "build/libs/api.jar")
///     .target(RegistryTarget::new("docker.io/koin/api:latest".parse()?))
///     .on_event(|event| eprintln!("{event}"))
///     .run()
///     .await?;
/// println!("{}", report.reference());
/// # Ok(())
/// # }
/// ```
#[must_use = "a build does nothing before it is run"]
pub struct Build {
    recipe: Recipe,
    application: Application,
    base: Option<Base>,
    is_again: bool,
    /// What the builds of a batch share.
    bases: Option<Bases>,
    targets: Vec<Box<dyn Target>>,
    lock: Option<(PathBuf, LockMode)>,
    equipment: Equipment,
}

/// What the recipe is applied to: the application's JAR, or the context of a Dockerfile.
#[derive(Debug, Clone)]
pub enum Application {
    /// A file; with a Dockerfile, the folder that it copies files from.
    File(PathBuf),
    /// Bytes, under a name for messages.
    Bytes {
        /// What messages call it.
        name: String,
        /// The JAR.
        bytes: jar::Bytes,
    },
}

impl<P: Into<PathBuf>> From<P> for Application {
    fn from(path: P) -> Self {
        Self::File(path.into())
    }
}

equipped!(Build);
cancellable!(Build);

impl Build {
    /// A build of `application` by `recipe`. Without more it uses Docker's credentials, caches nothing, and
    /// publishes nowhere.
    pub fn new(recipe: Recipe, application: impl Into<Application>) -> Self {
        Self {
            recipe,
            application: application.into(),
            base: None,
            is_again: false,
            bases: None,
            targets: Vec::new(),
            lock: None,
            equipment: Equipment::default(),
        }
    }

    /// Builds for these platforms instead of the recipe's.
    pub fn platforms(mut self, platforms: impl IntoIterator<Item = Platform>) -> Self {
        self.recipe.platforms = platforms.into_iter().collect();
        self
    }

    /// Builds on this base, with an image for each of the recipe's platforms, instead of looking the recipe's up.
    pub fn on(mut self, base: Base) -> Self {
        self.base = Some(base);
        self
    }

    /// Makes every layer again, also those that the cache has.
    pub fn again(mut self) -> Self {
        self.is_again = true;
        self
    }

    /// Publishes there too.
    pub fn target(mut self, target: impl Into<Box<dyn Target>>) -> Self {
        self.targets.push(target.into());
        self
    }

    /// Uses or writes the lock at `path`, as `mode` says.
    pub fn lock(mut self, path: impl Into<PathBuf>, mode: LockMode) -> Self {
        self.lock = Some((path.into(), mode));
        self
    }

    /// What would be built. Reads the JAR and the files that the recipe names, and no network: a Dockerfile whose steps
    /// depend on the base has no plan.
    ///
    /// # Errors
    /// When the JAR or one of the files cannot be used.
    pub fn plan(&self) -> Result<Plan, Error> {
        Plan::new(&self.recipe, &self.application, None)
    }

    /// Asks the guards what would keep the image from being published, and makes nothing.
    ///
    /// # Errors
    /// When the JAR, the base or a file cannot be used. A finding is no error here.
    pub async fn check(self) -> Result<Findings, Error> {
        run::check(self).await
    }

    /// Builds and publishes. Dropping the future stops the compressors too; no tag has moved then.
    ///
    /// # Errors
    /// The first thing that went wrong, with what was being done to what.
    pub async fn run(self) -> Result<Report, Error> {
        // A build holds much for a long time: it is moved around as a pointer.
        Box::pin(run::run(self)).await
    }
}
