//! Waits for the end of a rollout, and tells what happens meanwhile.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::event::Event;
use super::judge::{Judge, Judgement, count};
use super::outcome::{FailedTask, Outcome, Verdict};
use super::spec::Spec;
use super::task::Task;
use super::{Error, Service};
use crate::engine;

const INTERVAL: Duration = Duration::from_millis(500);
/// How long the engine may be away while it is asked again: a manager's restart takes seconds.
const LOST_LIMIT: Duration = Duration::from_mins(1);
/// What every step of an update may take beyond the pauses that it makes: pulling, starting, stopping.
const STEP_LIMIT: Duration = Duration::from_mins(2);
/// What a rollout may take beyond its steps.
const WHOLE_LIMIT: Duration = Duration::from_mins(5);

/// One look at a service.
pub(super) struct Look {
    pub(super) service: Value,
    pub(super) tasks: Vec<Value>,
}

impl Look {
    pub(super) fn spec(&self) -> Spec {
        Spec(self.service["Spec"].clone())
    }
}

/// What was told already.
#[derive(Default)]
struct Told {
    update: Option<String>,
    tasks: HashMap<String, String>,
    progress: Option<(u64, u64)>,
}

impl Service {
    /// Asks for the service and its tasks.
    pub(super) async fn look(&self) -> Result<Look, Error> {
        let service = self.inspect().await?;
        let id = service["ID"].as_str().unwrap_or(self.name()).to_owned();
        Ok(Look { tasks: self.engine().tasks(&id).await?, service })
    }

    /// How long a rollout of `spec` may take.
    fn limit(&self, spec: &Spec, tasks: usize) -> Duration {
        let tasks = spec.replicas().unwrap_or(tasks as u64).min(1_000);
        let steps = if spec.parallelism() == 0 { 1 } else { tasks.div_ceil(spec.parallelism()) };
        let step = spec.delay() + spec.monitor() + STEP_LIMIT;
        self.timeout().unwrap_or_else(|| WHOLE_LIMIT + step * u32::try_from(steps).unwrap_or(1))
    }

    /// Waits until the service is as `wanted`, or is not going to be. `before` is how it stood before the change.
    pub(super) async fn wait(&self, wanted: Spec, before: &Look, back: bool) -> Result<Outcome, Error> {
        let nodes = self.engine().node_names().await.unwrap_or_default();
        let old: HashSet<&str> =
            before.tasks.iter().filter(|task| task["DesiredState"] != "running").filter_map(|task| task["ID"].as_str()).collect();
        let until = Instant::now() + self.limit(&wanted, before.tasks.len());
        let mut judge = Judge::new(wanted.clone(), &before.service, &before.tasks, back);
        let (mut told, mut away_since) = (Told::default(), None);
        loop {
            let look = match self.look().await {
                Ok(look) => look,
                Err(Error::Engine(error)) if error.is_passing() || is_leaderless(&error) => {
                    let since: Instant = *away_since.get_or_insert_with(|| {
                        self.events().emit(&Event::Unreachable { service: self.name().to_owned(), reason: error.to_string() });
                        Instant::now()
                    });
                    if since.elapsed() > LOST_LIMIT || Instant::now() > until {
                        return Err(Error::Lost { name: self.name().to_owned(), source: error });
                    }
                    tokio::time::sleep(INTERVAL).await;
                    continue;
                }
                Err(error) => return Err(error),
            };
            away_since = None;
            let fresh: Vec<Value> =
                look.tasks.iter().filter(|task| !task["ID"].as_str().is_some_and(|id| old.contains(id))).cloned().collect();
            self.tell(&mut told, &wanted, &look.service, &fresh, &nodes);
            match judge.look(Instant::now(), &look.service, &fresh) {
                Judgement::Decided { verdict, message } => {
                    return Ok(self.outcome(verdict, message, &wanted, &look.service, &fresh, &nodes).await);
                }
                Judgement::Superseded => {
                    let image = look.spec().image().to_owned();
                    return Err(Error::Superseded { name: self.name().to_owned(), image });
                }
                Judgement::Wait { running, wanted } => {
                    if told.progress.replace((running, wanted)) != Some((running, wanted)) {
                        self.events().emit(&Event::Progress { service: self.name().to_owned(), running, wanted });
                    }
                }
            }
            if Instant::now() > until {
                let (running, all) = count(&wanted, &fresh);
                let message = Some(format!("{running} of {all} tasks run it"));
                return Ok(self.outcome(Verdict::TimedOut, message, &wanted, &look.service, &fresh, &nodes).await);
            }
            tokio::time::sleep(INTERVAL).await;
        }
    }

    fn tell(&self, told: &mut Told, wanted: &Spec, service: &Value, tasks: &[Value], nodes: &HashMap<String, String>) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (state, message) = (text(&service["UpdateStatus"]["State"]), text(&service["UpdateStatus"]["Message"]));
        if !state.is_empty() && told.update.as_ref() != Some(&state) {
            // The first look may still show the update from before.
            if told.update.is_some() || state != "completed" {
                self.events().emit(&Event::Update { service: self.name().to_owned(), state: state.clone(), message });
            }
            told.update = Some(state);
        }
        for (is_current, task) in tasks.iter().map(|task| (wanted.is_of(task), Task::read(task, nodes))) {
            let known = told.tasks.insert(task.id.clone(), task.state.clone());
            if known.as_ref() != Some(&task.state) && (known.is_some() || task.desired != "shutdown" || task.has_failed()) {
                self.events().emit(&Event::Task { service: self.name().to_owned(), task, is_current });
            }
        }
    }

    /// Puts together what there is to say.
    pub(super) async fn outcome(
        &self,
        verdict: Verdict,
        message: Option<String>,
        wanted: &Spec,
        service: &Value,
        tasks: &[Value],
        nodes: &HashMap<String, String>,
    ) -> Outcome {
        let spec = Spec(service["Spec"].clone());
        // A way back that fails is the fault of a task of the specification before.
        let named = |task: &Task| message.as_ref().is_some_and(|message| message.contains(&task.id));
        let ended = tasks.iter().map(|task| (wanted.is_of(task), Task::read(task, nodes)));
        let ended = ended.filter(|(is_ours, task)| task.has_ended() && (*is_ours || named(task))).map(|(_, task)| task);
        let culprit =
            ended.max_by(|one, other| (named(one), one.has_failed(), &one.since).cmp(&(named(other), other.has_failed(), &other.since)));
        let failed = match culprit.filter(|_| verdict.exit_code() != 0) {
            Some(task) => Some(FailedTask { log: self.engine().last_lines(&task.id).await, task }),
            None => None,
        };
        let is_shown = |task: &Task| {
            task.desired != "shutdown" || task.has_failed() || failed.as_ref().is_some_and(|failed| failed.task.id == task.id)
        };
        let mut shown: Vec<Task> = tasks.iter().map(|task| Task::read(task, nodes)).filter(is_shown).collect();
        shown.sort_by(|one, other| (one.slot, &one.node, &one.since).cmp(&(other.slot, &other.node, &other.since)));
        Outcome {
            verdict,
            service: self.name().to_owned(),
            image: if verdict == Verdict::RolledBack { spec.image() } else { wanted.image() }.to_owned(),
            message,
            health_checked: wanted.health_check().unwrap_or_else(|| self.is_image_checked()),
            tasks: shown,
            failed,
        }
    }
}

/// While a Swarm chooses a leader it says so with an error of its own.
fn is_leaderless(error: &engine::Error) -> bool {
    matches!(error, engine::Error::Status { status: 500 | 503, message, .. } if message.contains("does not have a leader") || message.contains("deadline exceeded"))
}
