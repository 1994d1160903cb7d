//! `imgbuild service ps`: how a service stands.

use clap::Args;
use imgbuild_docker::Service;

use crate::arguments::EngineArguments;
use crate::face::{Exit, Face, Failure};

/// What is shown.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The service's name
    #[arg(value_name = "NAME")]
    name: String,
    /// Prints JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    engine: EngineArguments,
}

pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let status = Service::new(arguments.engine.connect().await?, &arguments.name).status().await?;
    if arguments.json {
        face.result_json(&status)?;
    } else {
        face.result(&status)?;
    }
    Ok(Exit::DONE)
}
