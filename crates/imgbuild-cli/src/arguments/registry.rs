//! How registries are talked to: the flags of every command that does.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use imgbuild::Reference;
use imgbuild::registry::{Client, ClientBuilder, Credentials, DockerCredentials, Mirror, Mirrors, StaticCredentials};

use super::value::{duration, host};
use crate::face::{Face, Failure};

/// How registries are talked to.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Registries")]
pub(crate) struct RegistryArguments {
    /// Lets this host lack TLS or a good certificate; loopback names always may
    #[arg(long, value_name = "HOST", value_delimiter = ',', value_parser = host)]
    insecure: Vec<String>,
    /// Lets a public registry send us to this private host, as split DNS needs
    #[arg(long, value_name = "HOST", value_delimiter = ',', value_parser = host)]
    allow_private_host: Vec<String>,
    /// A PEM file of authorities to trust beside the system's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Looks for what begins with PREFIX at LOCATION first, such as `docker.io=mirror.example`; goes before registries.conf
    #[arg(long, value_name = "PREFIX=LOCATION")]
    mirror: Vec<Mirror>,
    /// How many blobs move at once in each direction [default: 5]
    #[arg(long, value_name = "NUMBER")]
    jobs: Option<NonZeroUsize>,
    /// The time for everything, such as `10m`
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    timeout: Option<Duration>,
}

impl RegistryArguments {
    /// Adds the mirrors of `imgbuild.yaml`, which are weaker than those of the flags.
    pub(crate) fn add_mirrors(&mut self, mirrors: Vec<Mirror>) {
        self.mirror.extend(mirrors);
    }

    /// A client that reports to `face`. `IMGBUILD_REGISTRY_USER` and `IMGBUILD_REGISTRY_PASSWORD` apply to the registry of `written`,
    /// the references that are written to, and to no other.
    pub(crate) fn client<'a>(&self, face: &Face, written: impl IntoIterator<Item = &'a Reference>) -> Result<Client, Failure> {
        let mirrors = Mirrors::default().with_all(&self.mirror).with_environment()?;
        let mut builder = Client::builder().with_environment()?.mirrors(mirrors);
        let mut domains: Vec<&str> = written.into_iter().map(Reference::domain).collect();
        domains.sort_unstable();
        domains.dedup();
        if let [domain, others @ ..] = domains.as_slice() {
            let credentials = StaticCredentials::from_environment(domain, DockerCredentials::from_environment());
            let credentials = credentials.map_err(imgbuild::registry::Error::from)?;
            if !others.is_empty() && std::env::var_os("IMGBUILD_REGISTRY_USER").is_some_and(|user| !user.is_empty()) {
                let names = domains.join("` and `");
                return Err(Failure::usage(format!("IMGBUILD_REGISTRY_USER is for one registry, and `-t` names `{names}`"))
                    .hint("log in to them with `imgbuild login`, or push to one at a time"));
            }
            builder = builder.credentials(credentials);
        }
        Ok(self.set_up(builder, face))
    }

    /// A client with these credentials and no others, which uses no mirror: what it can do stands for what others can.
    pub(crate) fn client_with(&self, face: &Face, credentials: impl Credentials + 'static) -> Result<Client, Failure> {
        Ok(self.set_up(Client::builder().with_environment()?.credentials(credentials), face))
    }

    /// The time for everything, where it is limited.
    pub(crate) const fn timeout(&self) -> Option<Duration> {
        self.timeout
    }

    fn set_up(&self, builder: ClientBuilder, face: &Face) -> Client {
        let mut builder = builder.events(face.events());
        builder = self.insecure.iter().fold(builder, ClientBuilder::insecure);
        builder = self.allow_private_host.iter().fold(builder, ClientBuilder::allow_private_host);
        builder = self.ca_file.iter().fold(builder, ClientBuilder::ca_file);
        builder = self.jobs.iter().fold(builder, |builder, jobs| builder.jobs(jobs.get()));
        builder = self.timeout.iter().fold(builder, |builder, limit| builder.deadline(*limit));
        builder.build()
    }
}
