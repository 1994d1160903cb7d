//! How a rollout is done: what the nodes pull with, which files are mounted, how long it is waited for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use imgbuild::recipe::{Injected, Injection, Settings};
use imgbuild::registry::DockerCredentials;
use imgbuild::{Recipe, Reference};
use imgbuild_docker::service::{Mount, MountKind, PullAccess};
use imgbuild_docker::{Engine, Service};

use super::RegistryArguments;
use crate::face::{Exit, Face, Failure};

/// How a rollout is done.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Rollout")]
pub(crate) struct RolloutArguments {
    /// Hands this machine's credentials for the registry to Swarm, which keeps them
    #[arg(long)]
    with_registry_auth: bool,
    /// Hands Swarm the credentials of this file instead, in the form of Docker's config.json; let them only pull
    #[arg(long, value_name = "FILE")]
    pull_auth_file: Option<PathBuf>,
    /// Keeps config files out of the image, as `swarm-config` or `swarm-secret`, mounted where they would lie in it
    #[arg(long, value_name = "KIND")]
    config_as: Option<MountKind>,
    /// Goes on although the image does not cover every node that may run the service
    #[arg(long)]
    allow_uncovered_nodes: bool,
    /// Does not wait for the end of the rollout
    #[arg(short, long)]
    detach: bool,
}

impl RolloutArguments {
    /// Whether config files are mounted instead of built in.
    pub(crate) const fn is_mounting(&self) -> bool {
        self.config_as.is_some()
    }

    /// The service, set up as asked. `image` is what is rolled out, where that is known.
    pub(crate) fn service(
        &self,
        engine: Engine,
        name: &str,
        registry: &RegistryArguments,
        limit: Option<Duration>,
        face: &Face,
    ) -> Result<Service, Failure> {
        let client = registry.client(face, None)?;
        let access = match (&self.pull_auth_file, self.with_registry_auth) {
            (Some(file), _) => {
                if !file.is_file() {
                    return Err(Failure::new(Exit::FAILED, format!("cannot read `{}`: there is no such file", file.display())));
                }
                let credentials = || DockerCredentials::from_file(file);
                PullAccess::given(registry.client_with(face, credentials())?, Arc::new(credentials()), false)
            }
            (None, true) => PullAccess::given(client.clone(), Arc::new(DockerCredentials::from_environment()), true),
            (None, false) => PullAccess::kept(registry.client_with(face, imgbuild::registry::Anonymous)?),
        };
        Ok(Service::new(engine, name)
            .registry(client)
            .pull_access(access)
            .time_limit(limit)
            .detach(self.detach)
            .allow_uncovered_nodes(self.allow_uncovered_nodes)
            .on_event(face.service_observer()))
    }

    /// What is mounted of these files.
    pub(crate) fn mounts(&self, files: Vec<Injected>) -> Result<Vec<Mount>, Failure> {
        let Some(kind) = self.config_as else {
            return if files.is_empty() {
                Ok(Vec::new())
            } else {
                Err(Failure::usage("`--config` does not say how the file comes to the service")
                    .hint("add `--config-as swarm-config` or `--config-as swarm-secret`"))
            };
        };
        let read = |file: Injected| {
            let content = std::fs::read(&file.source)
                .map_err(|error| Failure::new(Exit::FAILED, format!("cannot read `{}`", file.source.display())).because(error))?;
            Ok(Mount::new(kind, file.destination, content)?)
        };
        files.into_iter().map(read).collect()
    }

    /// The places of config files that no image has a recipe for.
    pub(crate) fn placed(files: &[Injection]) -> Result<Vec<Injected>, Failure> {
        let mut settings = Settings::default();
        settings.configs = files.to_vec();
        Ok(Recipe::from_sources([settings])?.configs)
    }
}

/// The reference of a published image, `NAME:TAG@DIGEST`.
pub(crate) fn published(reference: &str) -> Result<Reference, Failure> {
    reference.parse().map_err(|error: imgbuild::oci::ReferenceError| {
        Failure::new(Exit::FAILED, format!("`{reference}` cannot be rolled out")).because(error)
    })
}
