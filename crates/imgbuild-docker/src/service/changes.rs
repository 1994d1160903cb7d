//! What is asked of a service, applied to its specification and to nothing else in it.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::Error;
use super::spec::{Spec, nanoseconds};
use super::values::{FailureAction, Memory, Order, Processors, Publish};

/// A service's update, one task after the other, watched for longer than Spring takes to start, and taken back where it fails.
const PARALLELISM: u64 = 1;
const DELAY: Duration = Duration::from_secs(10);
const MONITOR: Duration = Duration::from_secs(30);
/// Spring Boot ends requests in flight for up to 30 s; Docker kills after 10 s.
const STOP_GRACE_PERIOD: Duration = Duration::from_secs(40);

/// Changes of a service. What is not set stays as it is.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    /// The number of tasks.
    pub replicas: Option<u64>,
    /// Variables, `NAME=VALUE`, set or replaced.
    pub environment: Vec<String>,
    /// Names of variables that go.
    pub environment_removed: Vec<String>,
    /// Ports that are published too.
    pub publish: Vec<Publish>,
    /// Labels of the service, set or replaced.
    pub labels: Vec<(String, String)>,
    /// Constraints that are added, such as `node.role==worker`.
    pub constraints: Vec<String>,
    /// Networks that are added, by name.
    pub networks: Vec<String>,
    /// The most memory that a task may use.
    pub limit_memory: Option<Memory>,
    /// The most processors that a task may use.
    pub limit_processors: Option<Processors>,
    /// How a task's health is found out.
    pub health: Health,
    /// How long a task has to end before it is killed.
    pub stop_grace_period: Option<Duration>,
    /// How updates go.
    pub update: UpdatePolicy,
    /// Replaces every task although nothing else changed, and updates a service that another update is changing.
    pub force: bool,
}

/// A health check; what is not set stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// The command for the container's shell.
    pub command: Option<String>,
    /// The time between two checks.
    pub interval: Option<Duration>,
    /// How long a check may take.
    pub timeout: Option<Duration>,
    /// How long failures do not count after the start.
    pub start_period: Option<Duration>,
    /// How many failures in a row make a task unhealthy.
    pub retries: Option<u64>,
    /// No check, not even the image's.
    pub none: bool,
}

/// How an update goes; what is not set stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UpdatePolicy {
    /// How many tasks are replaced at a time; 0 is all of them.
    pub parallelism: Option<u64>,
    /// The pause between two steps.
    pub delay: Option<Duration>,
    /// How long a new task is watched.
    pub monitor: Option<Duration>,
    /// What happens when a task fails.
    pub failure_action: Option<FailureAction>,
    /// The share of tasks that may fail.
    pub max_failure_ratio: Option<f64>,
    /// Which of two tasks comes first.
    pub order: Option<Order>,
}

impl Changes {
    /// Applies them.
    ///
    /// # Errors
    /// When the service has no number of tasks, or a variable has no name.
    pub(super) fn apply(&self, spec: &mut Spec) -> Result<(), Error> {
        if let Some(replicas) = self.replicas {
            if spec.replicas().is_none() {
                return Err(Error::Input("the service has a task on every node, so it has no number of replicas".to_owned()));
            }
            spec.object(&["Mode", "Replicated"]).insert("Replicas".to_owned(), replicas.into());
        }
        self.apply_environment(spec)?;
        for publish in &self.publish {
            add_port(spec, publish);
        }
        for (name, value) in &self.labels {
            spec.object(&["Labels"]).insert(name.clone(), value.clone().into());
        }
        for constraint in &self.constraints {
            add(spec.list(&["TaskTemplate", "Placement"], "Constraints"), constraint.clone().into());
        }
        for network in &self.networks {
            add(spec.list(&["TaskTemplate"], "Networks"), json!({"Target": network}));
        }
        let limits =
            [("MemoryBytes", self.limit_memory.map(|memory| memory.0)), ("NanoCPUs", self.limit_processors.map(|processors| processors.0))];
        for (name, value) in limits {
            if let Some(value) = value {
                set(spec.object(&["TaskTemplate", "Resources", "Limits"]), name, value.into(), value == 0);
            }
        }
        self.health.apply(spec);
        if let Some(time) = self.stop_grace_period {
            spec.object(&["TaskTemplate", "ContainerSpec"]).insert("StopGracePeriod".to_owned(), nanoseconds(time));
        }
        self.update.apply(spec);
        if self.force {
            let next = spec.force_update() + 1;
            spec.object(&["TaskTemplate"]).insert("ForceUpdate".to_owned(), next.into());
        }
        Ok(())
    }

    fn apply_environment(&self, spec: &mut Spec) -> Result<(), Error> {
        if self.environment.is_empty() && self.environment_removed.is_empty() {
            return Ok(());
        }
        let variables = spec.list(&["TaskTemplate", "ContainerSpec"], "Env");
        let is = |entry: &Value, name: &str| entry.as_str().is_some_and(|entry| entry.split('=').next() == Some(name));
        variables.retain(|entry| !self.environment_removed.iter().any(|name| is(entry, name)));
        for variable in &self.environment {
            let name = variable.split('=').next().unwrap_or_default();
            if name.is_empty() {
                return Err(Error::Input("a variable has no name; write `NAME=VALUE`".to_owned()));
            }
            match variables.iter_mut().find(|entry| is(entry, name)) {
                Some(entry) => *entry = variable.clone().into(),
                None => variables.push(variable.clone().into()),
            }
        }
        Ok(())
    }
}

impl Health {
    fn apply(&self, spec: &mut Spec) {
        let mut wanted = Map::new();
        if self.none {
            wanted.insert("Test".to_owned(), json!(["NONE"]));
        } else if let Some(command) = &self.command {
            wanted.insert("Test".to_owned(), json!(["CMD-SHELL", command]));
        }
        let times = [("Interval", self.interval), ("Timeout", self.timeout), ("StartPeriod", self.start_period)].into_iter();
        wanted.extend(times.filter_map(|(name, time)| Some((name.to_owned(), nanoseconds(time?)))));
        wanted.extend(self.retries.map(|retries| ("Retries".to_owned(), retries.into())));
        if wanted.is_empty() {
            return;
        }
        let check = spec.object(&["TaskTemplate", "ContainerSpec", "Healthcheck"]);
        if self.none {
            check.clear();
        }
        check.extend(wanted);
    }
}

impl UpdatePolicy {
    fn apply(&self, spec: &mut Spec) {
        if *self == Self::default() {
            return;
        }
        fill(spec);
        let config = spec.object(&["UpdateConfig"]);
        if let Some(parallelism) = self.parallelism {
            config.insert("Parallelism".to_owned(), parallelism.into());
        }
        // The engine leaves times of zero out of what it answers.
        for (name, time) in [("Delay", self.delay), ("Monitor", self.monitor)] {
            if let Some(time) = time {
                set(config, name, nanoseconds(time), time.is_zero());
            }
        }
        if let Some(action) = self.failure_action {
            config.insert("FailureAction".to_owned(), action.name().into());
        }
        if let Some(ratio) = self.max_failure_ratio {
            config.insert("MaxFailureRatio".to_owned(), if ratio == 0.0 { 0.into() } else { ratio.into() });
        }
        if let Some(order) = self.order {
            config.insert("Order".to_owned(), order.name().into());
        }
    }
}

/// Says how updates go where the service does not.
fn fill(spec: &mut Spec) {
    if spec.0["UpdateConfig"].is_object() {
        return;
    }
    spec.object(&["UpdateConfig"]).extend([
        ("Parallelism".to_owned(), PARALLELISM.into()),
        ("Delay".to_owned(), nanoseconds(DELAY)),
        ("FailureAction".to_owned(), FailureAction::Rollback.name().into()),
        ("Monitor".to_owned(), nanoseconds(MONITOR)),
        ("MaxFailureRatio".to_owned(), 0.into()),
        ("Order".to_owned(), Order::StopFirst.name().into()),
    ]);
}

/// What a service gets that says nothing about it, when it is changed anyway.
pub(super) fn complete(spec: &mut Spec) {
    fill(spec);
    if spec.stop_grace_period().is_none() {
        spec.object(&["TaskTemplate", "ContainerSpec"]).insert("StopGracePeriod".to_owned(), nanoseconds(STOP_GRACE_PERIOD));
    }
}

/// What may stop a task too early, and what helps; for a specification that is [`complete`].
///
/// Without a delay Swarm takes the next task as soon as the new one runs, or has failed: which of the two it notices first, that it
/// may go on or that a task failed, is left to chance (`Run` and `worker` of swarmkit's `manager/orchestrator/update/updater.go`).
pub(super) fn risk(spec: &Spec, is_checked: bool) -> Option<(&'static str, &'static str)> {
    let at_most = |number| spec.replicas().is_some_and(|replicas| replicas <= number);
    if spec.delay() > Duration::ZERO || at_most(1) {
        return None;
    }
    if !is_checked {
        return Some((
            "there is neither a health check nor a delay: Swarm stops the next task before the new one answers",
            "add `--health-cmd COMMAND`, or an `--update-delay` longer than the application takes to start",
        ));
    }
    let has_next = spec.parallelism() > 0 && !at_most(spec.parallelism());
    let goes_on = spec.0["UpdateConfig"]["FailureAction"] == FailureAction::Continue.name();
    // With `start-first` the old task stays until the new one runs.
    (has_next && !goes_on && !spec.is_start_first()).then_some((
        "there is no delay between two tasks: where the new one fails, Swarm may stop the next before it notices",
        "`--update-delay 1s` is enough, as there is a health check",
    ))
}

fn set(object: &mut Map<String, Value>, name: &str, value: Value, is_zero: bool) {
    if is_zero {
        object.shift_remove(name);
    } else {
        object.insert(name.to_owned(), value);
    }
}

fn add(list: &mut Vec<Value>, value: Value) {
    if !list.contains(&value) {
        list.push(value);
    }
}

/// The same published port, or the same port of the container where Swarm chose the other one, is replaced.
fn add_port(spec: &mut Spec, publish: &Publish) {
    let ports = spec.list(&["EndpointSpec"], "Ports");
    let wanted = publish.to_json();
    let same = |port: &Value| {
        port["Protocol"] == wanted["Protocol"]
            && if publish.published.is_some() {
                port["PublishedPort"] == wanted["PublishedPort"]
            } else {
                port["TargetPort"] == wanted["TargetPort"]
            }
    };
    match ports.iter_mut().find(|port| same(port)) {
        Some(port) => {
            for (name, value) in wanted.as_object().into_iter().flatten() {
                port[name] = value.clone();
            }
        }
        None => ports.push(wanted),
    }
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
