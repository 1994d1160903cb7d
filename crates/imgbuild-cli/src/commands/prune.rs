//! `imgbuild prune`: frees space on a node without what services need.

use clap::Args;
use imgbuild::event::Bytes;
use imgbuild_docker::prune::Pruned;
use imgbuild_docker::{Endpoint, Engine};

use crate::arguments::EngineArguments;
use crate::face::{Exit, Face, Failure};

/// What is freed.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Shows what would be removed, and removes nothing
    #[arg(long)]
    dry_run: bool,
    /// A manager of the node's Swarm, which knows what services need, where the node is a worker: an address or a context
    #[arg(long, value_name = "HOST")]
    manager: Option<String>,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    engine: EngineArguments,
}

pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let engine = arguments.engine.connect().await?;
    let manager = match &arguments.manager {
        Some(manager) if manager.contains("://") => Some(Engine::connect(&Endpoint::at(manager, "--manager")?).await?),
        Some(context) => Some(Engine::connect(&Endpoint::choose(None, Some(context))?).await?),
        None => None,
    };
    let pruned = imgbuild_docker::prune(&engine, manager.as_ref(), arguments.dry_run).await?;
    if arguments.json {
        face.result_json(&pruned)?;
        return Ok(Exit::DONE);
    }
    for line in lines(&pruned) {
        face.result(&line)?;
    }
    Ok(Exit::DONE)
}

fn lines(pruned: &Pruned) -> Vec<String> {
    let (removed, freed) = if pruned.dry_run { ("would remove", "would free") } else { ("removed", "freed") };
    let items = [("container", &pruned.containers), ("image", &pruned.images)];
    let items = items.into_iter().flat_map(|(kind, items)| items.iter().map(move |item| (kind, item)));
    let items = items.map(|(kind, item)| format!("{removed} the {kind} {} ({})", item.name, Bytes(item.bytes)));
    let kept = pruned.kept.iter().map(|name| format!("kept the image {name}: a service names it"));
    let refused = pruned.refused.iter().map(|reason| format!("could not remove {reason}"));
    items.chain(kept).chain(refused).chain([format!("{freed} {}", Bytes(pruned.bytes))]).collect()
}
