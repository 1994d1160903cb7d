//! With a lock, a real registry is asked for no layer of its base, and once its documents are known for no blob at all.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeSet;
use std::process::Command;

use imgbuild_testkit::peers;

use crate::scenario::{Scenario, finished};

/// The digests of the blobs that were fetched.
fn fetched(scenario: &Scenario) -> BTreeSet<String> {
    let log = scenario.registry.proxy().log();
    let gets = log.iter().filter(|access| access.method == "GET");
    gets.filter_map(|access| access.path.split_once("/blobs/")).map(|(_, digest)| digest.to_owned()).collect()
}

/// Digests in a document of the base: of its layers, or of everything that is listed.
fn listed(document: &str) -> Vec<String> {
    document.match_indices("sha256:").map(|(at, _)| document[at..].chars().take(71).collect()).collect()
}

/// The layers of the base and its configurations.
fn blobs_of_base() -> Option<(BTreeSet<String>, BTreeSet<String>)> {
    let base = peers::base()?;
    let read = |digest: &str| std::fs::read(base.join("blobs").join(digest.replace(':', "/"))).unwrap();
    let index = std::fs::read_to_string(base.join("index.json")).unwrap();
    let (mut layers, mut configs) = (BTreeSet::new(), BTreeSet::new());
    let mut ahead = listed(&index);
    while let Some(digest) = ahead.pop() {
        let document: serde_json::Value = serde_json::from_slice(&read(&digest)).unwrap();
        let of = |key: &str| document[key].as_array().cloned().unwrap_or_default().into_iter();
        let digest = |value: &serde_json::Value| value["digest"].as_str().map(str::to_owned);
        // Attestations are of no platform.
        let images = of("manifests").filter(|child| child["platform"]["os"] != "unknown");
        ahead.extend(images.filter_map(|child| digest(&child)));
        layers.extend(of("layers").filter_map(|layer| digest(&layer)));
        configs.extend(digest(&document["config"]));
    }
    Some((layers, configs))
}

fn run(command: &mut Command, scenario: &Scenario) -> String {
    scenario.registry.proxy().clear_log();
    String::from_utf8_lossy(&finished(command).stdout).into_owned()
}

#[test]
fn a_build_with_a_lock_gets_no_blob_of_the_base() {
    let Some((layers, configs)) = blobs_of_base() else { return };
    assert_eq!((layers.len(), configs.len()), (4, 2));
    let Some(scenario) = Scenario::with_jar(imgbuild_testkit::fixtures::path("app.jar")) else { return };
    let first = run(scenario.command("writer").arg("--lock"), &scenario);
    assert!(fetched(&scenario).is_superset(&layers), "the base is read once: {:?}", fetched(&scenario));

    // Nothing is known on this machine, and the image is pushed anew.
    let fresh = |command: &mut Command, cache: &str, target: &str| {
        let target = format!("{}/{target}", scenario.registry.address());
        command.env("IMGBUILD_CACHE_DIR", scenario.home.path(cache)).args(["--tag", &target, "--locked"]);
    };
    for (cache, target) in [("second", "koin/second:1"), ("third", "koin/third:1")] {
        let mut command = scenario.command("writer");
        fresh(&mut command, cache, target);
        let pushed = run(&mut command, &scenario);
        assert_eq!(pushed.lines().next().unwrap().rsplit('@').next(), first.trim_end().rsplit('@').next());
        assert_eq!(fetched(&scenario), configs, "configurations alone, which are what is patched");
    }
    // Its documents are known now: another configuration is built without a single blob of the base.
    scenario.home.write_config("another greeting");
    let mut command = scenario.command("writer");
    fresh(&mut command, "third", "koin/fourth:1");
    run(&mut command, &scenario);
    assert_eq!(fetched(&scenario), BTreeSet::new());
}
