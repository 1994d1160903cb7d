use imgbuild_testkit::peers::{Authentication, ServerImage};

use crate::site::{PORTS, Site};

/// Three tasks that take a moment to start are replaced one by one; at every moment two answer.
fn rolls_without_a_gap(machines: &[&str]) {
    let Some(site) = Site::start(machines, &Authentication::None) else { return };
    let old = site.push(&ServerImage::new("old").environment("START_MS", "700").check(), "koin/api:1");
    let new = site.push(&ServerImage::new("new").environment("START_MS", "700").check(), "koin/api:2");
    site.create(&old, &[]);
    let Some(probe) = site.0.probe(site.0.slots(&PORTS)) else { return };
    std::thread::sleep(std::time::Duration::from_millis(500));

    let updated = site.update(&new, &[]);
    let seen = probe.end();
    assert_eq!(updated.code, 0, "{}", updated.text);
    assert!(updated.stdout.contains("3 of 3 tasks healthy"), "{}", updated.stdout);
    assert!(seen["minimum"].as_u64() >= Some(2) && seen["rounds"].as_u64() > Some(20), "{seen}");
    for port in PORTS {
        assert_eq!(seen["texts"][port.to_string()], serde_json::json!(["old", "new"]), "{seen}");
    }
    let image = site.inspect()["Spec"]["TaskTemplate"]["ContainerSpec"]["Image"].as_str().unwrap().to_owned();
    assert!(image.starts_with(&format!("{new}@sha256:")), "{image}");
    assert_eq!(site.inspect()["Spec"]["TaskTemplate"]["ForceUpdate"].as_u64().unwrap_or_default(), 0);

    // The same again, and the same under another tag: nothing is restarted.
    let tasks = site.running();
    let twin = site.push(&ServerImage::new("new").environment("START_MS", "700").check(), "koin/api:latest");
    let version = site.inspect()["Version"].clone();
    for image in [&new, &twin] {
        let again = site.update(image, &[]);
        assert!(again.code == 0 && again.stdout.starts_with("already running"), "{}", again.text);
    }
    assert_eq!((site.running(), &site.inspect()["Version"]), (tasks, &version));
}

#[test]
fn one_node_rolls_without_a_gap_and_then_leaves_it_alone() {
    rolls_without_a_gap(&[std::env::consts::ARCH]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn three_nodes_of_two_machines_roll_without_a_gap() {
    rolls_without_a_gap(&["x86_64", "x86_64", "aarch64"]);
}

#[test]
fn what_nobody_asked_for_survives_an_update() {
    let Some(site) = Site::single() else { return };
    let (one, two) = (site.push(&ServerImage::new("one"), "koin/api:1"), site.push(&ServerImage::new("two"), "koin/api:2"));
    let engine = site.0.manager();
    std::fs::write(site.0.folder().join("s"), "secret").unwrap();
    let file = site.0.folder().join("s").display().to_string();
    engine.run(["secret", "create", "password", &file]);
    engine.run(
        [
            "service",
            "create",
            "--quiet",
            "--name=web",
            "--network=host",
            "--secret=password",
            "--label=team=koin",
            "--container-label=tier=web",
            "--health-cmd=/server check",
            "--health-interval=1s",
            "--env=PORT=9101",
            "--env=KEEP=a=b",
            "--limit-memory=64m",
            "--log-opt=max-size=1m",
            "--ulimit=nofile=1024:2048",
            "--cap-drop=NET_RAW",
            "--sysctl=net.ipv4.ping_group_range=0 0",
            "--restart-delay=1s",
            "--hosts=10.0.0.1 db",
            "--mount=type=tmpfs,target=/tmp",
            "--rollback-parallelism=2",
            "--update-delay=0s",
            "--update-monitor=2s",
            "--stop-grace-period=7s",
            &one,
        ]
        .iter()
        .filter(|word| !word.starts_with("--sysctl") && !word.starts_with("--hosts")),
    );
    let before = site.inspect()["Spec"].clone();
    let updated = site.update(&two, &["--env", "NEW=1"]);
    assert_eq!(updated.code, 0, "{}", updated.text);

    let mut after = site.inspect()["Spec"].clone();
    let mut expected = before;
    let container = &mut expected["TaskTemplate"]["ContainerSpec"];
    container["Image"] = after["TaskTemplate"]["ContainerSpec"]["Image"].clone();
    container["Env"].as_array_mut().unwrap().push("NEW=1".into());
    let good = after["Labels"].as_object_mut().unwrap().shift_remove("dev.imgbuild.last-good").unwrap();
    assert!(good.as_str().unwrap().starts_with(&one), "{good}");
    assert_eq!(after["TaskTemplate"]["Placement"]["Platforms"].as_array().unwrap().len(), 2);
    expected["TaskTemplate"]["Placement"] = after["TaskTemplate"]["Placement"].clone();
    assert_eq!(after, expected);
}
