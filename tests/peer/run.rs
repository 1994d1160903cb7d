//! What was pushed starts: by an engine on its own architecture, by an emulator on the other.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use imgbuild_testkit::fixtures;
use imgbuild_testkit::peers::{self, Engine, Unpacked};

use crate::scenario::{GREETING, Scenario};

/// A Spring application of this size takes 10 s here; a busy machine several times that.
const PATIENCE: Duration = Duration::from_mins(3);

#[cfg(target_arch = "x86_64")]
#[test]
fn an_engine_pulls_it_and_the_injected_property_is_answered() {
    let Some(scenario) = Scenario::start() else { return };
    let Some(engine) = Engine::start() else { return };
    scenario.push();

    engine.login(&scenario.registry.address().to_string(), "reader", "readpw");
    engine.run(["pull", "--quiet", &scenario.target()]);
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr()).unwrap().port();
    let environment = format!("--env=PORT={port}");
    let container = engine.run(["run", "--detach", "--network=host", &environment, &scenario.target()]);
    let container = container.trim();

    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let began = Instant::now();
    let answer = loop {
        if let Some(answer) = peers::http_get(address, "/") {
            break answer;
        }
        let running = engine.run(["inspect", "--format={{.State.Running}}", container]);
        let logs = || engine.command().args(["logs", container]).output().unwrap();
        assert_eq!(running.trim(), "true", "the container ended: {:?}", logs());
        assert!(began.elapsed() < PATIENCE, "no answer: {:?}", logs());
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(answer, GREETING);
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
