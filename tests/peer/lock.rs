//! With a lock, a real registry is asked for nothing of its base: no layer, no configuration, no manifest.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeSet;
use std::process::Command;

use imgbuild_testkit::peers;

use crate::scenario::{Scenario, finished};

/// The digests of what was fetched, blobs and manifests alike.
fn fetched(scenario: &Scenario) -> BTreeSet<String> {
    let log = scenario.registry.proxy().log();
    let gets = log.iter().filter(|access| access.method == "GET");
    let parts = gets.filter_map(|access| access.path.split_once("/blobs/").or_else(|| access.path.split_once("/manifests/")));
    parts.map(|(_, digest)| digest.to_owned()).collect()
}

/// Digests in a document of the base.
fn listed(document: &str) -> Vec<String> {
    document.match_indices("sha256:").map(|(at, _)| document[at..].chars().take(71).collect()).collect()
}

/// The layers of the base.
fn layers_of_base() -> Option<BTreeSet<String>> {
    let base = peers::base()?;
    let read = |digest: &str| std::fs::read(base.join("blobs").join(digest.replace(':', "/"))).unwrap();
    let mut ahead = listed(&std::fs::read_to_string(base.join("index.json")).unwrap());
    let mut layers = BTreeSet::new();
    while let Some(digest) = ahead.pop() {
        let document: serde_json::Value = serde_json::from_slice(&read(&digest)).unwrap();
        let of = |key: &str| document[key].as_array().cloned().unwrap_or_default().into_iter();
        let digest = |value: &serde_json::Value| value["digest"].as_str().map(str::to_owned);
        // Attestations are of no platform.
        ahead.extend(of("manifests").filter(|child| child["platform"]["os"] != "unknown").filter_map(|child| digest(&child)));
        layers.extend(of("layers").filter_map(|layer| digest(&layer)));
    }
    Some(layers)
}

fn run(command: &mut Command, scenario: &Scenario) -> String {
    scenario.registry.proxy().clear_log();
    String::from_utf8_lossy(&finished(command).stdout).into_owned()
}

#[test]
fn a_build_with_a_lock_gets_nothing_of_the_base() {
    let Some(layers) = layers_of_base() else { return };
    assert_eq!(layers.len(), 4);
    let Some(scenario) = Scenario::with_jar(imgbuild_testkit::fixtures::path("app.jar")) else { return };
    let first = run(scenario.command("writer").arg("--lock"), &scenario);
    assert!(fetched(&scenario).is_superset(&layers), "the base is read once: {:?}", fetched(&scenario));

    // Nothing is known on this machine, and the image is pushed anew.
    for (cache, target) in [("second", "koin/second:1"), ("third", "koin/third:1")] {
        let target = format!("{}/{target}", scenario.registry.address());
        let mut command = scenario.command("writer");
        command.env("IMGBUILD_CACHE_DIR", scenario.home.path(cache)).args(["--tag", &target, "--locked"]);
        let pushed = run(&mut command, &scenario);
        assert_eq!(pushed.lines().next().unwrap().rsplit('@').next(), first.trim_end().rsplit('@').next());
        assert_eq!(fetched(&scenario), BTreeSet::new());
    }
}
