//! One user at one build server: a registry with the base, an archive, a config, and `imgbuild` in its own home.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use imgbuild_testkit::home::Home;
use imgbuild_testkit::peers::{self, TokenRegistry};
use serde_json::Value;

/// What the injected config makes `/` answer; the archive's own default is another text.
pub(crate) const GREETING: &str = "from the injected config";

/// The repository and tag that is pushed to.
pub(crate) const TARGET: &str = "koin/api:1";

/// A registry that has the base, and what a build needs on this side.
pub(crate) struct Scenario {
    pub(crate) registry: TokenRegistry,
    pub(crate) home: Home,
    jar: PathBuf,
}

impl Scenario {
    /// With the Maven-built web application.
    pub(crate) fn start() -> Option<Self> {
        let jar = peers::jar("app.jar")?;
        Self::with_jar(jar)
    }

    /// With this archive.
    pub(crate) fn with_jar(jar: PathBuf) -> Option<Self> {
        let registry = TokenRegistry::with_base()?;
        let home = home();
        home.write_config(GREETING);
        Some(Self { registry, home, jar })
    }

    /// The image's name: `127.0.0.1:PORT/koin/api:1`.
    pub(crate) fn target(&self) -> String {
        format!("{}/{TARGET}", self.registry.address())
    }

    /// The user's one command, not yet run.
    pub(crate) fn command(&self, user: &str) -> Command {
        let mut command = self.home.command();
        command
            .env("DOCKER_CONFIG", self.registry.credentials(user))
            .arg("build")
            .arg(&self.jar)
            .arg(format!("--base={}/library/amazoncorretto:17", self.registry.address()))
            .args(["--config", "application.yml", "-t", &self.target(), "--push", "--metadata-file", "m.json"]);
        command
    }

    /// Builds and pushes as `writer`; what it printed and the metadata file.
    pub(crate) fn push(&self) -> Pushed {
        let output = finished(&mut self.command("writer"));
        let metadata = fs::read(self.home.folder().join("m.json")).unwrap_or_else(|error| panic!("no metadata file: {error}"));
        let metadata = serde_json::from_slice(&metadata).unwrap_or_else(|error| panic!("metadata file: {error}"));
        Pushed { stdout: String::from_utf8_lossy(&output.stdout).into_owned(), metadata }
    }
}

/// A push that succeeded.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) stdout: String,
    pub(crate) metadata: Value,
}

impl Pushed {
    /// The digest that stdout names; nothing else stands there.
    pub(crate) fn digest(&self) -> &str {
        let line = self.stdout.strip_suffix('\n').unwrap_or_default();
        let (_, digest) = line.rsplit_once('@').unwrap_or_else(|| panic!("stdout is no reference: `{}`", self.stdout));
        assert!(!line.contains('\n') && digest.starts_with("sha256:"), "stdout is more than one reference: `{}`", self.stdout);
        digest
    }

    /// The digests of all blobs and documents that were sent, by the metadata file.
    pub(crate) fn sent(&self) -> Vec<&str> {
        let targets = self.metadata["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
        let blobs = targets.iter().filter_map(|target| target["blobs"].as_array()).flatten();
        let mut sent: Vec<_> = blobs.filter(|blob| blob["outcome"] == "sent").filter_map(|blob| blob["digest"].as_str()).collect();
        sent.sort_unstable();
        sent
    }

    /// The digests of the layers on top of the base, by name.
    pub(crate) fn layers(&self) -> Vec<(&str, &str)> {
        let layers = self.metadata["layers"].as_array().map(Vec::as_slice).unwrap_or_default();
        layers.iter().filter_map(|layer| Some((layer["name"].as_str()?, layer["digest"].as_str()?))).collect()
    }

    /// One field of each platform's entry.
    pub(crate) fn platforms(&self, field: &str) -> Vec<&str> {
        let platforms = self.metadata["platforms"].as_array().map(Vec::as_slice).unwrap_or_default();
        platforms.iter().filter_map(|platform| platform[field].as_str()).collect()
    }
}

/// A home for the binary.
pub(crate) fn home() -> Home {
    Home::new(env!("CARGO_BIN_EXE_imgbuild"))
}

/// Runs a command that must succeed.
pub(crate) fn finished(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    output
}
