//! What the user meets: the result on stdout; progress, warnings and errors on stderr; exit codes; what signals do.
//!
//! It refuses to know what the commands do.

mod exit;
mod explained;
mod failure;
mod file;
mod interrupt;
mod log;
mod progress;
mod result;
mod text;
mod usage;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use imgbuild::Cancel;
use imgbuild::event::{Event, Events};
use imgbuild_docker::service::Event as ServiceEvent;

use crate::arguments::Global;
use explained::Explained;
use progress::Progress;

pub(crate) use exit::Exit;
pub(crate) use failure::Failure;
pub(crate) use file::NewFile;
pub(crate) use progress::Mode;
pub(crate) use usage::UsageError;

/// How long threads that compress may take to notice that they shall stop, before the process ends without them.
const THREADS_TIME: Duration = Duration::from_secs(2);

/// Where a command shows what happens and what came out.
pub(crate) struct Face {
    progress: Arc<dyn Progress>,
    cancel: Cancel,
    accepted: Arc<AtomicBool>,
}

impl Face {
    fn new(global: &Global) -> Self {
        let progress = progress::of(global.progress);
        log::start(global.verbose, &progress);
        Self { progress, cancel: Cancel::new(), accepted: Arc::default() }
    }

    /// Cancelled by SIGINT and SIGTERM: whatever can be stopped takes it.
    pub(crate) fn cancel(&self) -> Cancel {
        self.cancel.clone()
    }

    /// Shows the library's events.
    pub(crate) fn observer(&self) -> impl Fn(&Event) + Send + Sync + 'static {
        let progress = Arc::clone(&self.progress);
        move |event| progress.event(event)
    }

    /// The same as a handle of the library.
    pub(crate) fn events(&self) -> Events {
        Events::to(self.observer())
    }

    /// Shows what happens to a service.
    pub(crate) fn service_observer(&self) -> impl Fn(&ServiceEvent) + Send + Sync + 'static {
        let (progress, accepted) = (Arc::clone(&self.progress), Arc::clone(&self.accepted));
        move |event| {
            if matches!(event, ServiceEvent::Accepted { .. }) {
                accepted.store(true, Ordering::Relaxed);
            }
            progress.service(event);
        }
    }

    /// Whether Swarm took a change, so that a rollout goes on without us.
    pub(crate) fn is_rolling_out(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Shows something that the user should know and that stops nothing.
    pub(crate) fn warn(&self, message: impl Into<String>, hint: Option<&str>) {
        self.events().warn(message, hint);
    }

    /// Says something that happened and is no result.
    pub(crate) fn note(&self, line: &str) {
        self.progress.finish();
        self.progress.log(line);
    }
}

/// Runs a command to its exit code, whatever ends it.
pub(crate) fn run<C>(global: &Global, command: C) -> ExitCode
where
    C: AsyncFnOnce(&Face) -> Result<Exit, Failure>,
{
    let face = Face::new(global);
    let exit = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let ended = runtime.block_on(interrupt::until_signal(&face.cancel, command(&face)));
            runtime.shutdown_timeout(THREADS_TIME);
            ended
        }
        Err(error) => Err(Failure::new(Exit::FAILED, "cannot start threads").because(error)),
    };
    face.progress.finish();
    exit.unwrap_or_else(|failure| {
        face.progress.failure(&failure);
        failure.exit()
    })
    .into()
}
