//! The testkit's home with what a login finds there: Docker's configuration, credential programs, and nothing in the environment.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use imgbuild_testkit::home;
use imgbuild_testkit::registry::{Registry, Tokens};
use serde_json::Value;

pub(crate) use imgbuild_testkit::home::Ended;

pub(crate) struct Home(home::Home);

impl Home {
    pub(crate) fn new() -> Self {
        let home = Self(home::Home::new(env!("CARGO_BIN_EXE_imgbuild")));
        fs::create_dir(home.path().join("bin")).unwrap();
        home
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.folder()
    }

    /// `imgbuild` in this home, where Docker's configuration is where Docker has it.
    pub(crate) fn imgbuild(&self) -> Command {
        let path = format!("{}:{}", self.path().join("bin").display(), std::env::var("PATH").unwrap_or_default());
        let mut command = self.0.command();
        command.env("PATH", path);
        for name in ["DOCKER_CONFIG", "XDG_CONFIG_HOME", "SSL_CERT_FILE", "CONTAINERS_REGISTRIES_CONF", "IMGBUILD_CACHE_DIR"] {
            command.env_remove(name);
        }
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
    pub(crate) fn login(&self, registry: &str, user: &str, password: &str) -> Ended {
        with_input(self.imgbuild().args(["login", registry, "-u", user, "--password-stdin", "-vv"]), password)
    }
}

pub(crate) fn with_input(command: &mut Command, input: &str) -> Ended {
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
