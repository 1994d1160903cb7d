#![cfg(target_arch = "x86_64")]

use imgbuild_testkit::peers::{Authentication, ServerImage};

use crate::site::{Ended, PORTS, Site};

#[test]
fn a_node_that_the_image_does_not_cover_stops_it_before_and_a_node_that_dies_is_told_truthfully() {
    let Some(mut site) = Site::start(&["x86_64", "x86_64", "aarch64"], &Authentication::None) else { return };
    let both = site.push(&ServerImage::new("both"), "koin/api:1");
    let amd64 = site.push(&ServerImage::new("amd64").platforms(&["linux/amd64"]), "koin/api:amd64");
    let next = site.push(&ServerImage::new("next"), "koin/api:2");
    site.create(&both, &[]);
    let (tasks, version) = (site.running(), site.inspect()["Version"].clone());

    let refused = site.update(&amd64, &[]);
    assert_eq!(refused.code, 1, "{}", refused.text);
    assert!(refused.text.contains("`n3` (`linux/arm64`)") && refused.text.contains("--platform"), "{}", refused.text);
    assert_eq!((site.running(), &site.inspect()["Version"]), (tasks, &version));

    // With the two-architecture index it rolls, and a worker dies on the way.
    let child = site.imgbuild(&["service", "update", "web", "--image", &next, "--update-delay", "3s"]);
    let child = child_of(child);
    std::thread::sleep(std::time::Duration::from_secs(3));
    site.0.cut_off(1);
    let ended = Ended::of(&child.wait_with_output().unwrap());
    let probe = site.0.probe(site.0.slots(&PORTS)).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    let seen = probe.end();
    // Swarm's own update may wait for the dead node for ever, and says `updating` all the time.
    if ended.code == 12 {
        assert!(ended.text.contains("does not answer"), "{}", ended.text);
    } else {
        assert_eq!(ended.code, 0, "{}", ended.text);
        assert_eq!(seen["minimum"], 3, "{seen}");
        let status = site.run(&["service", "ps", "--json", "web"]);
        let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
        assert!(status["running"] == 3 && status["image"].as_str().unwrap().starts_with(&next), "{status}");
    }
}

fn child_of(mut command: std::process::Command) -> std::process::Child {
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    command.spawn().unwrap()
}
