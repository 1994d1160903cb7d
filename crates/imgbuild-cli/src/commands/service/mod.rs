//! `imgbuild service`: Swarm services, made, rolled out, scaled, brought back and looked at.

mod common;
mod create;
mod ps;
mod rollback;
mod scale;
mod update;
mod watch;

use clap::Subcommand;

use crate::face::{Exit, Face, Failure};

pub(crate) use watch::{shown, watched};

/// What to do with a service.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a service from an image, by digest
    Create(Box<create::Arguments>),
    /// Rolls an image out by digest, waits, and tells what really runs
    Update(Box<update::Arguments>),
    /// Sets the number of tasks
    Scale(scale::Arguments),
    /// Brings back what a service ran before
    Rollback(rollback::Arguments),
    /// Shows a service's tasks
    Ps(ps::Arguments),
}

/// Runs a command.
pub(crate) async fn run(command: Command, face: &Face) -> Result<Exit, Failure> {
    match command {
        Command::Create(arguments) => create::run(*arguments, face).await,
        Command::Update(arguments) => update::run(*arguments, face).await,
        Command::Scale(arguments) => scale::run(arguments, face).await,
        Command::Rollback(arguments) => rollback::run(arguments, face).await,
        Command::Ps(arguments) => ps::run(arguments, face).await,
    }
}
