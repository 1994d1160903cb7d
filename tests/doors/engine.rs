//! `docker-daemon:` where images are named: a real engine, and engines that are not there, too old, or have nothing.

use std::fs;

use imgbuild_testkit::engine::FakeEngine;
use imgbuild_testkit::peers::{Engine, ServerImage, require};
use imgbuild_testkit::{digest, peer};
use serde_json::Value;

use crate::home;

#[test]
fn an_engine_gives_and_takes_images() {
    let (Some(engine), Some(skopeo)) = (Engine::start(), require("skopeo")) else { return };
    let (Some(one), Some(two)) = (ServerImage::new("one").build(), ServerImage::new("two").build()) else { return };
    let home = home();
    for (name, image) in [("one", &one), ("two", &two)] {
        fs::write(home.path(name), image.layout_archive("1")).unwrap();
        let loaded =
            home.run(["copy", "--host", &engine.host(), &format!("oci-archive:{name}:1"), &format!("docker-daemon:koin/api:{name}")]);
        assert_eq!(loaded.result(), format!("docker-daemon:docker.io/koin/api:{name}@{}", image.digest()));
    }
    assert!(engine.run(["images", "--format={{.Tag}}", "koin/api"]).contains("two"));

    // Back out, whole: its configuration is the one that went in, as skopeo sees it in the engine.
    let back = home.run(["copy", "--host", &engine.host(), "docker-daemon:koin/api:one", "oci:back:1"]);
    let manifest = fs::read(home.path("back/blobs/sha256").join(&back.digest()["sha256:".len()..])).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    let seen =
        skopeo.command().args(["inspect", "--raw", "--config", "--daemon-host", &engine.host(), "docker-daemon:koin/api:one"]).output();
    let seen = seen.unwrap();
    assert!(seen.status.success(), "{}", peer::text(&seen));
    assert_eq!(manifest["config"]["digest"], format!("sha256:{}", digest::sha256_hex(&seen.stdout)));
    skopeo.run([
        "--insecure-policy",
        "copy",
        &format!("oci:{}:1", home.path("back").display()),
        &format!("dir:{}", home.path("check").display()),
    ]);

    let run = |arguments: &[&str]| home.run([arguments, &["--json", "--host", &engine.host()]].concat());
    let inspected: Value = serde_json::from_str(&run(&["inspect", "docker-daemon:koin/api:one"]).stdout).unwrap();
    assert_eq!(inspected["reference"], "docker-daemon:docker.io/koin/api:one");
    let same = run(&["diff", "docker-daemon:koin/api:one", "oci:back:1"]);
    assert_eq!(same.code, Some(0), "{same:?}");
    let other = run(&["diff", "docker-daemon:koin/api:one", "docker-daemon:koin/api:two"]);
    assert!(other.code == Some(6) && other.stdout.contains("TEXT"), "{other:?}");

    let none = home.run(["copy", "--host", &engine.host(), "docker-daemon:koin/none:1", "oci:out"]);
    let said = none.refused(1);
    assert!(said.contains("has no image `docker.io/koin/none:1`") && said.contains("hint: `docker images`"), "{said}");
    assert!(!home.path("out").exists());
    assert_eq!(home.temporary_files(), Vec::<String>::new());
}

#[test]
fn an_engine_that_is_not_there_is_named_with_a_way_on() {
    let home = home();
    fs::write(home.path("one"), imgbuild_testkit::base::Base::java().build().layout_archive("1")).unwrap();
    for arguments in [
        &["copy", "docker-daemon:koin/api:1", "oci:out"][..],
        &["copy", "oci-archive:one:1", "docker-daemon:koin/api:1"],
        &["inspect", "docker-daemon:koin/api:1"],
        &["diff", "docker-daemon:koin/api:1", "oci-archive:one:1"],
        &["build", "app.jar", "--base", "oci-archive:one:1", "-t", "koin/api:1", "--load"],
    ] {
        let ended = home.run([arguments, &["--host", "unix:///nonexistent/docker.sock"]].concat());
        let said = ended.refused(5);
        assert!(said.contains("unix:///nonexistent/docker.sock") && said.contains("systemctl start docker"), "{arguments:?}: {said}");
    }
    assert!(!home.path("out").exists());
    let digest = format!("docker-daemon:koin/api@sha256:{}", "0".repeat(64));
    assert!(home.run(["copy", "oci-archive:one:1", &digest]).refused(1).contains("names a digest"));
    // Where no engine is spoken with at all.
    let base = home.run(["build", "app.jar", "--base", "docker-daemon:koin/jdk:17", "-o", "type=oci,dest=out"]);
    assert!(base.refused(1).contains("hint: copy it first"), "{}", base.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_is_too_old_or_breaks_off_is_named() {
    let home = home();
    let old = FakeEngine::start("1.40", |_| (404, String::new())).await;
    let ended = home.run(["copy", "--host", &old.host(), "docker-daemon:koin/api:1", "oci:out"]);
    assert!(ended.refused(1).contains("its API is 1.40") && ended.stderr.contains("20.10"), "{}", ended.stderr);
    let broken = FakeEngine::start("1.41", |_| (200, "no tar at all".to_owned())).await;
    let ended = home.run(["copy", "--host", &broken.host(), "docker-daemon:koin/api:1", "oci:out"]);
    assert!(ended.refused(1).contains("`docker-daemon:docker.io/koin/api:1` is no archive of images"), "{}", ended.stderr);
    assert!(!home.path("out").exists());
}
