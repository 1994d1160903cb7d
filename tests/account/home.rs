//! A user at a machine of their own: nothing of this one's environment but where programs are.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use imgbuild_testkit::registry::{Registry, Tokens};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir(home.path().join("bin")).unwrap();
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// `imgbuild` at this place, not yet run.
    pub(crate) fn imgbuild(&self) -> Command {
        let path = format!("{}:{}", self.path().join("bin").display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new(env!("CARGO_BIN_EXE_imgbuild"));
        command.env_clear().env("PATH", path).env("HOME", self.path()).current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Docker's configuration, where a login writes it.
    pub(crate) fn config(&self) -> PathBuf {
        self.path().join(".docker/config.json")
    }

    pub(crate) fn write_config(&self, text: &str) {
        fs::create_dir_all(self.config().parent().unwrap()).unwrap();
        fs::write(self.config(), text).unwrap();
    }

    pub(crate) fn read_config(&self) -> Value {
        serde_json::from_slice(&fs::read(self.config()).unwrap()).unwrap()
    }

    /// A credential program `docker-credential-NAME` in front of the others.
    pub(crate) fn program(&self, name: &str, script: &str) {
        let path = self.path().join(format!("bin/docker-credential-{name}"));
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// `imgbuild login REGISTRY -u USER --password-stdin`.
    pub(crate) fn login(&self, registry: &str, user: &str, password: &str) -> Said {
        with_input(self.imgbuild().args(["login", registry, "-u", user, "--password-stdin", "-vv"]), password)
    }
}

/// How a program ended and what it said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }
}

pub(crate) fn run(command: &mut Command) -> Said {
    command.output().unwrap().into()
}

pub(crate) fn with_input(command: &mut Command, input: &str) -> Said {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A program that refuses its arguments reads no input.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap().into()
}

/// The user `writer`, who may pull and push, and the user `reader`, who may pull.
pub(crate) fn tokens() -> Tokens {
    Tokens::new().user("writer", "writepw", &["pull", "push"]).user("reader", "readpw", &["pull"])
}

pub(crate) fn registry() -> Registry {
    Registry::builder().tokens(tokens()).start()
}
