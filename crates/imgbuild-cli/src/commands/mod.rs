//! The commands, one file each: its arguments, and `run`, which calls the library.

mod auth;
mod base;
mod build;
mod cache;
mod check;
mod completions;
mod copy;
mod diff;
mod init;
mod inspect;
mod login;
mod logout;
mod man;
mod prune;
mod rebase;
mod service;
mod services;
mod tags;
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
    /// Copies an image between registries, layouts, archives and engines, byte for byte
    Copy(copy::Arguments),
    /// Puts an image that imgbuild built on another base; no JAR is needed
    Rebase(rebase::Arguments),
    /// Tells whether an image is behind its base: exit 0 where it is not, 6 where it is
    Base(base::Arguments),
    /// Lists the tags of a repository
    Tags(tags::Arguments),
    /// Writes an imgbuild.yaml, from a Dockerfile or by asking
    Init(init::Arguments),
    /// Shows, shrinks and checks what is kept between builds
    Cache(cache::Arguments),
    /// Prints what a shell needs to complete commands and flags
    Completions(completions::Arguments),
    /// Prints a manual page
    Man(man::Arguments),
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
        Command::Copy(arguments) => copy::run(arguments, face).await,
        Command::Rebase(arguments) => rebase::run(arguments, face).await,
        Command::Base(arguments) => base::run(arguments, face).await,
        Command::Tags(arguments) => tags::run(arguments, face).await,
        Command::Init(arguments) => init::run(arguments, face).await,
        Command::Cache(arguments) => cache::run(arguments, face).await,
        Command::Completions(arguments) => completions::run(&arguments, face),
        Command::Man(arguments) => man::run(&arguments, face),
        Command::Login(arguments) => login::run(arguments, face).await,
        Command::Logout(arguments) => logout::run(arguments, face).await,
        Command::Auth(arguments) => auth::run(arguments, face).await,
        Command::Service(command) => service::run(command, face).await,
        Command::Prune(arguments) => prune::run(arguments, face).await,
    }
}

/// Prints a result: as JSON where that was asked for, else as text.
fn show(face: &Face, json: bool, value: &impl serde::Serialize, text: &(impl std::fmt::Display + ?Sized)) -> Result<(), Failure> {
    if json {
        let value = serde_json::to_string_pretty(value);
        return face.result(&value.map_err(|error| Failure::new(Exit::FAILED, "cannot write the result as JSON").because(error))?);
    }
    face.result(text)
}
