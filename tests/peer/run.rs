//! What was pushed starts: by an engine on its own architecture, by an emulator on the other.

use std::fs::File;

use imgbuild_testkit::fixtures;
use imgbuild_testkit::peers::{self, Engine, Unpacked};

use crate::scenario::{GREETING, Scenario, finished, home};

#[cfg(target_arch = "x86_64")]
#[test]
fn an_engine_pulls_it_and_the_injected_property_is_answered() {
    let Some(scenario) = Scenario::start() else { return };
    let Some(engine) = Engine::start() else { return };
    scenario.push();

    engine.login(&scenario.registry.address().to_string(), "reader", "readpw");
    engine.run(["pull", "--quiet", &scenario.target()]);
    assert_eq!(engine.answer(&scenario.target()), GREETING);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn what_is_loaded_and_what_docker_load_reads_run_and_answer() {
    let (Some(jar), Some(base), Some(engine)) = (peers::jar("app.jar"), peers::base(), Engine::start()) else { return };
    let home = home();
    home.write_config(GREETING);
    let mut command = home.command();
    command.env("DOCKER_HOST", engine.host()).arg("build").arg(jar).arg(format!("--base=oci:{}:17", base.display()));
    command.args(["--config=application.yml", "-t", "koin/api:1", "--load", "-o", "type=docker-archive,dest=image.tar"]);
    finished(&mut command);
    assert_eq!(engine.answer("koin/api:1"), GREETING);

    engine.run(["image", "rm", "koin/api:1"]);
    assert_eq!(engine.run(["images", "--all", "--quiet"]), "");
    let archive = File::open(home.path("image.tar")).unwrap_or_else(|error| panic!("image.tar: {error}"));
    finished(engine.command().arg("load").stdin(archive));
    assert_eq!(engine.answer("koin/api:1"), GREETING);
}

#[test]
fn the_arm64_image_runs_emulated() {
    let Some(scenario) = Scenario::with_jar(fixtures::path("app.jar")) else { return };
    scenario.push();
    let source = format!("docker://{}", scenario.target());
    let Some(unpacked) = Unpacked::from(&source, "arm64", Some("reader:readpw")) else { return };

    let Some(mut java) = unpacked.command("/usr/bin/java", "/app") else { return };
    let version = java.arg("-version").output().unwrap();
    assert!(version.status.success() && String::from_utf8_lossy(&version.stderr).contains("OpenJDK"), "{version:?}");

    let Some(mut java) = unpacked.command("/usr/bin/java", "/app") else { return };
    let said = java.args(["-jar", "/app/app.jar"]).output().unwrap();
    let text = String::from_utf8_lossy(&said.stdout);
    assert!(said.status.success(), "{said:?}");
    assert!(text.contains(GREETING), "{said:?}");
    assert!(text.contains("greeter"), "its libraries are found: {said:?}");
}
