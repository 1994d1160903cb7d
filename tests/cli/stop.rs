//! Signals: a push stops at once, takes back what it began, and no tag has moved.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use imgbuild_testkit::home::{Ended, files_in};
use imgbuild_testkit::registry::{What, When};

use crate::support::{Site, run};

/// Longer than any test waits.
const STALL: Duration = Duration::from_mins(2);

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_mins(1), "{what} never happened");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Pushes to a registry that has taken the first byte of a blob and takes no more, and sends the signal then.
fn stopped_by(name: &str) -> (Site, String, Ended, Duration) {
    let site = Site::start();
    let before = run(&mut site.push("writer")).digest().to_owned();
    site.home.write_config("another");
    site.registry.clear_log();
    site.registry.inject(When::request("PUT", "/blobs/uploads/").then(What::StallRequestAt(0, STALL)));
    let mut command = site.push("writer");
    let child = command.args(["--metadata-file", "m.json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    wait_until("an upload", || site.registry.count("PUT", "/blobs/uploads/") > 0);
    let asked = Instant::now();
    signal(&child, name);
    let ended = Ended::from(child.wait_with_output().unwrap());
    (site, before, ended, asked.elapsed())
}

#[test]
fn a_signal_stops_a_push_and_the_tag_stays() {
    for (name, code) in [("-TERM", 143), ("-INT", 130), ("-HUP", 129)] {
        let (site, before, ended, took) = stopped_by(name);
        let said = ended.refused(code);
        assert!(said.contains("no tag has moved"), "{said}");
        assert!(took < Duration::from_secs(10), "{name}: {took:?}");
        assert_eq!(site.registry.manifest("koin/api", "1").unwrap().digest, before, "{name}: the tag has moved");
        assert_eq!(site.registry.manifests("koin/api").len(), 3, "{name}: something beside the first image");
        assert_eq!(site.registry.open_uploads(), 0, "{name}: an upload was left open");
        assert_eq!(site.home.temporary_files(), Vec::<String>::new(), "{name}");
        assert_eq!(files_in(&site.home.path("cache/v1/tmp")), Vec::<String>::new(), "{name}");
        assert!(!site.home.path("m.json").exists(), "{name}");
        let left: Vec<String> = files_in(site.home.folder()).into_iter().filter(|name| name.starts_with(".imgbuild")).collect();
        assert_eq!(left, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn a_killed_build_is_made_good_by_the_next_one() {
    let site = Site::start();
    site.registry.inject(When::request("PUT", "/blobs/uploads/").times(1).then(What::StallRequestAt(0, STALL)));
    let mut child = site.push("writer").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until("an upload", || site.registry.count("PUT", "/blobs/uploads/") > 0);
    signal(&child, "-KILL");
    child.wait().unwrap();
    assert_eq!(site.registry.tags("koin/api"), Vec::<String>::new());
    site.registry.clear_faults();
    let after = run(&mut site.push("writer"));
    let fresh = run(site.push("writer").env("IMGBUILD_CACHE_DIR", "fresh"));
    assert_eq!(after.digest(), fresh.digest());
}
