//! A real Swarm of several nodes on one machine: each has a `dockerd` and a network namespace of its own.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::engine::EngineOptions;
use super::namespace::Namespace;
use super::registry::Inside;
use super::server::compiled;
use super::{Authentication, Engine, Registry, require};
use crate::base::Image;
use crate::peer;

/// Where the registry listens: in the hub, seen by every node.
const HUB: &str = "10.77.0.254";
const REGISTRY: &str = "10.77.0.254:5000";

/// A running Swarm. The first node is the manager, the others are workers.
#[derive(Debug)]
pub struct Cluster {
    // Engines and registry end before their networks go.
    nodes: Vec<Engine>,
    registry: Registry,
    _networks: Vec<Namespace>,
    hub: Namespace,
    folder: TempDir,
}

impl Cluster {
    /// Starts one whose nodes have these machines, `x86_64` or `aarch64`; what is not this machine is only claimed. A skip where
    /// Docker is not installed or namespaces are not allowed.
    ///
    /// # Panics
    /// Where something of it does not start.
    #[must_use]
    pub fn start(machines: &[&str], authentication: &Authentication) -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("swarm").tempdir_in("/tmp");
        let folder = folder.unwrap_or_else(|error| panic!("cannot make a folder for a Swarm: {error}"));
        let hub = Namespace::create(&folder.path().join("hub"))?;
        hub.run(["ip", "link", "add", "br0", "type", "bridge"]);
        hub.run(["ip", "addr", "add", &format!("{HUB}/24"), "dev", "br0"]);
        hub.run(["ip", "link", "set", "br0", "up"]);
        let registry = Registry::start_inside(authentication, &Inside { words: hub.words(), address: REGISTRY.parse().ok()? })?;
        let (mut nodes, mut networks): (Vec<Engine>, Vec<Namespace>) = (Vec::new(), Vec::new());
        for (number, machine) in machines.iter().enumerate() {
            let (name, address) = (format!("n{}", number + 1), address(number));
            let network = Namespace::create(&folder.path().join(&name))?;
            hub.join(&network, &name, &format!("{address}/24"));
            // A node's name is its host name, so every node has one of its own.
            let named = ["unshare", "--uts", "sh", "-c", "hostname \"$0\"; exec \"$@\"", &name].map(str::to_owned);
            let mut inside = [network.words(), named.to_vec()].concat();
            if *machine != std::env::consts::ARCH {
                inside.extend([compiled("fake-machine", &[])?.display().to_string(), (*machine).to_owned()]);
            }
            let engine = Engine::start_with(&EngineOptions { inside, arguments: vec![format!("--insecure-registry={REGISTRY}")] })?;
            let at = format!("--listen-addr={address}:2377");
            match nodes.first() {
                None => {
                    engine.run(["swarm", "init", &at, "--advertise-addr", &address, "--data-path-addr", &address]);
                }
                Some(manager) => {
                    let token = manager.run(["swarm", "join-token", "--quiet", "worker"]);
                    engine.run([
                        "swarm",
                        "join",
                        "--token",
                        token.trim(),
                        &at,
                        "--advertise-addr",
                        &address,
                        &format!("{}:2377", self::address(0)),
                    ]);
                }
            }
            nodes.push(engine);
            networks.push(network);
        }
        Some(Self { nodes, registry, _networks: networks, hub, folder })
    }

    /// The manager's engine.
    #[must_use]
    pub fn manager(&self) -> &Engine {
        &self.nodes[0]
    }

    /// A node's engine, the manager's is the first.
    #[must_use]
    pub fn node(&self, number: usize) -> &Engine {
        &self.nodes[number]
    }

    /// The registry's address as every node and every command in the hub sees it; it has no TLS.
    #[must_use]
    pub fn registry(&self) -> std::net::SocketAddr {
        self.registry.address()
    }

    /// The command as it runs in the hub, where it reaches the registry and the nodes.
    #[must_use]
    pub fn inside(&self, command: &Command) -> Command {
        let mut words = self.hub.words().into_iter();
        let mut inside = Command::new(words.next().unwrap_or_default());
        inside.args(words).arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            inside.current_dir(folder);
        }
        inside
    }

    /// Pushes an image as `NAME:TAG` with these credentials, `USER:PASSWORD`; its reference without the digest.
    ///
    /// # Panics
    /// Where skopeo refuses.
    #[must_use]
    pub fn push(&self, image: &Image, name: &str, credentials: Option<&str>) -> Option<String> {
        let skopeo = require("skopeo")?;
        let layout = self.folder.path().join(format!("layout-{}", image.digest().replace(':', "-")));
        image.write_layout(&layout, "1").unwrap_or_else(|error| panic!("cannot write a layout: {error}"));
        let reference = format!("{REGISTRY}/{name}");
        let mut command = skopeo.command();
        command.args(["copy", "--quiet", "--all", "--preserve-digests", "--dest-tls-verify=false"]);
        command.args(credentials.map(|credentials| format!("--dest-creds={credentials}")));
        command.arg(format!("oci:{}:1", layout.display())).arg(format!("docker://{reference}"));
        drop(peer::output(&mut self.inside(&command)));
        Some(reference)
    }

    /// Asks `addresses` (`NAME=HOST:PORT,…`) every 50 ms from the hub, until the probe is ended.
    ///
    /// # Panics
    /// Where it cannot be started.
    #[must_use]
    pub fn probe<A: AsRef<OsStr>>(&self, addresses: impl IntoIterator<Item = A>) -> Option<Probe> {
        let python = require("python3")?;
        let mut command = python.command();
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../peers/swarm/probe.py")).args(addresses);
        let mut command = self.inside(&command);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        Some(Probe(command.spawn().unwrap_or_else(|error| panic!("cannot start a probe: {error}"))))
    }

    /// The addresses of a service with host networking and one port a slot, for [`probe`](Self::probe).
    #[must_use]
    pub fn slots(&self, ports: &[u16]) -> Vec<String> {
        let at = |port: u16| (0..self.nodes.len()).map(|node| format!("{}:{port}", address(node))).collect::<Vec<_>>().join(",");
        ports.iter().map(|port| format!("{port}={}", at(*port))).collect()
    }

    /// Ends a node as a power cut does.
    pub fn cut_off(&mut self, number: usize) {
        self.nodes[number].kill();
    }

    /// A folder that lives as long as the Swarm.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

fn address(node: usize) -> String {
    format!("10.77.0.{}", node + 1)
}

/// A running probe.
#[derive(Debug)]
pub struct Probe(Child);

impl Probe {
    /// Ends it; what it saw.
    ///
    /// # Panics
    /// Where it broke.
    #[must_use]
    pub fn end(mut self) -> Value {
        if let Some(mut stdin) = self.0.stdin.take() {
            drop(stdin.flush());
        }
        let output = self.0.wait_with_output().unwrap_or_else(|error| panic!("the probe broke: {error}"));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("the probe broke: {error}: {output:?}"))
    }
}
