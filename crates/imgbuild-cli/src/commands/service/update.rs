//! `imgbuild service update`: rolls an image out by digest and tells what really runs.

use clap::Args;
use imgbuild::Reference;
use imgbuild::recipe::Injection;

use super::{shown, watched};
use crate::arguments::{ChangeArguments, EngineArguments, RegistryArguments, RolloutArguments};
use crate::face::{Exit, Face, Failure};

/// What is changed.
#[derive(Debug, Args)]
#[command(after_help = "\
Exit codes: 0 every task runs what it should, or did already; 10 rolled back; 11 paused; 12 over, and not every task runs; 13 not \
finished in time.")]
pub(crate) struct Arguments {
    /// The service's name
    #[arg(value_name = "NAME")]
    name: String,
    /// The image; what its tag names now is pinned by digest
    #[arg(long, value_name = "REF")]
    image: Option<Reference>,
    /// A config file to mount, at /app/config/NAME where no place is given; see `--config-as`
    #[arg(long, value_name = "FILE[:DEST]")]
    config: Vec<Injection>,
    /// Replaces every task although nothing changed, and updates a service that another update is changing
    #[arg(long)]
    force: bool,
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
    let changes = arguments.changes.changes(arguments.force);
    let outcome = watched(face, &arguments.name, Box::pin(service.update(arguments.image.as_ref(), &changes))).await?;
    shown(face, &outcome, arguments.json)
}
