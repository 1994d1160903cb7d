//! Judges a rollout by what the engine says of the service and its tasks: values in, a verdict out, no I/O.
//!
//! What Swarm calls `completed` is not taken for success: it says so too when nothing runs. Success is that every task that
//! should run is of the new specification, runs, and has done so for as long as new tasks are watched.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::outcome::Verdict;
use super::spec::Spec;

/// How long a task may find no node, beyond the time that the task before it has to end: its resources come free then.
const PENDING_LIMIT: Duration = Duration::from_secs(15);
/// How often a task may end in one slot before it is called a loop.
const FAILURES_LIMIT: usize = 2;
/// How long the tasks of an update that is over may take to run, beyond the time that they are watched.
const SETTLE_LIMIT: Duration = Duration::from_secs(30);

/// How long a task that shall end may not even have begun: its node does not answer then, and Swarm's update waits for it.
const STALL_LIMIT: Duration = Duration::from_secs(20);

/// What one look at the service says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Not decided yet.
    Wait {
        /// Tasks that run what they should.
        running: u64,
        /// Tasks that there should be.
        wanted: u64,
    },
    /// Decided.
    Decided {
        /// How.
        verdict: Verdict,
        /// What Swarm says, or what is wrong.
        message: Option<String>,
    },
    /// Somebody else changed the service.
    Superseded,
}

/// Follows one rollout.
#[derive(Debug)]
pub(super) struct Judge {
    /// What the tasks should be made from.
    wanted: Spec,
    /// The update that was there before ours, by its start.
    earlier: Option<String>,
    /// Whether the rollout is itself a way back.
    back: bool,
    /// When a task of ours was first seen running; `None` is long ago.
    running_since: HashMap<String, Option<Instant>>,
    pending_since: HashMap<String, Instant>,
    over_since: Option<Instant>,
    stalled_since: HashMap<String, Instant>,
    progress: Option<(u64, Instant)>,
}

impl Judge {
    /// One for a service that is to be as `wanted`. `tasks` are those from before the change: what runs already need not be
    /// watched.
    pub(super) fn new(wanted: Spec, before: &Value, tasks: &[Value], back: bool) -> Self {
        let running = tasks.iter().filter(|task| wanted.is_of(task) && is_running(task));
        Self {
            earlier: started_at(before).map(str::to_owned),
            running_since: running.filter_map(|task| Some((task["ID"].as_str()?.to_owned(), None))).collect(),
            wanted,
            back,
            pending_since: HashMap::new(),
            over_since: None,
            stalled_since: HashMap::new(),
            progress: None,
        }
    }

    /// Looks at the service and its tasks.
    pub(super) fn look(&mut self, now: Instant, service: &Value, tasks: &[Value]) -> Judgement {
        let spec = Spec(service["Spec"].clone());
        let status = Some(&service["UpdateStatus"]).filter(|_| started_at(service) != self.earlier.as_deref());
        let state = status.and_then(|status| status["State"].as_str()).unwrap_or_default();
        let said = status.and_then(|status| status["Message"].as_str()).filter(|message| !message.is_empty()).map(str::to_owned);
        let decided = |verdict, message| Judgement::Decided { verdict, message };
        if !spec.same_tasks(&self.wanted) && (self.back || !state.starts_with("rollback")) {
            return Judgement::Superseded;
        }
        match state {
            "paused" | "rollback_paused" => return decided(Verdict::Paused, said),
            "rollback_completed" if !self.back => return decided(Verdict::RolledBack, said),
            _ => {}
        }
        if let Some(message) = self.stuck(now, &spec, tasks) {
            return decided(Verdict::NotRunning, Some(message));
        }
        let (running, wanted) = count(&spec, tasks);
        let steady_for = self.steady_for(now, &spec, tasks);
        let is_going_on = matches!(state, "updating" | "rollback_started");
        let is_old_one_there = tasks.iter().any(|task| is_wanted(task) && !spec.is_of(task));
        let is_done = running >= wanted && !is_old_one_there && steady_for >= spec.monitor();
        if is_going_on || (!self.back && state.starts_with("rollback")) {
            self.over_since = None;
            return match self.stalled(now, &spec, tasks, running) {
                Some(message) if is_done => decided(Verdict::Converged, Some(message)),
                Some(message) => decided(Verdict::NotRunning, Some(message)),
                None => Judgement::Wait { running, wanted },
            };
        }
        if is_done {
            return decided(Verdict::Converged, said);
        }
        let over_since = *self.over_since.get_or_insert(now);
        if let Some(slot) = looping(&spec, tasks).filter(|_| running < wanted) {
            return decided(Verdict::NotRunning, Some(format!("{slot} ends again and again")));
        }
        let is_over = matches!(state, "completed" | "rollback_completed");
        if is_over && running < wanted && now.duration_since(over_since) > spec.monitor() + SETTLE_LIMIT {
            return decided(Verdict::NotRunning, Some(format!("{running} of {wanted} tasks run")));
        }
        Judgement::Wait { running, wanted }
    }

    /// How long the task that was started last has been seen running.
    fn steady_for(&mut self, now: Instant, spec: &Spec, tasks: &[Value]) -> Duration {
        let running: HashSet<&str> =
            tasks.iter().filter(|task| spec.is_of(task) && is_running(task)).filter_map(|task| task["ID"].as_str()).collect();
        self.running_since.retain(|id, _| running.contains(id.as_str()));
        for id in running {
            self.running_since.entry(id.to_owned()).or_insert(Some(now));
        }
        let times = self.running_since.values().map(|since| since.map_or(Duration::MAX, |since| now.duration_since(since)));
        times.min().unwrap_or(Duration::MAX)
    }

    /// What is said of an update that waits for a task on a node that does not answer. Such a task was replaced already, but
    /// Swarm's update does not notice.
    fn stalled(&mut self, now: Instant, spec: &Spec, tasks: &[Value], running: u64) -> Option<String> {
        let unheard = |task: &&Value| {
            let state = task["Status"]["State"].as_str().unwrap_or_default();
            spec.is_of(task)
                && task["DesiredState"] == "shutdown"
                && matches!(state, "new" | "assigned" | "accepted" | "preparing" | "ready" | "starting")
        };
        let waited: Vec<&Value> = tasks.iter().filter(unheard).collect();
        self.stalled_since.retain(|id, _| waited.iter().any(|task| task["ID"] == id.as_str()));
        let (_, progressed) = self.progress.filter(|(count, _)| *count == running).unwrap_or((running, now));
        self.progress = Some((running, progressed));
        let is_still = now.duration_since(progressed) >= STALL_LIMIT + spec.delay();
        waited.into_iter().find_map(|task| {
            let since = *self.stalled_since.entry(task["ID"].as_str()?.to_owned()).or_insert(now);
            let is_stalled = is_still && now.duration_since(since) >= STALL_LIMIT;
            is_stalled
                .then(|| format!("Swarm's update waits for an earlier {} on a node that does not answer, and goes no further", place(task)))
        })
    }

    /// What is said of a task that has been without a node for too long.
    fn stuck(&mut self, now: Instant, spec: &Spec, tasks: &[Value]) -> Option<String> {
        let without_node = |task: &&Value| {
            let reason = task["Status"]["Err"].as_str().unwrap_or_default();
            is_wanted(task) && task["Status"]["State"] == "pending" && reason.contains("no suitable node")
        };
        let pending: Vec<&Value> = tasks.iter().filter(without_node).collect();
        self.pending_since.retain(|id, _| pending.iter().any(|task| task["ID"] == id.as_str()));
        let limit = PENDING_LIMIT + spec.stop_grace_period().unwrap_or_default();
        pending.into_iter().find_map(|task| {
            let since = *self.pending_since.entry(task["ID"].as_str()?.to_owned()).or_insert(now);
            let reason = task["Status"]["Err"].as_str().unwrap_or_default();
            (now.duration_since(since) >= limit).then(|| format!("{} finds no node: {reason}", place(task)))
        })
    }
}

fn started_at(service: &Value) -> Option<&str> {
    service["UpdateStatus"]["StartedAt"].as_str()
}

/// Whether Swarm wants a task to run, now or as soon as the one before it has ended.
fn is_wanted(task: &Value) -> bool {
    matches!(task["DesiredState"].as_str(), Some("running" | "ready" | "accepted"))
}

fn is_running(task: &Value) -> bool {
    task["DesiredState"] == "running" && task["Status"]["State"] == "running"
}

/// Tasks of `spec` that run, a slot or node each, and how many there should be.
pub(super) fn count(spec: &Spec, tasks: &[Value]) -> (u64, u64) {
    let places = |tasks: &mut dyn Iterator<Item = &Value>| tasks.map(place).collect::<HashSet<_>>().len() as u64;
    let running = places(&mut tasks.iter().filter(|task| spec.is_of(task) && is_running(task)));
    let wanted = spec.replicas().unwrap_or_else(|| places(&mut tasks.iter().filter(|task| is_wanted(task))));
    (running, wanted)
}

/// A slot, or a node where there are no slots.
fn place(task: &Value) -> String {
    match task["Slot"].as_u64().filter(|slot| *slot > 0) {
        Some(slot) => format!("task {slot}"),
        None => format!("the task of node {}", task["NodeID"].as_str().unwrap_or("(none)")),
    }
}

/// A place whose tasks of `spec` end again and again, none of them running.
fn looping(spec: &Spec, tasks: &[Value]) -> Option<String> {
    let mut ends: HashMap<String, usize> = HashMap::new();
    let own = || tasks.iter().filter(|task| spec.is_of(task));
    for task in own().filter(|task| has_ended(task)) {
        *ends.entry(place(task)).or_default() += 1;
    }
    for task in own().filter(|task| is_running(task)) {
        ends.remove(&place(task));
    }
    ends.into_iter().filter(|(_, count)| *count >= FAILURES_LIMIT).map(|(place, _)| place).min()
}

/// Whether a task's program ended, whatever its code: no task of a service should.
fn has_ended(task: &Value) -> bool {
    matches!(task["Status"]["State"].as_str(), Some("failed" | "rejected" | "complete"))
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
