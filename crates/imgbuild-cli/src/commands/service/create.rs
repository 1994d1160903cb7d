//! `imgbuild service create`: makes a service from an image, by digest.

use clap::Args;
use imgbuild::Reference;
use imgbuild::recipe::Injection;

use super::{shown, watched};
use crate::arguments::{ChangeArguments, EngineArguments, RegistryArguments, RolloutArguments};
use crate::face::{Exit, Face, Failure};

/// What is made.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The service's name
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The image; what its tag names now is pinned by digest
    #[arg(value_name = "REF")]
    image: Reference,
    /// Arguments behind the image's entrypoint
    #[arg(value_name = "ARGUMENT", trailing_var_arg = true)]
    command: Vec<String>,
    /// A config file to mount, at /app/config/NAME where no place is given; see `--config-as`
    #[arg(long, value_name = "FILE[:DEST]")]
    config: Vec<Injection>,
    /// Prints the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    changes: ChangeArguments,
    #[command(flatten)]
    rollout: RolloutArguments,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    registry: RegistryArguments,
}

pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let mounts = arguments.rollout.mounts(RolloutArguments::placed(&arguments.config)?)?;
    let engine = arguments.engine.connect().await?;
    let limit = arguments.registry.timeout();
    let service = arguments.rollout.service(engine, &arguments.name, &arguments.registry, limit, face)?.mounts(mounts);
    let changes = arguments.changes.changes(false);
    let outcome = watched(face, &arguments.name, Box::pin(service.create(&arguments.image, &arguments.command, &changes))).await?;
    shown(face, &outcome, arguments.json)
}
