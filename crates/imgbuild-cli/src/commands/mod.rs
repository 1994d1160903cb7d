//! The commands, one file each: its arguments, and `run`, which calls the library.

mod build;

use clap::Subcommand;

use crate::face::{Exit, Face, Failure};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Puts a JAR and its config on a base image, for every platform, and publishes one image
    Build(Box<build::Arguments>),
}

/// Runs a command.
pub(crate) async fn run(command: Command, face: &Face) -> Result<Exit, Failure> {
    match command {
        Command::Build(arguments) => build::run(*arguments, face).await,
    }
}
