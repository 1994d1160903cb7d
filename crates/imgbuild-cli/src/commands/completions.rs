//! `imgbuild completions`: what a shell needs to complete commands and flags.

use clap::Args;
use clap_complete::Shell;

use crate::face::{Exit, Face, Failure};

/// Which shell.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: &Arguments, face: &Face) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut crate::arguments::grammar(), "imgbuild", &mut script);
    face.result(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::DONE)
}
