//! The commands, one file each: its arguments, and `run`, which calls the library.

mod auth;
mod build;
mod check;
mod diff;
mod inspect;
mod login;
mod logout;
mod prune;
mod service;
mod verify;

use clap::Subcommand;

use crate::face::{Exit, Face, Failure};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Puts a JAR and its config on a base image, for every platform, and publishes one image
    Build(Box<build::Arguments>),
    /// Asks the guards alone: what would fail on the server, or tell everybody what is secret
    // `--format` says how findings are written here; the documents' is of no interest to the guards.
    #[command(mut_arg("format", |arg| arg.long("image-format").hide(true)))]
    Check(Box<check::Arguments>),
    /// Tells what differs between two images, and why it matters
    Diff(Box<diff::Arguments>),
    /// Shows the platforms, the layers and what is in them, and the configuration of an image
    Inspect(Box<inspect::Arguments>),
    /// Builds again from the same inputs, and tells whether an image is what they give
    Verify(Box<verify::Arguments>),
    /// Checks a password or access token against its registry, and stores it where Docker's tools find it
    Login(login::Arguments),
    /// Forgets the credentials of a registry
    Logout(logout::Arguments),
    /// Shows which credential is used for a repository, where it came from, and what it may do
    Auth(auth::Arguments),
    /// Makes, rolls out, scales, brings back and shows the services of a Docker Swarm
    #[command(subcommand)]
    Service(service::Command),
    /// Removes exited containers and dangling images from a node, but nothing that a service needs
    Prune(prune::Arguments),
}

/// Runs a command.
pub(crate) async fn run(command: Command, face: &Face) -> Result<Exit, Failure> {
    match command {
        Command::Build(arguments) => Box::pin(build::run(*arguments, face)).await,
        Command::Check(arguments) => Box::pin(check::run(*arguments, face)).await,
        Command::Diff(arguments) => Box::pin(diff::run(*arguments, face)).await,
        Command::Inspect(arguments) => Box::pin(inspect::run(*arguments, face)).await,
        Command::Verify(arguments) => Box::pin(verify::run(*arguments, face)).await,
        Command::Login(arguments) => login::run(arguments, face).await,
        Command::Logout(arguments) => logout::run(arguments, face).await,
        Command::Auth(arguments) => auth::run(arguments, face).await,
        Command::Service(command) => service::run(command, face).await,
        Command::Prune(arguments) => prune::run(arguments, face).await,
    }
}
