use super::*;

fn recorded() -> Spec {
    let text = std::fs::read(format!("{}/tests/recorded/config-missing-services-cfg.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let service: Value = serde_json::from_slice(&text).unwrap();
    Spec(service["Spec"].clone())
}

fn changed(changes: &Changes) -> Spec {
    let mut spec = recorded();
    changes.apply(&mut spec).unwrap();
    spec
}

#[test]
fn nothing_asked_changes_nothing() {
    assert_eq!(changed(&Changes::default()), recorded());
}

#[test]
fn what_is_asked_twice_changes_nothing_more() {
    let changes = Changes {
        replicas: Some(4),
        environment: vec!["PORT=1".into(), "NEW=a=b".into()],
        publish: vec!["8080:80".parse().unwrap(), "81".parse().unwrap()],
        labels: vec![("a".into(), "b".into())],
        constraints: vec!["node.role==worker".into()],
        limit_memory: Some(Memory(1 << 30)),
        limit_processors: Some(Processors(5)),
        health: Health { command: Some("check".into()), interval: Some(Duration::from_secs(1)), retries: Some(3), ..Health::default() },
        stop_grace_period: Some(Duration::from_secs(9)),
        update: UpdatePolicy { delay: Some(Duration::ZERO), order: Some(Order::StartFirst), ..UpdatePolicy::default() },
        ..Changes::default()
    };
    let once = changed(&changes);
    let mut twice = once.clone();
    changes.apply(&mut twice).unwrap();
    assert_eq!(once, twice);
    assert_eq!(once.0["TaskTemplate"]["ContainerSpec"]["Env"], json!(["PORT=1", "NEW=a=b"]));
    assert_eq!(once.0["UpdateConfig"].get("Delay"), None);
    assert_eq!(once.0["UpdateConfig"]["Monitor"], json!(1_000_000_000));
    assert!(once.is_start_first());
    // What nobody asked for is still there.
    assert_eq!(once.0["TaskTemplate"]["ContainerSpec"]["Configs"], recorded().0["TaskTemplate"]["ContainerSpec"]["Configs"]);
}

#[test]
fn a_variable_is_removed_and_one_without_a_name_refused() {
    let without = changed(&Changes { environment_removed: vec!["PORT".into()], ..Changes::default() });
    assert_eq!(without.0["TaskTemplate"]["ContainerSpec"]["Env"], json!([]));
    assert!(Changes { environment: vec!["=x".into()], ..Changes::default() }.apply(&mut recorded()).is_err());
}

#[test]
fn a_service_without_a_say_gets_a_careful_update_and_time_to_end() {
    let mut spec = Spec::new("web", "a");
    complete(&mut spec);
    assert_eq!((spec.parallelism(), spec.delay(), spec.monitor()), (1, DELAY, MONITOR));
    assert_eq!(spec.0["UpdateConfig"]["FailureAction"], "rollback");
    assert_eq!(spec.stop_grace_period(), Some(STOP_GRACE_PERIOD));
    let mut own = recorded();
    complete(&mut own);
    assert_eq!(own, recorded());
}

#[test]
fn force_counts_up_and_a_global_service_has_no_replicas() {
    assert_eq!(changed(&Changes { force: true, ..Changes::default() }).force_update(), 1);
    let mut global = Spec(json!({"Mode": {"Global": {}}}));
    assert!(Changes { replicas: Some(2), ..Changes::default() }.apply(&mut global).is_err());
}

#[test]
fn no_health_check_replaces_one() {
    let mut spec = changed(&Changes { health: Health { command: Some("x".into()), ..Health::default() }, ..Changes::default() });
    assert_eq!(spec.health_check(), Some(true));
    Changes { health: Health { none: true, ..Health::default() }, ..Changes::default() }.apply(&mut spec).unwrap();
    assert_eq!(spec.health_check(), Some(false));
    assert_eq!(spec.container()["Healthcheck"], json!({"Test": ["NONE"]}));
}

#[test]
fn what_may_stop_two_tasks_at_a_time_is_told() {
    let spec = |mode: Value, delay: u64| Spec(json!({"Mode": mode, "UpdateConfig": {"Delay": delay}}));
    let (three, one, global) = (json!({"Replicated": {"Replicas": 3}}), json!({"Replicated": {"Replicas": 1}}), json!({"Global": {}}));
    let table = [
        (&three, 0, false, Some("neither a health check nor a delay")),
        (&three, 0, true, Some("where the new one fails")),
        (&global, 0, true, Some("where the new one fails")),
        (&three, 1, false, None),
        (&three, 1, true, None),
        (&one, 0, false, None),
        (&one, 0, true, None),
    ];
    for (mode, delay, is_checked, wanted) in table {
        let told = risk(&spec(mode.clone(), delay), is_checked).map(|(what, _)| what);
        assert_eq!(told.is_some(), wanted.is_some(), "{mode} {delay} {is_checked}: {told:?}");
        assert!(told.unwrap_or_default().contains(wanted.unwrap_or_default()), "{mode} {delay} {is_checked}: {told:?}");
    }
    // These do not wait to notice, keep the old task, or have no next one.
    for (name, value) in
        [("FailureAction", json!("continue")), ("Order", json!("start-first")), ("Parallelism", json!(0)), ("Parallelism", json!(3))]
    {
        let mut safe = spec(three.clone(), 0);
        safe.0["UpdateConfig"][name] = value;
        assert_eq!(risk(&safe, true), None, "{safe:?}");
        assert!(risk(&safe, false).is_some(), "{safe:?}");
    }
}
