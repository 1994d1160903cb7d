//! A Swarm with its registry, and `imgbuild` in a home of its own beside them.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Output};

use imgbuild_testkit::peers::{Authentication, Cluster, ServerImage};
use serde_json::Value;

/// The ports of the tasks 1 to 3.
pub(crate) const PORTS: [u16; 3] = [9101, 9102, 9103];

/// The flags by which every task gets a port of its own on its node.
pub(crate) const SLOTS: [&str; 4] = ["--network", "host", "--env", "PORT=910{{.Task.Slot}}"];

/// Short pauses: the images start at once.
pub(crate) const QUICK: [&str; 4] = ["--update-delay", "0s", "--update-monitor", "3s"];

/// A Swarm and its user.
pub(crate) struct Site(pub(crate) Cluster);

impl Site {
    /// One node.
    pub(crate) fn single() -> Option<Self> {
        Self::start(&[std::env::consts::ARCH], &Authentication::None)
    }

    pub(crate) fn start(machines: &[&str], authentication: &Authentication) -> Option<Self> {
        let cluster = Cluster::start(machines, authentication)?;
        fs::create_dir(cluster.folder().join("home")).unwrap();
        Some(Self(cluster))
    }

    pub(crate) fn registry(&self) -> SocketAddr {
        self.0.registry()
    }

    /// Pushes an image; its reference.
    pub(crate) fn push(&self, image: &ServerImage, name: &str) -> String {
        self.0.push(&image.build().unwrap(), name, None).unwrap()
    }

    /// `imgbuild` with these arguments, for the manager.
    pub(crate) fn imgbuild(&self, arguments: &[&str]) -> Command {
        self.imgbuild_for(&self.0.manager().host(), arguments)
    }

    pub(crate) fn imgbuild_for(&self, host: &str, arguments: &[&str]) -> Command {
        let home = self.0.folder().join("home");
        let mut command = Command::new(env!("CARGO_BIN_EXE_imgbuild"));
        command.args(arguments).current_dir(&home).env("HOME", &home).env("DOCKER_HOST", host);
        command.env("DOCKER_CONFIG", home.join("docker")).env("IMGBUILD_CACHE_DIR", home.join("cache"));
        for name in ["DOCKER_CONTEXT", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY", "DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE"] {
            command.env_remove(name);
        }
        if matches!(arguments, ["build", ..] | ["service", "create" | "update" | "rollback", ..]) {
            command.env("IMGBUILD_INSECURE", self.registry().to_string());
        }
        self.0.inside(&command)
    }

    /// Runs `imgbuild`; its exit code and what it wrote to both outputs.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ended {
        Ended::of(&self.imgbuild(arguments).output().unwrap())
    }

    /// Makes the service `web` of three tasks.
    pub(crate) fn create(&self, image: &str, arguments: &[&str]) {
        let all = [&["service", "create", "--name", "web", "--replicas", "3"][..], &SLOTS, &QUICK, arguments, &[image]].concat();
        let created = self.run(&all);
        assert_eq!(created.code, 0, "{}", created.text);
    }

    /// Updates the service `web`.
    pub(crate) fn update(&self, image: &str, arguments: &[&str]) -> Ended {
        self.run(&[&["service", "update", "web", "--image", image][..], arguments].concat())
    }

    /// What the engine says of the service `web`.
    pub(crate) fn inspect(&self) -> Value {
        let text = self.0.manager().run(["service", "inspect", "web"]);
        serde_json::from_str::<Value>(&text).unwrap()[0].clone()
    }

    /// The ids of the tasks that run, in order.
    pub(crate) fn running(&self) -> Vec<String> {
        let listed = self.0.manager().run(["service", "ps", "--quiet", "--no-trunc", "--filter", "desired-state=running", "web"]);
        let mut ids: Vec<String> = listed.lines().map(str::to_owned).collect();
        ids.sort();
        ids
    }
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    /// Both outputs.
    pub(crate) text: String,
}

impl Ended {
    pub(crate) fn of(output: &Output) -> Self {
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let text = format!("{stdout}{}", String::from_utf8_lossy(&output.stderr));
        Self { code: output.status.code().unwrap_or(-1), stdout, text }
    }
}
