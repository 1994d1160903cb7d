//! Swarm services: made, updated, scaled, brought back and watched, always by digest.
//!
//! A specification stays JSON, of which only what was asked is changed; what Swarm says of an update is checked against what
//! its tasks do. The room refuses to force what need not be: an image that runs already is left alone.

mod changes;
mod create;
mod credentials;
mod error;
mod event;
mod judge;
mod mount;
mod nodes;
mod outcome;
mod release;
mod rollback;
mod spec;
mod status;
mod task;
mod update;
mod values;
mod wait;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use imgbuild::registry::Client;
use serde_json::Value;

use crate::engine::{Engine, Request};
pub use changes::{Changes, Health, UpdatePolicy};
pub use credentials::PullAccess;
pub use error::Error;
pub use event::Event;
use event::Events;
pub use mount::{Mount, MountKind};
pub use outcome::{FailedTask, Outcome, Verdict};
pub use status::Status;
pub use task::Task;
pub use values::{FailureAction, Memory, Order, Processors, Publish, PublishMode, ValueError};

/// The label that keeps the last image that ran well before the present one: Swarm forgets it when it rolls back by itself.
pub const LAST_GOOD_LABEL: &str = "dev.imgbuild.last-good";

/// A service of a Swarm.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use imgbuild_docker::service::{Changes, Service};
/// use imgbuild_docker::{Endpoint, Engine};
///
/// let engine = Engine::connect(&Endpoint::choose(None, None)?).await?;
/// let service = Service::new(engine, "api").on_event(|event| eprintln!("{event}"));
/// let outcome = service.update(Some(&"docker.io/koin/api:latest".parse()?), &Changes::default()).await?;
/// println!("{outcome}");
/// std::process::exit(outcome.verdict.exit_code().into());
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Service {
    engine: Engine,
    name: String,
    registry: Client,
    access: PullAccess,
    events: Events,
    timeout: Option<Duration>,
    detach: bool,
    allow_uncovered: bool,
    mounts: Arc<[Mount]>,
    // What is known of the image's own check is found on the way and only changes a word.
    is_image_checked: Arc<AtomicBool>,
}

impl Service {
    /// The service `name` of the Swarm that `engine` manages. Without more, images are found with Docker's credentials, Swarm
    /// keeps those it has, and changes are waited for.
    #[must_use]
    pub fn new(engine: Engine, name: impl Into<String>) -> Self {
        Self {
            engine,
            name: name.into(),
            registry: Client::builder().build(),
            access: PullAccess::default(),
            events: Events::default(),
            timeout: None,
            detach: false,
            allow_uncovered: false,
            mounts: Arc::new([]),
            is_image_checked: Arc::default(),
        }
    }

    /// Finds images with this client.
    #[must_use]
    pub fn registry(self, registry: Client) -> Self {
        Self { registry, ..self }
    }

    /// Says what Swarm's nodes pull with.
    #[must_use]
    pub fn pull_access(self, access: PullAccess) -> Self {
        Self { access, ..self }
    }

    /// Tells what happens.
    #[must_use]
    pub fn on_event(self, observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self { events: Events::to(observer), ..self }
    }

    /// One limit for the whole rollout, instead of one that follows from the number of tasks and the pauses between them.
    #[must_use]
    pub fn time_limit(self, limit: Option<Duration>) -> Self {
        Self { timeout: limit, ..self }
    }

    /// Whether the end of a change is not waited for.
    #[must_use]
    pub fn detach(self, detach: bool) -> Self {
        Self { detach, ..self }
    }

    /// Whether nodes may be left out that the image does not cover.
    #[must_use]
    pub fn allow_uncovered_nodes(self, allow: bool) -> Self {
        Self { allow_uncovered: allow, ..self }
    }

    /// Mounts these files as Swarm's configs or secrets when the service is made or updated.
    #[must_use]
    pub fn mounts(self, mounts: impl IntoIterator<Item = Mount>) -> Self {
        Self { mounts: mounts.into_iter().collect(), ..self }
    }

    /// The service's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    const fn engine(&self) -> &Engine {
        &self.engine
    }

    const fn events(&self) -> &Events {
        &self.events
    }

    const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    fn is_image_checked(&self) -> bool {
        self.is_image_checked.load(Ordering::Relaxed)
    }

    /// What the engine says of the service.
    async fn inspect(&self) -> Result<Value, Error> {
        let found = self.engine.find(Request::get(format!("/services/{}", self.name))).await?;
        found.ok_or_else(|| Error::NoService { name: self.name.clone(), host: self.engine.endpoint().host.to_string() })
    }
}
