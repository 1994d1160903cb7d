//! `imgbuild service scale`: sets the number of tasks of services.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use imgbuild_docker::Service;

use super::{shown, watched};
use crate::arguments::{EngineArguments, duration};
use crate::face::{Exit, Face, Failure};

/// What is scaled.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// A service and its number of tasks
    #[arg(value_name = "NAME=NUMBER", required = true)]
    scales: Vec<Scale>,
    /// Does not wait until the tasks run
    #[arg(short, long)]
    detach: bool,
    /// Prints the outcome as JSON
    #[arg(long)]
    json: bool,
    /// The time for each service, such as `10m`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
    #[command(flatten)]
    engine: EngineArguments,
}

/// A service and its number of tasks.
#[derive(Debug, Clone)]
struct Scale {
    name: String,
    replicas: u64,
}

impl FromStr for Scale {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) = text.split_once('=').ok_or("write `NAME=NUMBER`")?;
        let replicas = number.parse().map_err(|_| format!("`{number}` is no number of tasks"))?;
        Ok(Self { name: name.to_owned(), replicas })
    }
}

pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let engine = arguments.engine.connect().await?;
    for Scale { name, replicas } in &arguments.scales {
        let service = Service::new(engine.clone(), name).time_limit(arguments.timeout).detach(arguments.detach);
        let service = service.on_event(face.service_observer());
        let outcome = watched(face, name, Box::pin(service.scale(*replicas))).await?;
        let exit = shown(face, &outcome, arguments.json)?;
        if exit != Exit::DONE {
            return Ok(exit);
        }
    }
    Ok(Exit::DONE)
}
