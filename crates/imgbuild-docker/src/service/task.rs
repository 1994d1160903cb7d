//! The tasks of a service as people read them.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;

use crate::engine::{Engine, Error, Request};

/// The state of a task whose program ended with code 0.
const COMPLETE: &str = "complete";
/// Lines of a task's log that are shown of it.
const LOG_LINES: usize = 20;
/// How long a log may take: a node that is away does not answer.
const LOG_LIMIT: Duration = Duration::from_secs(4);

/// A task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    /// Its id.
    pub id: String,
    /// Its number within the service; none where there is a task on every node.
    pub slot: Option<u64>,
    /// The node that it is on, by name; none while it has none.
    pub node: Option<String>,
    /// The image that it runs.
    pub image: String,
    /// The state: `pending`, `preparing`, `running`, `failed`, ….
    pub state: String,
    /// The state that it should have.
    pub desired: String,
    /// What is wrong with it.
    pub error: Option<String>,
    /// The code that its program ended with, where it is not 0.
    pub exit_code: Option<i64>,
    /// When it reached its state.
    pub since: String,
}

impl Task {
    pub(super) fn read(task: &Value, nodes: &HashMap<String, String>) -> Self {
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let status = &task["Status"];
        Self {
            id: text(&task["ID"]).unwrap_or_default(),
            slot: task["Slot"].as_u64().filter(|slot| *slot > 0),
            node: text(&task["NodeID"]).map(|id| nodes.get(&id).cloned().unwrap_or(id)),
            image: text(&task["Spec"]["ContainerSpec"]["Image"]).unwrap_or_default(),
            state: text(&status["State"]).unwrap_or_default(),
            desired: text(&task["DesiredState"]).unwrap_or_default(),
            error: text(&status["Err"]),
            exit_code: status["ContainerStatus"]["ExitCode"].as_i64().filter(|code| *code != 0),
            since: text(&status["Timestamp"]).unwrap_or_default(),
        }
    }

    /// Whether it ended in a way that nobody asked for.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        matches!(self.state.as_str(), "failed" | "rejected" | "orphaned")
    }

    /// Whether its program ended, whatever the code: no task of a service should. One that ends well when it is told to is
    /// `complete` even where its health check told it.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.has_failed() || self.state == COMPLETE
    }

    /// Its id as messages show it.
    #[must_use]
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }
}

impl fmt::Display for Task {
    /// What stands behind the service's name: `.2 on n3: failed (task: non-zero exit (3))`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(slot) = self.slot {
            write!(formatter, ".{slot}")?;
        }
        if let Some(node) = &self.node {
            write!(formatter, " on {node}")?;
        }
        write!(formatter, ": {}", self.state)?;
        match &self.error {
            Some(error) => write!(formatter, " ({error})"),
            None if self.state == COMPLETE => formatter.write_str(" (it ended with code 0, by itself or because it was unhealthy)"),
            None => Ok(()),
        }
    }
}

impl Engine {
    /// The tasks of a service, new ones and old.
    pub(super) async fn tasks(&self, service: &str) -> Result<Vec<Value>, Error> {
        self.list(Request::get("/tasks").filter("service", service)).await
    }

    /// The names of the nodes by their ids.
    pub(super) async fn node_names(&self) -> Result<HashMap<String, String>, Error> {
        let nodes = self.list(Request::get("/nodes")).await?;
        let name = |node: &Value| Some((node["ID"].as_str()?.to_owned(), node["Description"]["Hostname"].as_str()?.to_owned()));
        Ok(nodes.iter().filter_map(name).collect())
    }

    /// The last lines that a task wrote. None where they cannot be had: they explain a failure, and are not one more.
    pub(super) async fn last_lines(&self, task: &str) -> Vec<String> {
        let lines = LOG_LINES.to_string();
        let request = Request::get(format!("/tasks/{task}/logs")).query("stdout", "1").query("stderr", "1").query("tail", lines);
        let asked = self.bytes_until(request.limit(LOG_LIMIT * 2), LOG_LIMIT).await;
        let Ok(bytes) = asked else { return Vec::new() };
        let text = String::from_utf8_lossy(&unframed(&bytes)).into_owned();
        let lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].to_vec()
    }
}

/// Joins the frames of an engine's log: eight bytes with the stream and the length, then so many bytes. What is not framed is
/// the log of a terminal.
fn unframed(bytes: &[u8]) -> Vec<u8> {
    let (mut rest, mut text) = (bytes, Vec::new());
    while let [stream @ 0..=2, 0, 0, 0, a, b, c, d, content @ ..] = rest {
        let _ = stream;
        let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).unwrap_or(usize::MAX).min(content.len());
        text.extend_from_slice(&content[..length]);
        rest = &content[length..];
    }
    text.extend_from_slice(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_joined_from_its_frames() {
        let frame = |stream: u8, text: &str| {
            let mut frame = vec![stream, 0, 0, 0];
            frame.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
            frame.extend(text.as_bytes());
            frame
        };
        let log = [frame(1, "starting\n"), frame(2, "no database\n")].concat();
        assert_eq!(unframed(&log), b"starting\nno database\n");
        assert_eq!(unframed(b"of a terminal\r\n"), b"of a terminal\r\n");
        assert_eq!(unframed(&log[..log.len() - 3]), b"starting\nno databa");
    }

    #[test]
    fn recorded_tasks_read_well() {
        let text = std::fs::read(format!("{}/tests/recorded/mixed-tasks.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let tasks: Vec<Value> = serde_json::from_slice(&text).unwrap();
        let nodes = HashMap::from([("sw2mpibpaodwfw0cuctqpr7ky".to_owned(), "n3".to_owned())]);
        let read: Vec<Task> = tasks.iter().map(|task| Task::read(task, &nodes)).collect();
        let pending = read.iter().find(|task| task.state == "pending").unwrap();
        assert_eq!(pending.to_string(), ".1: pending (no suitable node (scheduling constraints not satisfied on 3 nodes))");
        assert!(read.iter().any(|task| task.to_string() == ".1 on n3: running"), "{read:?}");
    }

    #[test]
    fn an_end_without_an_error_is_explained() {
        let text = std::fs::read(format!("{}/tests/recorded/config-missing-tasks.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let tasks: Vec<Value> = serde_json::from_slice(&text).unwrap();
        let ended = tasks.iter().map(|task| Task::read(task, &HashMap::new())).find(|task| task.state == COMPLETE).unwrap();
        assert!(ended.has_ended() && !ended.has_failed() && ended.to_string().contains("unhealthy"), "{ended}");
    }
}
