//! Programs of other people that judge what the makers made: python3, unzip, readelf, java, qemu. An oracle that is
//! not there is skipped with a message, or is a failure where `IMGBUILD_PEERS=required`.

use std::env;
use std::fmt::Display;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The program as a command without input, or `None` after a message when this machine lacks it.
///
/// # Panics
/// When it is absent although `IMGBUILD_PEERS=required`.
#[must_use]
pub fn find(program: &str) -> Option<Command> {
    let mut command = Command::new(path(program)?);
    command.stdin(Stdio::null());
    Some(command)
}

/// Where the program lies: on `PATH`, among the tools that CI made, or where Debian keeps daemons.
///
/// # Panics
/// When it is absent although `IMGBUILD_PEERS=required`.
#[must_use]
pub fn path(program: &str) -> Option<PathBuf> {
    let listed = env::var_os("PATH").unwrap_or_default();
    let others = [input().join("tools/bin"), PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")];
    let found = env::split_paths(&listed).chain(others).map(|folder| folder.join(program)).find(|path| path.is_file());
    if found.is_none() {
        skip(format_args!("`{program}` is not on this machine"));
    }
    found
}

/// The folder of `tests/peers/make`: `IMGBUILD_PEER_DIR`, else `target/peers`.
#[must_use]
pub fn input() -> PathBuf {
    let usual = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/peers");
    env::var_os("IMGBUILD_PEER_DIR").map_or_else(usual, PathBuf::from)
}

/// Says that a test is left out, and why.
///
/// # Panics
/// Where nothing may be left out: `IMGBUILD_PEERS=required`.
#[expect(clippy::print_stderr, reason = "a skipped oracle must be visible in the test's output")]
pub fn skip(why: impl Display) {
    let required = env::var("IMGBUILD_PEERS").is_ok_and(|value| value == "required");
    assert!(!required, "{why} and IMGBUILD_PEERS=required");
    eprintln!("skipped: {why}");
}

/// Standard output of a command that must succeed, as text.
///
/// # Panics
/// When the command cannot be started or fails; both streams are in the message.
#[must_use]
pub fn output(command: &mut Command) -> String {
    match command.output() {
        Ok(output) if output.status.success() => String::from_utf8_lossy(&output.stdout).into_owned(),
        Ok(output) => panic!("{command:?}: {}\n{}", output.status, text(&output)),
        Err(error) => panic!("{command:?}: {error}"),
    }
}

/// Both streams of a finished program, standard output first.
#[must_use]
pub fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
