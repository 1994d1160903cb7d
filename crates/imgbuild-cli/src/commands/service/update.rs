//! `imgbuild service update`: rolls an image out by digest and tells what really runs.

use clap::Args;
use imgbuild::Reference;

use super::common::CommonArguments;
use super::{shown, watched};
use crate::arguments::ChangeArguments;
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
    /// Replaces every task although nothing changed, and updates a service that another update is changing
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    changes: ChangeArguments,
    #[command(flatten)]
    common: CommonArguments,
}

pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let Arguments { name, image, force, changes, common } = arguments;
    let mounts = common.rollout.mounts(changes.files()?)?;
    let service = common.service(&name, mounts, face).await?;
    let changes = changes.changes(force);
    let outcome = watched(face, &name, Box::pin(service.update(image.as_ref(), &changes))).await?;
    shown(face, &outcome, common.json)
}
