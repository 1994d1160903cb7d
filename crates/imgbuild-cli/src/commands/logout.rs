//! `imgbuild logout`: forgets a registry's credentials, in the file and in the program that it names.

use clap::Args;
use imgbuild::registry::{Client, DockerCredentials};

use crate::face::{Exit, Face, Failure};

/// Which registry is forgotten.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The registry
    #[arg(value_name = "REGISTRY", default_value = "docker.io")]
    registry: String,
}

/// Logs out, and prints where something was forgotten. No registry is asked.
pub(crate) async fn run(Arguments { registry }: Arguments, face: &Face) -> Result<Exit, Failure> {
    let places = Client::default().logout(&DockerCredentials::from_environment(), &registry).await?;
    if places.is_empty() {
        face.result(&format!("no credentials for `{registry}` were stored"))?;
    } else {
        face.result(&format!("the credentials for `{registry}` are gone from {}", places.join(" and ")))?;
    }
    Ok(Exit::DONE)
}
