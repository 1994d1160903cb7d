//! Which Docker Engine is asked: flags with the names of `docker`.

use clap::Args;
use imgbuild::source::Origin;
use imgbuild::{Location, Target, target};
use imgbuild_docker::{Endpoint, Engine, LoadTarget, save};

use crate::face::Failure;

/// Which Docker Engine is asked.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Docker Engine")]
pub(crate) struct EngineArguments {
    /// The engine: `unix:///var/run/docker.sock`, `tcp://HOST:2376` or `ssh://USER@HOST` [default: `DOCKER_HOST`, else the context]
    #[arg(short = 'H', long, value_name = "HOST")]
    host: Option<String>,
    /// The Docker context of the engine [default: `DOCKER_CONTEXT`, else the current one]
    #[arg(long, value_name = "NAME", conflicts_with = "host")]
    context: Option<String>,
}

impl EngineArguments {
    /// Reaches the engine.
    pub(crate) async fn connect(&self) -> Result<Engine, Failure> {
        let endpoint = Endpoint::choose(self.host.as_deref(), self.context.as_deref())?;
        Ok(Engine::connect(&endpoint).await?)
    }

    /// What an image is read from; one of the engine is opened, so that others need know no engine.
    pub(crate) async fn origin(&self, location: Location) -> Result<Origin, Failure> {
        Ok(match location {
            Location::Daemon(image) => save::open(&self.connect().await?, &image).await?.into(),
            elsewhere => elsewhere.into(),
        })
    }

    /// Where an image goes.
    pub(crate) async fn target(&self, location: &Location) -> Result<Box<dyn Target>, Failure> {
        Ok(match location {
            Location::Daemon(image) if image.digest().is_some() => return Err(target::Error::Digest(location.to_string()).into()),
            Location::Daemon(image) => Box::new(LoadTarget::new(self.connect().await?).names([image.clone()])),
            elsewhere => target::at(elsewhere)?,
        })
    }
}
