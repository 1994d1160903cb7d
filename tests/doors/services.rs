//! Several images of one imgbuild.yaml.

use std::fs;

use imgbuild_testkit::fixtures;
use imgbuild_testkit::registry::Registry;
use serde_json::Value;

use crate::{DOCKERFILE, base, home};

#[test]
fn five_services_share_one_base_and_one_failure_stops_no_other() {
    let (home, registry) = (home(), Registry::start());
    registry.load_layout("library/jdk", fixtures::path("base")).unwrap();
    let services = ["a", "b", "c", "d", "e"].map(|name| {
        let tag = registry.reference(&format!("koin/{name}"), "1");
        format!("  {name}:\n    jar: app.jar\n    env: {{NAME: {name}}}\n    tags: {tag}\n")
    });
    let text = format!("base: {}\nservices:\n{}", registry.reference("library/jdk", "17"), services.concat());
    home.write("imgbuild.yaml", &text);
    registry.clear_log();
    let ended = home.run(["build", "--push"]);
    assert_eq!((ended.code, ended.stdout.lines().count()), (Some(0), 5), "{ended:?}");
    assert_eq!(registry.count("HEAD", "/library/jdk/manifests/17"), 1, "{:?}", registry.log().lines());
    assert_eq!(registry.count("GET", "/library/jdk/manifests/"), 3, "the index and two manifests, each once");
    assert_eq!(home.run(["build", "c", "--push"]).stdout.lines().count(), 1);

    home.write("imgbuild.yaml", text.replacen("app.jar", "none.jar", 1));
    let ended = home.run(["build", "--push", "--metadata-file", "m.json"]);
    assert!(ended.code == Some(1) && ended.stdout.lines().count() == 4, "{ended:?}");
    assert!(ended.stderr.contains("1 of 5 services failed: `a`"), "{}", ended.stderr);
    let metadata: Value = serde_json::from_slice(&fs::read(home.path("m.json")).unwrap()).unwrap();
    assert!(metadata["services"]["a"]["error"].is_string() && metadata["services"]["e"]["digest"].is_string(), "{metadata}");
    let ended = home.run(["build", "--push", "--fail-fast"]);
    assert!(ended.stdout.is_empty() && ended.stderr.contains("not begun: `b`, `c`, `d`, `e`"), "{ended:?}");

    home.write("imgbuild.yaml", text.replace("  e:\n", "  a:\n"));
    let said = home.run(["build", "--push"]);
    assert!(said.refused(2).contains("line 19") && said.stderr.contains("`a`"), "{}", said.stderr);
    home.write("imgbuild.yaml", &text);
    assert!(home.run(["build", "--push", "-t", "koin/x:1"]).refused(2).contains("`-t` is for one image"));
    assert!(home.run(["build", "f", "--push"]).refused(2).contains("no service `f`"));
}

#[test]
fn a_service_may_come_from_a_dockerfile() {
    let home = home();
    fs::create_dir(home.path("web")).unwrap();
    for (name, text) in [("web/Dockerfile", DOCKERFILE.to_owned()), ("web/application.yml", "a: b\n".to_owned())] {
        home.write(name, text);
    }
    fs::copy(home.path("app.jar"), home.path("web/app.jar")).unwrap();
    home.write(
        "imgbuild.yaml",
        format!("services:\n  web:\n    dockerfile: web/Dockerfile\n    base: {0}\n  api: {{jar: app.jar, base: {0}}}\n", base()),
    );
    let from_file = home.run(["build", "web", "-o", "type=oci,dest=image"]);
    let by_hand = home.run(["build", "web", "-f", "web/Dockerfile", "--base", &base(), "-o", "type=oci,dest=image"]);
    assert_eq!(from_file.digest(), by_hand.digest());
    assert_ne!(home.run(["build", "api", "-o", "type=oci,dest=image"]).digest(), by_hand.digest());
    home.write("imgbuild.yaml", "services:\n  web: {dockerfile: web/Dockerfile, jar: app.jar}\n");
    let said = home.run(["build", "web", "-o", "type=oci,dest=image"]);
    assert!(said.refused(2).contains("`jar` together with `dockerfile`"), "{}", said.stderr);

    // One image, its context beside the file.
    home.write("imgbuild.yaml", format!("dockerfile: web/Dockerfile\nbase: {}\n", base()));
    assert_eq!(home.run(["build", "-o", "type=oci,dest=image"]).digest(), by_hand.digest());
    assert_eq!(home.run(["build", "web", "-o", "type=oci,dest=image"]).digest(), by_hand.digest());
}

#[test]
fn each_service_has_a_lock_of_its_own() {
    let (home, registry) = (home(), Registry::start());
    registry.load_layout("library/jdk", fixtures::path("base")).unwrap();
    let services =
        ["a", "b"].map(|name| format!("  {name}: {{jar: app.jar, tags: {}}}\n", registry.reference(&format!("koin/{name}"), "1")));
    home.write("imgbuild.yaml", format!("base: {}\nservices:\n{}", registry.reference("library/jdk", "17"), services.concat()));
    let missing = home.run(["build", "--push", "--locked"]);
    assert!(missing.code == Some(1) && missing.stderr.contains("imgbuild.a.lock"), "{missing:?}");
    assert_eq!(home.run(["build", "--push", "--lock"]).code, Some(0));
    let lock = |name: &str| fs::read_to_string(home.path(&format!("imgbuild.{name}.lock"))).unwrap();
    let (a, b) = (lock("a"), lock("b"));
    assert_eq!(home.run(["build", "--push", "--locked"]).code, Some(0));

    // The tag moves: a lock holds the base, and one service's can be renewed without the other's.
    let moved = home.run(["copy", &registry.reference("koin/a", "1"), &registry.reference("library/jdk", "17")]);
    let held = home.run(["build", "--push", "--locked"]);
    assert!(held.code == Some(0) && held.stderr.contains("warning"), "{held:?}");
    assert_eq!(home.run(["build", "b", "--push", "--update-lock"]).code, Some(0));
    assert_eq!(lock("a"), a);
    assert!(lock("b") != b && lock("b").contains(moved.digest()), "{}", lock("b"));
    assert!(!home.path("imgbuild.lock").exists());
    assert!(home.run(["build", "--push", "--lock-file", "x"]).refused(2).contains("`--lock-file` is for one image"));
}
