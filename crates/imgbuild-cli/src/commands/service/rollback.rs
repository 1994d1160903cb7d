//! `imgbuild service rollback`: brings back what a service ran before, also after Swarm rolled back by itself.

use clap::Args;

use super::{shown, watched};
use crate::arguments::{EngineArguments, RegistryArguments, RolloutArguments};
use crate::face::{Exit, Face, Failure};

/// What is brought back.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The service's name
    #[arg(value_name = "NAME")]
    name: String,
    /// Prints the outcome as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    rollout: RolloutArguments,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    registry: RegistryArguments,
}

pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let engine = arguments.engine.connect().await?;
    let service = arguments.rollout.service(engine, &arguments.name, &arguments.registry, arguments.registry.timeout(), face)?;
    let outcome = watched(face, &arguments.name, Box::pin(service.rollback())).await?;
    shown(face, &outcome, arguments.json)
}
