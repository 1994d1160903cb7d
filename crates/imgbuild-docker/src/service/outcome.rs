//! What became of a rollout.

use std::fmt;

use serde::Serialize;

use super::task::Task;

/// What became of a service that was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// The service.
    pub service: String,
    /// The image that it is to run now.
    pub image: String,
    /// What Swarm says about the update, or why it cannot go on.
    pub message: Option<String>,
    /// Whether a health check stands behind `running`.
    pub health_checked: bool,
    /// The newest task of every slot or node, and those that failed in this rollout.
    pub tasks: Vec<Task>,
    /// The task that failed, where one did.
    pub failed: Option<FailedTask>,
}

/// A task that failed, and what it said last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedTask {
    /// The task.
    #[serde(flatten)]
    pub task: Task,
    /// The last lines of its log.
    pub log: Vec<String>,
}

/// What a rollout came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing was asked for that was not so already, and every task runs it.
    AlreadyRunning,
    /// Every task runs what it should, and did so for as long as new tasks are watched.
    Converged,
    /// Swarm took the change; nobody waited for its end.
    Accepted,
    /// A task failed, and Swarm brought the old specification back.
    RolledBack,
    /// A task failed, and Swarm stopped in the middle.
    Paused,
    /// The update is over, or cannot go on, and not every task runs.
    NotRunning,
    /// The time was over before the update was.
    TimedOut,
}

impl Verdict {
    /// The exit code of `imgbuild service`.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::AlreadyRunning | Self::Converged | Self::Accepted => 0,
            Self::RolledBack => 10,
            Self::Paused => 11,
            Self::NotRunning => 12,
            Self::TimedOut => 13,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::AlreadyRunning => "already running",
            Self::Converged => "converged",
            Self::Accepted => "accepted",
            Self::RolledBack => "rolled back",
            Self::Paused => "paused",
            Self::NotRunning => "not running",
            Self::TimedOut => "not finished in time",
        })
    }
}

impl Outcome {
    /// Whether it came to what was asked for, as far as was waited.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        self.verdict.exit_code() == 0
    }
}

impl fmt::Display for Outcome {
    /// One line, then a line for every task that is worth one.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verdict, service, image, .. } = self;
        match verdict {
            Verdict::AlreadyRunning => write!(formatter, "already running: `{service}` runs `{image}`")?,
            Verdict::Converged => {
                let state = if self.health_checked { "healthy" } else { "running (without a health check)" };
                let count = self.tasks.iter().filter(|task| task.state == "running" && task.desired == "running").count();
                write!(formatter, "`{service}` runs `{image}`: {count} of {count} tasks {state}")?;
            }
            Verdict::Accepted => write!(formatter, "`{service}` is being changed to run `{image}`")?,
            Verdict::RolledBack => write!(formatter, "`{service}` was rolled back and is to run `{image}` again")?,
            Verdict::Paused => write!(formatter, "the update of `{service}` is paused; some tasks may run `{image}`")?,
            Verdict::NotRunning => write!(formatter, "`{service}` is to run `{image}`, and not every task does")?,
            Verdict::TimedOut => write!(formatter, "`{service}` does not run `{image}` in the time given; the rollout goes on")?,
        }
        if self.is_good() {
            return Ok(());
        }
        self.message.iter().try_for_each(|message| write!(formatter, "\n  because: {message}"))?;
        for task in &self.tasks {
            write!(formatter, "\n  {service}{task}")?;
        }
        if let Some(failed) = &self.failed {
            write!(formatter, "\n  last lines of {service}{}:", failed.task.slot.map(|slot| format!(".{slot}")).unwrap_or_default())?;
            if failed.log.is_empty() {
                formatter.write_str(" (there are none)")?;
            }
            failed.log.iter().try_for_each(|line| write!(formatter, "\n    {line}"))?;
        }
        Ok(())
    }
}
