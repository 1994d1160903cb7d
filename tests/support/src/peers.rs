//! Real peers: the programs of others that judge what imgbuild makes, and the input that `tests/peers/make` made for them.
//!
//! Everything here is found or skipped: a test asks for what it needs and returns where that is missing, unless
//! `IMGBUILD_PEERS=required` says that nothing may be missing. Started programs listen on loopback, keep their files in a folder
//! of their own, and end when their value is dropped. What a peer answers is the caller's to judge.

mod archive;
mod emulation;
mod engine;
mod layout;
mod process;
mod registry;
mod token_registry;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fmt};

pub use archive::{ZipEntry, manifest_attributes, zip_entries};
pub use emulation::Unpacked;
pub use engine::Engine;
pub use imgbuild_token_proxy::{Access, Options, Refusal, TokenProxy};
pub use layout::copy_single;
pub use process::http_get;
pub use registry::{Authentication, Registry};
pub use token_registry::{TokenRegistry, docker_config};

/// A program of somebody else that is installed here.
#[derive(Debug, Clone)]
pub struct Peer {
    name: String,
    path: PathBuf,
}

/// The peer of this name from `PATH`, or from the tools beside the peers' input; a skip where there is none.
///
/// # Panics
/// Where it is missing though `IMGBUILD_PEERS=required`.
#[must_use]
pub fn require(name: &str) -> Option<Peer> {
    let tools = folder().join("tools/bin");
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).chain([tools]).chain(system).map(|folder| folder.join(name)).find(|path| path.is_file());
    if found.is_none() {
        skip(format_args!("`{name}` is not installed"));
    }
    Some(Peer { name: name.to_owned(), path: found? })
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
    let jars = env::var_os("IMGBUILD_PEER_JARS").map_or_else(|| folder().join("jars"), PathBuf::from);
    made(jars.join(name))
}

/// The JDK base as an OCI layout with the tag `17`; a skip where it was not made.
///
/// # Panics
/// Where it is missing though `IMGBUILD_PEERS=required`.
#[must_use]
pub fn base() -> Option<PathBuf> {
    made(folder().join("base"))
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
        output(self.command().args(arguments), &self.name)
    }
}

/// Runs a command to its end and returns its standard output.
pub(crate) fn output(command: &mut Command, name: &str) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("cannot start `{name}`: {error}"));
    let [stdout, stderr] = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    assert!(output.status.success(), "`{name}` failed with {}: {command:?}\n{stdout}\n{stderr}", output.status);
    stdout
}

/// Says what is missing, or panics where nothing may be.
pub(crate) fn skip(why: impl fmt::Display) {
    assert!(env::var_os("IMGBUILD_PEERS").is_none_or(|value| value != "required"), "a peer is required: {why}");
    announce(&why);
}

#[expect(clippy::print_stderr, reason = "a skipped test must be told from one that passed")]
fn announce(why: &dyn fmt::Display) {
    eprintln!("skipped: {why}");
}

fn made(path: PathBuf) -> Option<PathBuf> {
    if !path.exists() {
        skip(format_args!("`{}` was not made; run `tests/peers/make`", path.display()));
        return None;
    }
    Some(path)
}

/// The folder of `tests/peers/make`.
fn folder() -> PathBuf {
    env::var_os("IMGBUILD_PEER_DIR").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers"), PathBuf::from)
}
