//! The README is true: its examples are run, against an in-memory registry where they push.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod jenkinsfile;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use imgbuild_testkit::fixtures;
use imgbuild_testkit::home::{Ended, Home};
use imgbuild_testkit::registry::{Registry, Tokens};
use imgbuild_testkit::validate::Validator;

const README: &str = include_str!("../../README.md");

/// The blocks of one language, in their order.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    README.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

fn home() -> Home {
    Home::new(env!("CARGO_BIN_EXE_imgbuild"))
}

/// Runs a block as a shell does, with `imgbuild` on the path.
fn shell(home: &Home, script: &str) -> Ended {
    let folder = Path::new(env!("CARGO_BIN_EXE_imgbuild")).parent().unwrap();
    let path = std::env::join_paths([folder.to_owned()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())));
    let inner = home.command();
    let mut command = Command::new("sh");
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Ended::of(command.current_dir(home.folder()).env("PATH", path.unwrap()).args(["-euc", script]))
}

#[test]
fn the_first_command_builds_the_fixtures_image_for_two_platforms() {
    let home = home();
    symlink(fixtures::folder(), home.path("fixtures")).unwrap();
    let written = "cargo run --release --package imgbuild-cli --";
    assert!(blocks("sh")[0].starts_with(written), "{}", blocks("sh")[0]);
    let ended = shell(&home, &blocks("sh")[0].replace(written, "imgbuild"));
    assert!(ended.result().starts_with("oci:target/image:latest@sha256:"), "{}", ended.stdout);
    let index: serde_json::Value = serde_json::from_slice(&fs::read(home.path("target/image/index.json")).unwrap()).unwrap();
    assert_eq!(index["manifests"][0]["digest"], ended.digest());
    let base_layers = 2;
    Validator::new(base_layers).check_layout(&home.path("target/image"), "latest").into_result().unwrap();
}

#[test]
fn the_second_command_runs_every_test() {
    assert_eq!(blocks("sh")[1], "cargo test --workspace\n");
}

#[test]
fn the_jenkins_step_pushes_and_prints_the_result_alone() {
    let registry = Registry::builder().tokens(Tokens::new().user("u", "canary", &["pull", "push"])).start();
    registry.load_layout("library/amazoncorretto", fixtures::path("base")).unwrap();
    let home = home();
    fs::create_dir_all(home.path("build/libs")).unwrap();
    fs::copy(fixtures::path("app.jar"), home.path("build/libs/KOIN_API_V2.jar")).unwrap();
    fs::copy(fixtures::path("application.yml"), home.path("application.yml")).unwrap();
    let base = registry.reference("library/amazoncorretto", "17");
    let script = blocks("sh")[2]
        .replace("docker.io/koin/api", &format!("{}/koin/api", registry.host()))
        .replace("amazoncorretto:17", &base)
        .replace("/srv/config/application.yml", "application.yml")
        .replace("git log -1 --pretty=%ct", "echo 1700000000");
    let ended = shell(&home, &format!("DOCKER_USER=u DOCKER_TOKEN=canary BUILD_NUMBER=7\n{script}"));
    assert_eq!(ended.result(), format!("{}/koin/api:latest@{}", registry.host(), ended.digest()));
    assert_eq!(registry.tags("koin/api"), ["7", "latest"]);
    assert!(home.path("image.json").exists());
    assert!(!ended.stderr.contains("canary"));
}

#[test]
fn the_recipe_is_taken() {
    let home = home();
    for recipe in blocks("yaml") {
        home.write("imgbuild.yaml", recipe);
        home.write("application.yml", "a: b\n");
        home.write("agent.jar", "agent");
        fs::create_dir_all(home.path("arm")).unwrap();
        home.write("arm/libx.so", "library");
        let ended = home.run(["build", fixtures::path("app.jar").to_str().unwrap(), "--dry-run"]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        for part in ["/opt/agent.jar", "/app/config/application.yml"] {
            assert!(ended.stdout.contains(part), "`{part}` is missing: {}", ended.stdout);
        }
    }
}

#[test]
fn every_command_is_in_the_table() {
    let help = home().run(["--help"]).stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names: Vec<&str> = listed.filter(|line| !line.starts_with("   ")).filter_map(|line| line.split_whitespace().next()).collect();
    assert!(names.contains(&"build"), "{names:?}");
    let rows: Vec<&str> = README.lines().filter(|line| line.starts_with("| `imgbuild ")).collect();
    for name in names {
        let is_there = rows.iter().any(|row| row.split(['`', ' ', '\\', '|', ',']).any(|word| word == name));
        assert!(is_there, "`imgbuild {name}` is not in README.md's table of commands");
    }
}
