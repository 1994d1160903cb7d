use imgbuild_testkit::peers::{Authentication, Engine, ServerImage};

use crate::site::{Ended, Site};

#[test]
fn what_cannot_be_done_is_said_before_anything_is_changed() {
    let Some(site) = Site::start(&[std::env::consts::ARCH, std::env::consts::ARCH], &Authentication::None) else { return };
    let one = site.push(&ServerImage::new("one"), "koin/api:1");
    site.create(&one, &[]);
    let version = site.inspect()["Version"].clone();
    let next = site.push(&ServerImage::new("two"), "koin/api:2");
    let says = |arguments: &[&str], code: i32, words: &[&str]| {
        let ended = site.run(arguments);
        assert!(ended.code == code && words.iter().all(|word| ended.text.contains(word)), "{arguments:?}: {ended:?}");
    };
    says(&["service", "update", "api", "--image", &next], 1, &["no service `api`", "service create"]);
    says(&["service", "create", "--name", "web", &next], 1, &["`web` already", "service update"]);
    says(
        &["service", "update", "web", "--image", &next, "--update-order", "start-first", "--publish", "mode=host,target=80,published=8080"],
        1,
        &["8080", "stop-first"],
    );
    says(&["service", "update", "web", "--image", "127.0.0.1:1/koin/api:1"], 5, &["127.0.0.1:1"]);
    let absent = format!("{}/koin/api:absent", site.registry());
    says(&["service", "update", "web", "--image", &absent], 5, &["absent"]);
    says(&["service", "update", "web", "--image", &next, "--limit-memory", "much"], 2, &["much"]);
    says(&["service", "update", "web", "--image", &next, "--constraint", "node.hostname==n9"], 1, &["no node is ready"]);
    says(&["service", "scale", "web=many"], 2, &["many"]);
    assert_eq!(site.inspect()["Version"], version);

    // A worker names its manager.
    let worker = site.0.node(1).host();
    let ended = Ended::of(&site.imgbuild_for(&worker, &["service", "ps", "web"]).output().unwrap());
    assert!(ended.code == 1 && ended.text.contains("a worker") && ended.text.contains("10.77.0.1"), "{}", ended.text);
    let ended = Ended::of(&site.imgbuild_for(&worker, &["prune"]).output().unwrap());
    assert!(ended.code == 1 && ended.text.contains("--manager"), "{}", ended.text);
}

#[test]
fn an_engine_without_a_swarm_says_how_to_make_one() {
    let Some(engine) = Engine::start() else { return };
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_imgbuild"));
    let ended = Ended::of(&command.args(["service", "ps", "web"]).env("DOCKER_HOST", engine.host()).output().unwrap());
    assert_eq!(ended.code, 1, "{}", ended.text);
    for words in [
        "is not a manager",
        "docker swarm init --advertise-addr",
        "docker swarm join --token",
        "2377/tcp",
        "7946/tcp",
        "7946/udp",
        "4789/udp",
    ] {
        assert!(ended.text.contains(words), "{}", ended.text);
    }
}
