//! Programs of other people that judge what the makers made: python3, unzip, readelf, java, qemu. An oracle that is
//! not there is skipped with a message, or is a failure where `IMGBUILD_PEERS=required`.

use std::process::{Command, Output};

/// The program as a command, or `None` after a message when this machine lacks it.
///
/// # Panics
/// When it is absent although `IMGBUILD_PEERS=required`.
#[must_use]
#[expect(clippy::print_stderr, reason = "a skipped oracle must be visible in the test's output")]
pub fn find(program: &str) -> Option<Command> {
    let found = std::env::var_os("PATH").is_some_and(|path| std::env::split_paths(&path).any(|folder| folder.join(program).is_file()));
    if found {
        return Some(Command::new(program));
    }
    let required = std::env::var("IMGBUILD_PEERS").is_ok_and(|value| value == "required");
    assert!(!required, "`{program}` is absent and IMGBUILD_PEERS=required");
    eprintln!("skipped: `{program}` is not on this machine");
    None
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
