//! What happens while a service is rolled out, as values.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::task::Task;

/// One thing that happened.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Event {
    /// Swarm took the change.
    Accepted {
        /// The service.
        service: String,
        /// The image that it is to run.
        image: String,
    },
    /// The update reached another state: `updating`, `paused`, `completed`, `rollback_started`, ….
    Update {
        /// The service.
        service: String,
        /// The state.
        state: String,
        /// What Swarm says about it.
        message: String,
    },
    /// A task reached another state.
    Task {
        /// The service.
        service: String,
        /// The task.
        #[serde(flatten)]
        task: Task,
        /// Whether it is of the specification that is rolled out, and not of the one before.
        #[serde(rename = "current")]
        is_current: bool,
    },
    /// How many tasks run what they should.
    Progress {
        /// The service.
        service: String,
        /// Tasks that do.
        running: u64,
        /// Tasks that there should be.
        wanted: u64,
    },
    /// The engine cannot be asked now.
    Unreachable {
        /// The service.
        service: String,
        /// Why.
        reason: String,
    },
    /// A config or secret was made, or an old one removed.
    Mounted {
        /// `config` or `secret`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// Whether it was removed.
        removed: bool,
    },
    /// Something that the user should know and that stops nothing.
    Warning {
        /// The message, in lower case.
        message: String,
        /// What to do about it, where there is something.
        hint: Option<String>,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accepted { service, image } => write!(formatter, "{service}: rolling out `{image}`"),
            Self::Update { service, state, message } => {
                write!(formatter, "{service}: {}", state.replace('_', " "))?;
                if message.is_empty() { Ok(()) } else { write!(formatter, " ({message})") }
            }
            Self::Task { service, task, is_current } => {
                write!(formatter, "{service}{task}{}", if *is_current { "" } else { " (old)" })
            }
            Self::Progress { service, running, wanted } => write!(formatter, "{service}: {running} of {wanted} tasks run"),
            Self::Unreachable { service, reason } => write!(formatter, "{service}: cannot ask the engine now ({reason})"),
            Self::Mounted { kind, name, removed: false } => write!(formatter, "{kind} `{name}` is there"),
            Self::Mounted { kind, name, removed: true } => write!(formatter, "{kind} `{name}` is removed"),
            Self::Warning { message, hint } => {
                write!(formatter, "warning: {message}")?;
                hint.iter().try_for_each(|hint| write!(formatter, "\nhint: {hint}"))
            }
        }
    }
}

/// A shared handle to whoever is told what happens, or to nobody.
#[derive(Clone, Default)]
pub(super) struct Events(Option<Arc<Observer>>);

type Observer = dyn Fn(&Event) + Send + Sync;

impl Events {
    pub(super) fn to(observer: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(observer)))
    }

    pub(super) fn emit(&self, event: &Event) {
        if let Some(observer) = &self.0 {
            observer(event);
        }
    }

    pub(super) fn warn(&self, message: impl Into<String>, hint: Option<&str>) {
        self.emit(&Event::Warning { message: message.into(), hint: hint.map(str::to_owned) });
    }
}

impl fmt::Debug for Events {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0.is_some() { "Events(observed)" } else { "Events(none)" })
    }
}
