use serde_json::json;

use super::*;

fn service(image: &str, replicas: u64, status: &Value) -> Value {
    json!({
        "Spec": {
            "TaskTemplate": {"ContainerSpec": {"Image": image}, "ForceUpdate": 0},
            "Mode": {"Replicated": {"Replicas": replicas}},
            "UpdateConfig": {"Monitor": 10_000_000_000_u64},
        },
        "UpdateStatus": status,
    })
}

fn task(id: &str, slot: u64, image: &str, state: &str, desired: &str, error: &str) -> Value {
    json!({
        "ID": id, "Slot": slot, "DesiredState": desired, "Status": {"State": state, "Err": error},
        "Spec": {"ContainerSpec": {"Image": image}},
    })
}

fn running(id: &str, slot: u64, image: &str) -> Value {
    task(id, slot, image, "running", "running", "")
}

fn update(state: &str) -> Value {
    json!({"State": state, "StartedAt": "2026-01-01T00:00:02Z", "Message": state})
}

struct Watch {
    judge: Judge,
    began: Instant,
}

impl Watch {
    /// A rollout from `old` to `new`, of two tasks.
    fn new(back: bool) -> Self {
        let wanted = Spec(service("new", 2, &Value::Null)["Spec"].clone());
        let before = service("old", 2, &json!({"State": "completed", "StartedAt": "2026-01-01T00:00:01Z"}));
        let tasks = [running("a", 1, "old"), running("b", 2, "old")];
        Self { judge: Judge::new(wanted, &before, &tasks, back), began: Instant::now() }
    }

    fn at(&mut self, seconds: u64, image: &str, status: &Value, tasks: &[Value]) -> Judgement {
        self.judge.look(self.began + Duration::from_secs(seconds), &service(image, 2, status), tasks)
    }
}

fn verdict(judgement: &Judgement) -> Option<Verdict> {
    match judgement {
        Judgement::Decided { verdict, .. } => Some(*verdict),
        _ => None,
    }
}

#[test]
fn success_is_that_all_run_for_as_long_as_they_are_watched() {
    let mut watch = Watch::new(false);
    let old = [running("a", 1, "old"), running("b", 2, "old")];
    assert_eq!(watch.at(0, "new", &Value::Null, &old), Judgement::Wait { running: 0, wanted: 2 });
    let half = [running("c", 1, "new"), running("b", 2, "old")];
    assert_eq!(watch.at(1, "new", &update("updating"), &half), Judgement::Wait { running: 1, wanted: 2 });
    let all = [running("c", 1, "new"), running("d", 2, "new")];
    // Swarm is content at once where failures do not count for it; we are not.
    assert_eq!(verdict(&watch.at(2, "new", &update("completed"), &all)), None);
    assert_eq!(verdict(&watch.at(11, "new", &update("completed"), &all)), None);
    assert_eq!(verdict(&watch.at(12, "new", &update("completed"), &all)), Some(Verdict::Converged));
}

#[test]
fn an_update_from_before_says_nothing() {
    let mut watch = Watch::new(false);
    let earlier = json!({"State": "paused", "StartedAt": "2026-01-01T00:00:01Z"});
    assert_eq!(verdict(&watch.at(0, "new", &earlier, &[])), None);
}

#[test]
fn completed_with_tasks_that_end_again_and_again_is_no_success() {
    for (state, error) in [("failed", "task: non-zero exit (3)"), ("complete", "")] {
        let mut watch = Watch::new(false);
        let tasks = |count: usize| -> Vec<Value> {
            let ended = (0..count).map(|number| task(&format!("c{number}"), 1, "new", state, "shutdown", error));
            ended.chain([running("d", 2, "new")]).collect()
        };
        assert_eq!(verdict(&watch.at(1, "new", &update("completed"), &tasks(1))), None);
        let judgement = watch.at(2, "new", &update("completed"), &tasks(2));
        assert_eq!(verdict(&judgement), Some(Verdict::NotRunning), "{judgement:?}");
    }
}

#[test]
fn completed_with_a_task_that_never_runs_is_no_success_in_the_end() {
    let mut watch = Watch::new(false);
    let tasks = [running("d", 2, "new"), task("c", 1, "new", "preparing", "running", "")];
    assert_eq!(verdict(&watch.at(0, "new", &update("completed"), &tasks)), None);
    assert_eq!(verdict(&watch.at(41, "new", &update("completed"), &tasks)), Some(Verdict::NotRunning));
}

#[test]
fn ways_back_and_pauses_are_told() {
    let tasks = [running("a", 1, "old"), running("b", 2, "old")];
    let mut watch = Watch::new(false);
    assert_eq!(verdict(&watch.at(1, "old", &update("rollback_started"), &tasks)), None);
    assert_eq!(verdict(&watch.at(2, "old", &update("rollback_completed"), &tasks)), Some(Verdict::RolledBack));
    assert_eq!(verdict(&Watch::new(false).at(2, "old", &update("rollback_paused"), &tasks)), Some(Verdict::Paused));
    assert_eq!(verdict(&Watch::new(false).at(2, "new", &update("paused"), &tasks)), Some(Verdict::Paused));
}

#[test]
fn a_way_back_that_was_asked_for_is_a_success() {
    let mut watch = Watch::new(true);
    let all = [running("c", 1, "new"), running("d", 2, "new")];
    assert_eq!(verdict(&watch.at(0, "new", &update("rollback_started"), &all)), None);
    assert_eq!(verdict(&watch.at(1, "new", &update("rollback_completed"), &all)), None);
    assert_eq!(verdict(&watch.at(11, "new", &update("rollback_completed"), &all)), Some(Verdict::Converged));
}

#[test]
fn somebody_elses_change_is_noticed() {
    assert_eq!(Watch::new(false).at(1, "third", &update("updating"), &[]), Judgement::Superseded);
}

#[test]
fn a_task_without_a_node_is_a_failure_after_a_while() {
    let mut watch = Watch::new(false);
    let tasks = [running("b", 2, "old"), task("c", 1, "new", "pending", "running", "no suitable node (unsupported platform on 3 nodes)")];
    assert_eq!(verdict(&watch.at(0, "new", &update("updating"), &tasks)), None);
    assert_eq!(verdict(&watch.at(14, "new", &update("updating"), &tasks)), None);
    let judgement = watch.at(15, "new", &update("updating"), &tasks);
    let Judgement::Decided { verdict: Verdict::NotRunning, message: Some(message) } = judgement else { panic!("{judgement:?}") };
    assert!(message.contains("task 1 finds no node"), "{message}");
}

#[test]
fn tasks_that_ran_before_need_not_be_watched() {
    let wanted = Spec(service("new", 2, &Value::Null)["Spec"].clone());
    let tasks = [running("a", 1, "new"), running("b", 2, "new")];
    let service = service("new", 2, &Value::Null);
    let mut judge = Judge::new(wanted, &service, &tasks, false);
    assert_eq!(verdict(&judge.look(Instant::now(), &service, &tasks)), Some(Verdict::Converged));
}

#[test]
fn an_update_that_waits_for_a_dead_node_is_told() {
    let lost = || task("c", 1, "new", "assigned", "shutdown", "");
    let half = [lost(), running("d", 1, "new"), running("b", 2, "old")];
    let mut watch = Watch::new(false);
    assert_eq!(verdict(&watch.at(0, "new", &update("updating"), &half)), None);
    assert_eq!(verdict(&watch.at(19, "new", &update("updating"), &half)), None);
    assert_eq!(verdict(&watch.at(20, "new", &update("updating"), &half)), Some(Verdict::NotRunning));
    // Where every task runs all the same, that is what counts.
    let all = [lost(), running("d", 1, "new"), running("e", 2, "new")];
    let mut watch = Watch::new(false);
    assert_eq!(verdict(&watch.at(0, "new", &update("updating"), &all)), None);
    assert_eq!(verdict(&watch.at(20, "new", &update("updating"), &all)), Some(Verdict::Converged));
}
