//! The commands, one file each: its arguments, and `run`, which calls the library.

mod auth;
mod build;
mod login;
mod logout;

use clap::Subcommand;

use crate::face::{Exit, Face, Failure};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Puts a JAR and its config on a base image, for every platform, and publishes one image
    Build(Box<build::Arguments>),
    /// Checks a password or access token against its registry, and stores it where Docker's tools find it
    Login(login::Arguments),
    /// Forgets the credentials of a registry
    Logout(logout::Arguments),
    /// Shows which credential is used for a repository, where it came from, and what it may do
    Auth(auth::Arguments),
}

/// Runs a command.
pub(crate) async fn run(command: Command, face: &Face) -> Result<Exit, Failure> {
    match command {
        Command::Build(arguments) => build::run(*arguments, face).await,
        Command::Login(arguments) => login::run(arguments, face).await,
        Command::Logout(arguments) => logout::run(arguments, face).await,
        Command::Auth(arguments) => auth::run(arguments, face).await,
    }
}
