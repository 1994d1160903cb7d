//! What differs between two images, and why it matters: base, JDK, libraries, classes, configuration keys, settings.
//!
//! Any two images or indexes are compared, whoever made them, platform by platform. Layers that both have are not read.
//! Names are told and values never are. The room refuses to judge which of the two is right.

mod application;
mod archives;
mod change;
mod documents;
mod files;
mod libraries;
mod merged;
mod outline;
mod platform;
mod report;
mod settings;
mod software;
#[cfg(test)]
mod tests;
mod why;

use crate::contents;
use crate::equipment::{Equipment, equipped};
use crate::inspect::{Opened, open};
use crate::oci::{Location, Platform};
use crate::source::{Origin, PlatformImage};

pub(crate) use platform::of_documents;

pub use crate::inspect::{Error, Reading};
pub use change::{Aspect, Change, Setting, State};
pub use report::{Difference, PlatformDifference, Side, Verdict};

/// A comparison of two images.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use imgbuild::Diff;
///
/// let difference = Diff::new("docker.io/koin/api:1".parse()?, "docker.io/koin/api:2".parse()?).run().await?;
/// println!("{}", difference.outline());
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is compared before it is run"]
pub struct Diff {
    left: Origin,
    right: Origin,
    platform: Option<Platform>,
    reading: Reading,
    equipment: Equipment,
}

equipped!(Diff);

impl Diff {
    /// A comparison of what was, `left`, with what is, `right`.
    pub fn new(left: Location, right: Location) -> Self {
        Self::of(left, right)
    }

    /// The same of images that may be open already, such as those of a Docker Engine.
    pub fn of(left: impl Into<Origin>, right: impl Into<Origin>) -> Self {
        let (left, right) = (left.into(), right.into());
        Self { left, right, platform: None, reading: Reading::All, equipment: Equipment::default() }
    }

    /// Compares the images of this platform alone.
    pub fn platform(mut self, platform: Platform) -> Self {
        self.platform = Some(platform);
        self
    }

    /// Looks into these layers, as far as the two images do not share them. All of them unless said otherwise.
    pub fn reading(mut self, reading: Reading) -> Self {
        self.reading = reading;
        self
    }

    /// Compares.
    ///
    /// # Errors
    /// When a document or a layer of either cannot be read, or is not what it should be.
    pub async fn run(self) -> Result<Difference, Error> {
        let client = self.equipment.client();
        let (cache, platform) = (self.equipment.cache.as_ref(), self.platform.as_ref());
        let open = |origin| Box::pin(open(origin, &client, cache, platform));
        let (left, right) = tokio::try_join!(open(&self.left), open(&self.right))?;
        if left.digest() == right.digest() {
            return Ok(Difference::none(&left, &right));
        }
        let pairs = pairs(&left, &right);
        let differing = pairs.iter().filter(|(one, other)| one.manifest.descriptor().digest != other.manifest.descriptor().digest);
        let sides = differing.clone().flat_map(|(one, other)| {
            platform::unshared(one, other, self.reading).into_iter().chain(platform::unshared(other, one, self.reading))
        });
        let failed = |source| Error::Contents { image: format!("{}` or `{}", self.left, self.right), source };
        let contents = contents::read_several(sides).await.map_err(failed)?;
        let platforms = pairs.iter().map(|(one, other)| platform::compare(one, other, &contents)).collect();
        Ok(Difference::new(&left, &right, platforms))
    }
}

/// The images of platforms that both have, in the order of the left one.
fn pairs<'a>(left: &'a Opened, right: &'a Opened) -> Vec<(&'a PlatformImage, &'a PlatformImage)> {
    let same = |one: &Platform, other: &Platform| one.matches(other) || other.matches(one);
    let pair = |one: &'a PlatformImage| {
        let other = right.images.iter().find(|other| same(&one.platform, &other.platform))?;
        Some((one, other))
    };
    left.images.iter().filter_map(pair).collect()
}
