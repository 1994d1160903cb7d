//! The real thing: three tasks of a Spring Boot application, built and pushed by us, get a new configuration and nothing else.

use std::path::PathBuf;
use std::process::Command;

use imgbuild_testkit::peers::{self, Authentication, claiming_base};
use serde_json::json;

use crate::site::{Ended, PORTS, SLOTS, Site};

/// Asks the application itself, with nothing but what the base has. Until it answers, the task before it is the last to be replaced.
const HEALTH: [&str; 10] = [
    "--health-cmd",
    r#"bash -c 'exec 3<>/dev/tcp/127.0.0.1/$PORT; printf "GET / HTTP/1.0\r\n\r\n" >&3; read -r status <&3; [[ $status == *" 200"* ]]'"#,
    "--health-interval",
    "2s",
    "--health-timeout",
    "20s",
    "--health-retries",
    "5",
    "--health-start-period",
    "3m",
];

/// Without a delay Swarm may stop the next task before it notices that the new one failed.
const CAREFUL: [&str; 4] = ["--update-delay", "1s", "--update-monitor", "3s"];

/// A JVM of three on one machine.
const SMALL: [&str; 2] = ["--env", "JAVA_TOOL_OPTIONS=-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xmx192m"];

/// A Swarm, and what is built for it.
struct Project {
    site: Site,
    jar: PathBuf,
    base: PathBuf,
    image: String,
}

impl Project {
    /// A Swarm of these machines, on which three tasks of the application answer `one`.
    fn start(machines: &[&str]) -> Option<Self> {
        let jar = peers::jar("app.jar")?;
        let site = Site::start(machines, &Authentication::None)?;
        let base = claiming_base(&site.0.folder().join("base"))?;
        let project = Self { image: format!("{}/koin/api:1", site.registry()), site, jar, base };
        project.write_config("one");
        let pushed = project.build(&[]);
        assert_eq!(pushed.code, 0, "{}", pushed.text);
        let create = ["service", "create", "--name", "web", "--replicas", "3"];
        let created = project.site.run(&[&create[..], &CAREFUL, &SLOTS, &HEALTH, &SMALL, &[project.image.as_str()]].concat());
        assert_eq!(created.code, 0, "{}", created.text);
        Some(project)
    }

    /// The archive listens on loopback alone, which only its own node reaches.
    fn write_config(&self, greeting: &str) {
        self.write(&format!("server.address: 0.0.0.0\ngreeting:\n  text: {greeting}\n"));
    }

    fn write(&self, config: &str) {
        std::fs::write(self.site.0.folder().join("home/application.yml"), config).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let (jar, base) = (self.jar.display().to_string(), format!("oci:{}:17", self.base.display()));
        let build = ["build", &jar, "--base", &base, "--allow", "base-architecture=nodes that only claim to be arm64"];
        let named = ["--config", "application.yml", "-t", &self.image, "--push"];
        self.site.imgbuild(&[&build[..], &named, arguments].concat())
    }

    /// Builds and pushes.
    fn build(&self, arguments: &[&str]) -> Ended {
        Ended::of(&self.command(arguments).output().unwrap())
    }

    /// Runs `rollout`, during which every task comes from `old` to `new` and two of them answer at every moment.
    fn rolls_without_a_gap(&self, old: &str, new: &str, rollout: impl FnOnce() -> Ended) {
        let probe = self.site.0.probe(self.site.0.slots(&PORTS)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(500));
        let ended = rollout();
        let seen = probe.end();
        assert_eq!(ended.code, 0, "{}", ended.text);
        assert!(ended.text.contains("3 of 3 tasks healthy"), "{}", ended.text);
        assert!(seen["minimum"].as_u64() >= Some(2) && seen["rounds"].as_u64() > Some(20), "{seen}");
        for port in PORTS {
            assert_eq!(seen["texts"][port.to_string()], json!([old, new]), "{seen}");
        }
        assert_eq!(self.site.inspect()["Spec"]["TaskTemplate"]["ForceUpdate"].as_u64().unwrap_or_default(), 0);
    }

    /// Runs `rollout`, which changes nothing.
    fn leaves_alone(&self, rollout: impl FnOnce() -> Ended) {
        let (tasks, version) = (self.site.running(), self.site.inspect()["Version"].clone());
        let ended = rollout();
        assert!(ended.code == 0 && ended.text.contains("already running"), "{}", ended.text);
        assert_eq!((self.site.running(), &self.site.inspect()["Version"]), (tasks, &version));
    }
}

#[test]
fn a_spring_application_gets_a_new_config_in_its_image_then_in_its_swarm() {
    let Some(project) = Project::start(&[std::env::consts::ARCH]) else { return };
    let rollout = || project.build(&["--rollout", "web"]);
    project.write_config("two");
    project.rolls_without_a_gap("one", "two", rollout);
    project.leaves_alone(rollout);

    // The same file as a config of the Swarm: the image has it no more.
    let mounted = || project.build(&["--rollout", "web", "--config-as", "swarm-config"]);
    project.write_config("three");
    project.rolls_without_a_gap("two", "three", mounted);
    project.leaves_alone(mounted);
    assert_eq!(project.site.inspect()["Spec"]["TaskTemplate"]["ContainerSpec"]["Configs"].as_array().unwrap().len(), 1);

    // One that the application does not start with is taken back, with what the application says of it.
    project.write("server.port: nonsense\n");
    let probe = project.site.0.probe(project.site.0.slots(&PORTS)).unwrap();
    let ended = mounted();
    let seen = probe.end();
    assert!(ended.code == 10 && ended.text.contains("last lines of web."), "{}", ended.text);
    assert!(ended.text.contains("APPLICATION FAILED TO START") && ended.text.contains("nonsense"), "{}", ended.text);
    assert!(seen["minimum"].as_u64() >= Some(2), "{seen}");
    for port in PORTS {
        assert_eq!(seen["texts"][port.to_string()], json!(["three"]), "{seen}");
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_spring_application_gets_a_new_config_on_three_nodes_of_two_machines() {
    let Some(project) = Project::start(&["x86_64", "x86_64", "aarch64"]) else { return };
    project.write_config("two");
    let pushed = project.build(&[]);
    assert_eq!(pushed.code, 0, "{}", pushed.text);
    let rollout = || project.site.update(&project.image, &[]);
    project.rolls_without_a_gap("one", "two", rollout);
    let nodes = project.site.0.manager().run(["service", "ps", "--filter=desired-state=running", "--format={{.Node}}", "web"]);
    let mut nodes: Vec<&str> = nodes.lines().collect();
    nodes.sort_unstable();
    assert_eq!(nodes, ["n1", "n2", "n3"]);
    project.leaves_alone(rollout);
}
