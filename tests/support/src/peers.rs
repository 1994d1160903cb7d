//! Real peers: the programs of others that judge what imgbuild makes, and the input that `tests/peers/make` made for them.
//!
//! Everything here is found or skipped: a test asks for what it needs and returns where that is missing, unless
//! `IMGBUILD_PEERS=required` says that nothing may be missing. Started programs listen on loopback, keep their files in a folder
//! of their own, and end when their value is dropped. What a peer answers is the caller's to judge.

mod archive;
mod claim;
mod cluster;
mod container;
mod emulation;
mod engine;
mod layout;
mod namespace;
mod process;
mod registry;
mod server;
mod ssh;
mod tls_engine;
mod token_registry;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::peer;

pub use archive::{ZipEntry, manifest_attributes, zip_entries};
pub use claim::claiming_base;
pub use cluster::{Cluster, Probe};
pub use emulation::Unpacked;
pub use engine::Engine;
pub use imgbuild_token_proxy::{Access, Options, Refusal, TokenProxy};
pub use layout::copy_single;
pub use process::http_get;
pub use registry::{Authentication, Make, Registry};
pub use server::ServerImage;
pub use ssh::SshServer;
pub use tls_engine::TlsEngine;
pub use token_registry::{TokenRegistry, docker_config};

/// A program of somebody else that is installed here.
#[derive(Debug, Clone)]
pub struct Peer {
    path: PathBuf,
}

/// The peer of this name from `PATH`, or from the tools beside the peers' input; a skip where there is none.
///
/// # Panics
/// Where it is missing though `IMGBUILD_PEERS=required`.
#[must_use]
pub fn require(name: &str) -> Option<Peer> {
    peer::path(name).map(|path| Peer { path })
}

/// Whether all these peers are here; skips at the first that is not.
///
/// # Panics
/// As [`require`].
#[must_use]
pub fn require_all(names: &[&str]) -> bool {
    names.iter().all(|name| require(name).is_some())
}

/// A Spring Boot archive by its file name, as `app.jar`; a skip where it was not made.
///
/// # Panics
/// Where it is missing though `IMGBUILD_PEERS=required`.
#[must_use]
pub fn jar(name: &str) -> Option<PathBuf> {
    made(peer::input().join("jars").join(name))
}

/// A library from Maven Central with native code for x86-64 alone, by its file name; a skip where it was not made.
///
/// # Panics
/// Where it is missing though `IMGBUILD_PEERS=required`.
#[must_use]
pub fn one_sided(name: &str) -> Option<PathBuf> {
    made(peer::input().join("refused").join(name))
}

/// The folder with Jib's library and what it needs; a skip where it was not made.
///
/// # Panics
/// Where it is missing though `IMGBUILD_PEERS=required`.
#[must_use]
pub fn jib_core() -> Option<PathBuf> {
    made(peer::input().join("jib-core"))
}

/// The JDK base as an OCI layout with the tag `17`; a skip where it was not made.
///
/// # Panics
/// Where it is missing though `IMGBUILD_PEERS=required`.
#[must_use]
pub fn base() -> Option<PathBuf> {
    made(peer::input().join("base"))
}

impl Peer {
    /// The program, ready to be given arguments.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.stdin(Stdio::null());
        command
    }

    /// Where the program lies.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs it and returns what it wrote to its standard output.
    ///
    /// # Panics
    /// Where it cannot be started or fails, with what it wrote.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> String {
        peer::output(self.command().args(arguments))
    }
}

fn made(path: PathBuf) -> Option<PathBuf> {
    if !path.exists() {
        peer::skip(format_args!("`{}` was not made; run `tests/peers/make`", path.display()));
        return None;
    }
    Some(path)
}

/// Whether we are root, without whom nothing is mounted.
fn root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
