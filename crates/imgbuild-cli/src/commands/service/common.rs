//! What `create`, `update` and `rollback` have in common.

use clap::Args;
use imgbuild_docker::Service;
use imgbuild_docker::service::Mount;

use crate::arguments::{EngineArguments, RegistryArguments, RolloutArguments};
use crate::face::{Face, Failure};

/// How a service is changed, and what is shown of it.
#[derive(Debug, Args)]
pub(super) struct CommonArguments {
    /// Prints the outcome as JSON
    // The heading of arguments that were added before would go on.
    #[arg(long, help_heading = None::<&str>)]
    pub(super) json: bool,
    #[command(flatten)]
    pub(super) rollout: RolloutArguments,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    registry: RegistryArguments,
}

impl CommonArguments {
    /// The service, reached and set up as asked.
    pub(super) async fn service(&self, name: &str, mounts: Vec<Mount>, face: &Face) -> Result<Service, Failure> {
        let engine = self.engine.connect().await?;
        let service = self.rollout.service(engine, name, &self.registry, self.registry.timeout(), face)?;
        Ok(service.mounts(mounts))
    }
}
