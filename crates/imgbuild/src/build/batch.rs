//! Several builds, one after the other: each base is resolved once, and one failure does not stop the others.

use super::{Build, Error, Report};
use crate::base::Bases;
use crate::cache::Cache;

/// What became of one build of a batch.
#[derive(Debug)]
pub enum Outcome {
    /// It is published.
    Done(Box<Report>),
    /// It failed.
    Failed(Box<Error>),
    /// It was not begun, because another one failed or the batch was cancelled.
    Skipped,
}

/// Builds that belong together, such as the services of an `imgbuild.yaml`.
#[derive(Default)]
#[must_use = "a batch does nothing before it is run"]
pub struct Batch {
    builds: Vec<(String, Build)>,
    fail_fast: bool,
}

impl Batch {
    /// No builds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a build under a name.
    pub fn add(mut self, name: impl Into<String>, build: Build) -> Self {
        self.builds.push((name.into(), build));
        self
    }

    /// Whether the first failure stops what was not begun.
    pub const fn fail_fast(mut self, fail_fast: bool) -> Self {
        self.fail_fast = fail_fast;
        self
    }

    /// Builds in the order in which the builds were added. `done` is told of each as it ends.
    ///
    /// # Errors
    /// When there is no folder for what the builds share.
    pub async fn run(self, mut done: impl FnMut(&str, &Outcome) + Send) -> Result<Vec<(String, Outcome)>, Error> {
        let bases = Bases::default();
        // Builds without a cache of their own share one for this run, so that nothing is fetched twice.
        let shared = if self.builds.iter().any(|(_, build)| build.equipment.cache.is_none()) { Some(Cache::temporary()?) } else { None };
        let mut outcomes = Vec::with_capacity(self.builds.len());
        let mut stopped = false;
        for (name, mut build) in self.builds {
            build.bases = Some(bases.clone());
            build.equipment.cache = build.equipment.cache.or_else(|| shared.clone());
            let outcome = if stopped {
                Outcome::Skipped
            } else {
                match Box::pin(build.run()).await {
                    Ok(report) => Outcome::Done(Box::new(report)),
                    Err(error) => {
                        stopped = self.fail_fast || matches!(error, Error::Cancelled);
                        Outcome::Failed(Box::new(error))
                    }
                }
            };
            done(&name, &outcome);
            outcomes.push((name, outcome));
        }
        Ok(outcomes)
    }
}
