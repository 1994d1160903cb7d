//! Registries that refuse, are away or are slow; and one that takes it.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{CANARY, Site, fixture, home, run};

#[test]
fn the_result_is_one_line_and_the_metadata_file_says_the_rest() {
    let site = Site::start();
    let ended = run(site.push("writer").args(["--tag", &site.name("2"), "--metadata-file", "m.json"]));
    assert_eq!(ended.result(), format!("{}@{}", site.name("1"), ended.digest()));
    assert_eq!(site.registry.tags("koin/api"), ["1", "2"]);
    let metadata: Value = serde_json::from_slice(&std::fs::read(site.home.path("m.json")).unwrap()).unwrap();
    assert_eq!(metadata["digest"], ended.digest());
    assert_eq!(metadata["unchanged"], false);
    assert_eq!(metadata["bytesSent"], site.bytes_sent(), "the metadata file and the registry agree");
    assert_eq!(metadata["platforms"].as_array().unwrap().len(), 2);
    let all = format!("{}{}{metadata}", ended.stdout, ended.stderr);
    assert!(!all.contains(CANARY));
    assert_eq!(site.home.temporary_files(), Vec::<String>::new());

    site.registry.clear_log();
    let again = run(site.push("writer").args(["--tag", &site.name("2"), "--metadata-file", "m.json"]));
    assert_eq!(again.stdout, ended.stdout);
    assert_eq!(site.bytes_sent(), 0, "nothing has changed, nothing is sent");
    assert_eq!(site.registry.count("PUT", "/v2/") + site.registry.count("POST", "/v2/"), 0);
}

#[test]
fn one_who_may_only_pull_is_told_before_a_layer_is_built() {
    let site = Site::start();
    let ended = run(&mut site.push("reader"));
    let said = ended.refused(4);
    for part in ["cannot push", &site.name("1"), "IMGBUILD_REGISTRY_USER", "may pull but not push", "imgbuild login"] {
        assert!(said.contains(part), "`{part}` is missing: {said}");
    }
    assert!(!ended.stderr.contains("layer `dependencies`"), "a layer was built before: {}", ended.stderr);
    assert!(!ended.stderr.contains(CANARY));
    assert_eq!(site.bytes_sent(), 0);
    site.assert_untouched();
}

#[test]
fn a_wrong_password_is_told_and_not_shown() {
    let site = Site::start();
    let ended = run(site.push("writer").env("IMGBUILD_REGISTRY_PASSWORD", "wrong-canary").arg("-vv"));
    let said = ended.refused(4);
    assert!(said.contains("IMGBUILD_REGISTRY_USER") && said.contains("imgbuild login"), "{said}");
    // In base64 as a header carries it: `writer:wrong-canary`.
    for secret in ["wrong-canary", "d3JpdGVyOndyb25nLWNhbmFyeQ"] {
        assert!(!ended.stderr.contains(secret), "{}", ended.stderr);
    }
    site.assert_untouched();
}

#[test]
fn no_credentials_at_all_is_another_hint() {
    let site = Site::start();
    let mut command = site.push("writer");
    let ended = run(command.env_remove("IMGBUILD_REGISTRY_USER").env_remove("IMGBUILD_REGISTRY_PASSWORD"));
    assert!(ended.refused(4).contains("no credentials for"), "{}", ended.stderr);
    site.assert_untouched();
}

#[test]
fn no_network_is_told_within_the_time_limit() {
    let home = home();
    // A port that was free a moment ago refuses connections.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let began = Instant::now();
    let base = format!("--base={address}/library/jdk:17");
    let ended = home.run(["build", &fixture("app.jar"), &base, "--tag", "a/b:1", "--push", "--timeout", "3s"]);
    let said = ended.refused(5);
    for part in ["cannot use the base", &address.to_string(), "check the host's name and the network"] {
        assert!(said.contains(part), "`{part}` is missing: {said}");
    }
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn a_cache_that_cannot_be_written_to_is_a_warning() {
    let site = Site::start();
    site.home.write("a-file", "");
    let ended = run(site.push("writer").env("IMGBUILD_CACHE_DIR", "a-file/cache"));
    assert_eq!(ended.result(), format!("{}@{}", site.name("1"), ended.digest()));
    assert!(ended.stderr.contains("warning: cannot write `a-file/cache"), "{}", ended.stderr);
    assert!(ended.stderr.contains("--cache-dir"), "{}", ended.stderr);
    assert_eq!(site.home.temporary_files(), Vec::<String>::new());
}

#[test]
fn the_metadata_file_is_begun_before_anything_is_sent() {
    let site = Site::start();
    let ended = run(site.push("writer").args(["--metadata-file", "no/such/folder/m.json"]));
    assert!(ended.refused(1).contains("cannot write `no/such/folder/m.json`"), "{}", ended.stderr);
    site.assert_untouched();
    assert_eq!(run(site.push("writer").args(["--metadata-file", "/dev/null"])).code, Some(0));
    assert!(!std::path::Path::new("/dev/null").metadata().unwrap().is_file(), "the device was replaced");
}
