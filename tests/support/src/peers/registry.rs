//! Real registries on a loopback port, each with its own storage.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::{Running, free_address};
use super::{Peer, require};

/// Whose registry it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Make {
    /// Debian's `docker-registry`: distribution 2.8.
    Debian,
    /// `registry`: distribution 3.
    Distribution,
    /// `crane registry serve`: go-containerregistry's. It knows no users.
    Crane,
}

impl Make {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Debian, Self::Distribution, Self::Crane];

    /// The program's name.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Debian => "docker-registry",
            Self::Distribution => "registry",
            Self::Crane => "crane",
        }
    }

    /// Whether what was pushed is still there after a kill: crane's registry has its manifests in memory alone.
    #[must_use]
    pub const fn is_durable(self) -> bool {
        !matches!(self, Self::Crane)
    }

    fn command(self, program: &Peer, folder: &Path, address: SocketAddr) -> Command {
        let mut command = program.command();
        match self {
            Self::Debian | Self::Distribution => command.arg("serve").arg(folder.join("config.yml")),
            Self::Crane => command.args(["registry", "serve", "--address", &address.to_string(), "--disk"]).arg(folder.join("storage")),
        };
        // Version 3 sends traces to a collector on this machine unless it is told not to.
        command.env("OTEL_TRACES_EXPORTER", "none");
        command
    }
}

/// How the registry knows its users.
#[derive(Debug, Clone)]
pub enum Authentication {
    /// Everybody may do everything.
    None,
    /// Basic authentication: `reader` with `readpw`, `writer` with `writepw`; both may do everything.
    Basic,
    /// Tokens of the Docker token authentication specification.
    Token {
        /// Where the challenge sends clients.
        realm: String,
        /// PEM file of the certificate that signs tokens.
        certificate: PathBuf,
    },
}

/// bcrypt of the passwords in [`Authentication::Basic`], cost 5.
const PASSWORDS: &str = "reader:$2y$05$imgbuildPeeraaaaaaaaau14ku6bJZq9uCzBdVaTjeOIKMrzX5Omi\nwriter:$2y$05$imgbuildPeeraaaaaaaaauDKAGdVhUxjA80KaFGmmUGInVhSRk1v.\n";

/// A running registry; its storage lives as long as this value.
#[derive(Debug)]
pub struct Registry {
    make: Make,
    program: Peer,
    address: SocketAddr,
    folder: TempDir,
    running: Running,
    words: Vec<String>,
}

/// A network that a registry is started in: the words that run a program there, and where it listens.
#[derive(Debug)]
pub(super) struct Inside {
    pub(super) words: Vec<String>,
    pub(super) address: SocketAddr,
}

impl Registry {
    /// Starts Debian's on a free port; a skip where `docker-registry` is not installed.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn start(authentication: &Authentication) -> Option<Self> {
        Self::of(Make::Debian, authentication)
    }

    /// Starts one of this make on a free port; a skip where it is not installed.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn of(make: Make, authentication: &Authentication) -> Option<Self> {
        Self::start_at(make, authentication, None)
    }

    /// Starts Debian's in another network.
    pub(super) fn start_inside(authentication: &Authentication, inside: &Inside) -> Option<Self> {
        Self::start_at(Make::Debian, authentication, Some(inside))
    }

    fn start_at(make: Make, authentication: &Authentication, inside: Option<&Inside>) -> Option<Self> {
        let program = require(make.program())?;
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("cannot make a folder for a registry: {error}"));
        // Between asking for a free port and opening it somebody else may take it: another one is tried then.
        for _ in 0..5 {
            let address = inside.map_or_else(free_address, |inside| inside.address);
            write(&folder.path().join("passwords"), PASSWORDS);
            write(&folder.path().join("config.yml"), &configuration(folder.path(), address, authentication).to_string());
            fs::create_dir_all(folder.path().join("storage")).unwrap_or_else(|error| panic!("cannot make the storage: {error}"));
            let words = inside.map(|inside| inside.words.clone()).unwrap_or_default();
            let mut running = serve(make, &program, folder.path(), address, &words);
            if listening(&mut running, address, &words) {
                return Some(Self { make, program, address, folder, running, words });
            }
        }
        panic!("`{}` does not start: {}", make.program(), fs::read_to_string(folder.path().join("log")).unwrap_or_default());
    }

    /// `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends it at once, as `kill -9` does; the storage stays.
    pub fn kill(&mut self) {
        self.running.kill();
    }

    /// Starts it again on the same port and storage.
    ///
    /// # Panics
    /// Where it does not start.
    pub fn restart(&mut self) {
        self.running.kill();
        self.running = serve(self.make, &self.program, self.folder.path(), self.address, &self.words);
        let listens = listening(&mut self.running, self.address, &self.words);
        assert!(listens, "`{}` does not start again: {}", self.make.program(), self.running.log());
    }
}

fn serve(make: Make, program: &Peer, folder: &Path, address: SocketAddr, words: &[String]) -> Running {
    let own = make.command(program, folder, address);
    let mut command = match words {
        [] => own,
        [first, rest @ ..] => {
            let mut command = Command::new(first);
            command.args(rest).arg(own.get_program()).args(own.get_args());
            command
        }
    };
    Running::start(make.program(), &mut command, &folder.join("log"))
}

fn listening(running: &mut Running, address: SocketAddr, words: &[String]) -> bool {
    let connect = || match words {
        [] => TcpStream::connect(address).ok().map(drop),
        // Our own connections are of this machine's network.
        [first, rest @ ..] => {
            let script = format!("exec 3<>/dev/tcp/{}/{}", address.ip(), address.port());
            let tried = Command::new(first).args(rest).args(["bash", "-c", &script]).output();
            tried.is_ok_and(|tried| tried.status.success()).then_some(())
        }
    };
    running.ready(connect).is_some()
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).unwrap_or_else(|error| panic!("cannot write `{}`: {error}", path.display()));
}

/// The configuration, as JSON: the YAML that needs no writer.
fn configuration(folder: &Path, address: SocketAddr, authentication: &Authentication) -> Value {
    let mut configuration = json!({
        "version": "0.1",
        "log": { "level": "warn", "accesslog": { "disabled": true } },
        "storage": {
            "filesystem": { "rootdirectory": folder.join("storage") },
            "delete": { "enabled": true },
            "cache": { "blobdescriptor": "inmemory" },
        },
        // The secret signs upload sessions: with one of its own each start would forget them.
        "http": { "addr": address.to_string(), "secret": "imgbuild-peer" },
    });
    match authentication {
        Authentication::None => {}
        Authentication::Basic => {
            configuration["auth"] = json!({ "htpasswd": { "realm": "imgbuild peer", "path": folder.join("passwords") } });
        }
        Authentication::Token { realm, certificate } => {
            let (service, issuer) = (imgbuild_token_proxy::SERVICE, imgbuild_token_proxy::ISSUER);
            configuration["auth"] =
                json!({ "token": { "realm": realm, "service": service, "issuer": issuer, "rootcertbundle": certificate } });
        }
    }
    configuration
}
