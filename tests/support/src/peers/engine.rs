//! A Docker Engine of our own: its socket, its storage, its containers.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::process::Running;
use super::{Peer, require, root};
use crate::peer;

/// A running `dockerd` that touches neither this machine's network nor its other engines.
#[derive(Debug)]
pub struct Engine {
    client: Peer,
    // Declared before the folder, so the daemon ends before its files go.
    running: Running,
    folder: TempDir,
}

impl Engine {
    /// Starts one with the first storage driver that works here; a skip where Docker is not installed or we are not root.
    ///
    /// # Panics
    /// Where it starts with no driver.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::start_with(&EngineOptions::default())
    }

    /// Starts one as `options` say.
    pub(super) fn start_with(options: &EngineOptions) -> Option<Self> {
        let (daemon, client) = (require("dockerd")?, require("docker")?);
        if !root() {
            peer::skip("`dockerd` needs root");
            return None;
        }
        let mut logs = String::new();
        for driver in ["overlay2", "vfs"] {
            // The path of the engine's sockets must stay below 108 bytes, so its folder is not under a long TMPDIR.
            let folder = tempfile::Builder::new().prefix("engine").tempdir_in("/tmp");
            let folder = folder.unwrap_or_else(|error| panic!("cannot make a folder for `dockerd`: {error}"));
            let mut running =
                Running::start("dockerd", &mut daemon_command(&daemon, folder.path(), driver, options), &folder.path().join("log"));
            let answers = || client_command(&client, folder.path()).arg("info").output().ok().filter(|output| output.status.success());
            if running.ready(answers).is_some() {
                return Some(Self { client, running, folder });
            }
            logs.push_str(&running.log());
            release(folder.path());
        }
        panic!("`dockerd` does not start: {logs}");
    }

    /// Ends it and its containerd at once, as a power cut does; containers go on.
    pub(super) fn kill(&mut self) {
        for file in ["pid", "run/containerd/containerd.pid"] {
            if let Ok(pid) = fs::read_to_string(self.folder.path().join(file)) {
                drop(Command::new("kill").args(["-KILL", pid.trim()]).output());
            }
        }
        self.running.kill();
    }

    /// The address of its API, as `DOCKER_HOST` takes it.
    #[must_use]
    pub fn host(&self) -> String {
        host(self.folder.path())
    }

    /// A `docker` command that talks to this engine.
    #[must_use]
    pub fn command(&self) -> Command {
        client_command(&self.client, self.folder.path())
    }

    /// Runs `docker` with these arguments and returns its standard output.
    ///
    /// # Panics
    /// Where it fails.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        peer::output(self.command().args(arguments))
    }

    /// Logs in to a registry; the credentials stay in this engine's folder.
    ///
    /// # Panics
    /// Where the registry refuses.
    pub fn login(&self, registry: &str, user: &str, password: &str) {
        self.run(["login", "--username", user, "--password", password, registry]);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // A Swarm would start again what is removed.
        drop(self.command().args(["swarm", "leave", "--force"]).output());
        if let Ok(output) = self.command().args(["ps", "--quiet"]).output() {
            let containers = String::from_utf8_lossy(&output.stdout).into_owned();
            for container in containers.lines() {
                drop(self.command().args(["rm", "--force", container]).output());
            }
        }
        self.running.end();
        end_orphans(self.folder.path());
        release(self.folder.path());
    }
}

/// How an engine is started.
#[derive(Debug, Default)]
pub(super) struct EngineOptions {
    /// Words in front of the program, which end in becoming it.
    pub(super) inside: Vec<String>,
    /// Further options of `dockerd`.
    pub(super) arguments: Vec<String>,
}

fn daemon_command(daemon: &Peer, folder: &Path, driver: &str, options: &EngineOptions) -> Command {
    let mut command = match options.inside.as_slice() {
        [] => daemon.command(),
        [first, words @ ..] => {
            let mut command = Command::new(first);
            command.args(words).arg(daemon.path());
            command
        }
    };
    let at = |option: &str, name: &str| format!("--{option}={}", folder.join(name).display());
    command.args(&options.arguments);
    command
        .args([at("data-root", "data"), at("exec-root", "run"), at("pidfile", "pid")])
        .arg(format!("--host={}", host(folder)))
        .arg(format!("--storage-driver={driver}"))
        .args(["--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--userland-proxy=false"]);
    command
}

fn client_command(client: &Peer, folder: &Path) -> Command {
    let mut command = client.command();
    command.env("DOCKER_HOST", host(folder)).env("DOCKER_CONFIG", folder.join("client")).env_remove("DOCKER_CONTEXT");
    command
}

fn host(folder: &Path) -> String {
    format!("unix://{}", folder.join("docker.sock").display())
}

/// Ends what a killed `dockerd` left behind: shims, which name its folder, and the containers below them.
fn end_orphans(folder: &Path) {
    let marked = format!("{}/run/containerd/", folder.display());
    let Ok(processes) = fs::read_dir("/proc") else { return };
    for process in processes.filter_map(|entry| Some(entry.ok()?.path())) {
        let line = fs::read(process.join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        if !line.contains("containerd-shim") || !line.contains(&marked) {
            continue;
        }
        let threads = fs::read_dir(process.join("task")).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
        let children: Vec<String> = threads.filter_map(|thread| fs::read_to_string(thread.join("children")).ok()).collect();
        let own = process.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for pid in children.iter().flat_map(|children| children.split_ascii_whitespace()).chain([own.as_str()]) {
            drop(Command::new("kill").args(["-KILL", pid]).output());
        }
    }
}

/// Takes off the mounts that `dockerd` leaves behind, so that the folder can go.
fn release(folder: &Path) {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let below = mounts.lines().filter_map(|line| line.split(' ').nth(1)).filter(|mount| Path::new(mount).starts_with(folder));
    for mount in below.collect::<Vec<_>>().into_iter().rev() {
        drop(Command::new("umount").args(["--lazy", mount]).output());
    }
}
