//! `imgbuild service rollback`: brings back what a service ran before, also after Swarm rolled back by itself.

use clap::Args;

use super::common::CommonArguments;
use super::{shown, watched};
use crate::face::{Exit, Face, Failure};

/// What is brought back.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The service's name
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    common: CommonArguments,
}

pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let Arguments { name, common } = arguments;
    let service = common.service(&name, Vec::new(), face).await?;
    let outcome = watched(face, &name, Box::pin(service.rollback())).await?;
    shown(face, &outcome, common.json)
}
