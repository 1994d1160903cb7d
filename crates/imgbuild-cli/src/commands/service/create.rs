//! `imgbuild service create`: makes a service from an image, by digest.

use clap::Args;
use imgbuild::Reference;

use super::common::CommonArguments;
use super::{shown, watched};
use crate::arguments::ChangeArguments;
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
    #[command(flatten)]
    changes: ChangeArguments,
    #[command(flatten)]
    common: CommonArguments,
}

pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let Arguments { name, image, command, changes, common } = arguments;
    let mounts = common.rollout.mounts(changes.files()?)?;
    let service = common.service(&name, mounts, face).await?;
    let changes = changes.changes(false);
    let outcome = watched(face, &name, Box::pin(service.create(&image, &command, &changes))).await?;
    shown(face, &outcome, common.json)
}
