//! What is printed where: lines in a log, objects for programs, nothing where nothing is wanted.

use serde_json::Value;

use crate::support::{build, fixture, home, run};

#[test]
fn a_pipe_gets_lines() {
    let home = home();
    let ended = run(&mut build(&home));
    assert!(ended.result().starts_with("oci:image:latest@sha256:"));
    for part in ["base `oci:", "layer `application` is sha256:", "published oci:image:latest@sha256:"] {
        assert!(ended.stderr.contains(part), "`{part}` is missing: {}", ended.stderr);
    }
    assert!(!ended.stderr.contains('\u{1b}'), "{:?}", ended.stderr);
}

#[test]
fn programs_get_one_object_a_line() {
    let home = home();
    let ended = run(build(&home).args(["--progress", "json", "-v"]));
    let events: Vec<Value> = ended.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    for name in ["base-resolved", "layer-ready", "transfer-finished", "published"] {
        assert!(names.contains(&name), "{names:?}");
    }
    let published = events.iter().find(|event| event["event"] == "published").unwrap();
    assert_eq!(published["digest"], ended.digest());

    let failed = home.run(["build", "missing.jar", "--output", "type=oci,dest=x", "--progress", "json"]);
    let error: Value = serde_json::from_str(failed.stderr.lines().last().unwrap()).unwrap();
    assert_eq!((failed.code, &error["event"], &error["exit"]), (Some(1), &"error".into(), &1.into()));
    assert!(error["message"].as_str().unwrap().contains("missing.jar"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("build the JAR first"), "{error}");
}

#[test]
fn quiet_says_nothing_but_errors() {
    let home = home();
    assert_eq!(run(build(&home).args(["--progress", "quiet"])).stderr, "");
    let failed = home.run(["build", "missing.jar", "--output", "type=oci,dest=x", "--progress", "quiet"]);
    assert!(failed.refused(1).contains("missing.jar"));
}

#[test]
fn an_archive_on_stdout_stands_alone_there() {
    let home = home();
    let mut command = home.command();
    let arguments = ["build", &fixture("app.jar"), &crate::support::base(), "--output", "type=oci-archive,dest=-"];
    let output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    home.write("image.tar", &output.stdout);
    let listed = std::process::Command::new("tar").arg("-tf").arg(home.path("image.tar")).output().unwrap();
    assert!(listed.status.success() && String::from_utf8_lossy(&listed.stdout).contains("index.json"), "{listed:?}");
}
