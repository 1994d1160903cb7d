//! How a service stands.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::judge::count;
use super::task::Task;
use super::{Error, Service};

/// How a service stands: what it should run, and its tasks, the newest of each slot first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The service.
    pub service: String,
    /// The image that it should run.
    pub image: String,
    /// Tasks that do.
    pub running: u64,
    /// Tasks that there should be.
    pub wanted: u64,
    /// The state of the last update, where there was one.
    pub update: Option<String>,
    /// What Swarm says about it.
    pub message: Option<String>,
    /// The image that `rollback` would bring back where Swarm keeps no earlier state.
    pub last_good: Option<String>,
    /// The tasks, old ones too.
    pub tasks: Vec<Task>,
}

impl Service {
    /// How it stands now.
    ///
    /// # Errors
    /// When there is no such service, or the engine cannot be asked.
    pub async fn status(&self) -> Result<Status, Error> {
        let look = self.look().await?;
        let nodes = self.engine().node_names().await?;
        let (running, wanted) = count(&look.spec(), &look.tasks);
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let mut tasks: Vec<Task> = look.tasks.iter().map(|task| Task::read(task, &nodes)).collect();
        tasks.sort_by(|one, other| (one.slot, &one.node, &other.since).cmp(&(other.slot, &other.node, &one.since)));
        Ok(Status {
            service: self.name().to_owned(),
            image: look.spec().image().to_owned(),
            running,
            wanted,
            update: text(&look.service["UpdateStatus"]["State"]),
            message: text(&look.service["UpdateStatus"]["Message"]),
            last_good: Self::last_good(&look.service),
            tasks,
        })
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {} of {} tasks run `{}`", self.service, self.running, self.wanted, self.image)?;
        if let Some(update) = &self.update {
            write!(formatter, "\nlast update: {}", update.replace('_', " "))?;
            self.message.iter().try_for_each(|message| write!(formatter, " ({message})"))?;
        }
        for task in &self.tasks {
            write!(formatter, "\n  {} {}{task}", task.short_id(), self.service)?;
        }
        Ok(())
    }
}
