//! Why a service could not be rolled out. What became of a rollout that was begun is an outcome, not an error.

use imgbuild::{Platform, Reference, registry, source};

use crate::engine;

/// Why a service could not be changed or watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine could not be asked, or said no.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// There is no such service.
    #[error("there is no service `{name}` on `{host}`")]
    NoService {
        /// The name that was given.
        name: String,
        /// The engine.
        host: String,
    },
    /// There is a service of this name already.
    #[error("there is a service `{0}` already")]
    Exists(String),
    /// What is asked for cannot be done.
    #[error("{0}")]
    Input(String),
    /// The image could not be read from its registry.
    #[error("cannot read `{image}`, which is to be rolled out")]
    Image {
        /// The image.
        image: String,
        /// The cause.
        source: source::Error,
    },
    /// The image is there, but not with the credentials that Swarm will have.
    #[error("the nodes cannot pull `{image}`: {reason}")]
    NotPullable {
        /// The image.
        image: String,
        /// What the registry said.
        reason: String,
    },
    /// No node of the Swarm can run the image, or some cannot.
    #[error("`{image}` has {} and does not cover {}", platforms(.has), nodes(.uncovered))]
    Uncovered {
        /// The image.
        image: String,
        /// Its platforms.
        has: Vec<Platform>,
        /// Names and platforms of the nodes that it does not cover.
        uncovered: Vec<(String, Platform)>,
        /// Whether there is any node that it covers.
        some_covered: bool,
    },
    /// No node may run the service's tasks at all.
    #[error("no node is ready for the tasks of `{0}`")]
    NoNode(String),
    /// Another update is changing the service.
    #[error("another update of `{name}` is going on: {message}")]
    Busy {
        /// The service.
        name: String,
        /// What the engine says of it.
        message: String,
    },
    /// Somebody changed the service each time before we could.
    #[error("`{name}` was changed by somebody else {attempts} times while it was to be updated")]
    Contended {
        /// The service.
        name: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// Somebody changed the service while we waited for our update.
    #[error("`{name}` was changed by somebody else while its update was waited for; it is now to run `{image}`")]
    Superseded {
        /// The service.
        name: String,
        /// The image that it is to run now.
        image: String,
    },
    /// The engine could not be asked any more while the rollout was waited for.
    #[error("lost the connection while the rollout of `{name}` was waited for; the rollout goes on without us")]
    Lost {
        /// The service.
        name: String,
        /// The last failure.
        source: engine::Error,
    },
    /// There is nothing to go back to.
    #[error("`{0}` has no earlier state to go back to")]
    NoPrevious(String),
    /// The credentials for Swarm could not be found out.
    #[error(transparent)]
    Credentials(#[from] registry::CredentialsError),
    /// A name that is kept in the service is no reference.
    #[error("the service `{name}` remembers `{value}` as its last good image, which is none")]
    Remembered {
        /// The service.
        name: String,
        /// What it remembers.
        value: String,
    },
}

fn platforms(platforms: &[Platform]) -> String {
    let names: Vec<String> = platforms.iter().map(|platform| format!("`{platform}`")).collect();
    if names.is_empty() { "no platform".to_owned() } else { names.join(", ") }
}

fn nodes(nodes: &[(String, Platform)]) -> String {
    let names: Vec<String> = nodes.iter().map(|(name, platform)| format!("the node `{name}` (`{platform}`)")).collect();
    names.join(", ")
}

impl Error {
    pub(super) fn image(image: &Reference, source: impl Into<source::Error>) -> Self {
        Self::Image { image: image.to_string(), source: source.into() }
    }

    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Engine(error) => return error.hint(),
            Self::Image { source, .. } => return source.hint(),
            Self::Credentials(error) => return error.hint(),
            Self::NoService { name, .. } => format!("`docker service ls` lists them; `imgbuild service create --name {name} REF` makes it"),
            Self::Exists(name) => format!("`imgbuild service update {name} --image REF` changes it"),
            Self::NotPullable { .. } => {
                "give Swarm credentials: `--with-registry-auth` hands it this machine's, `--pull-auth-file FILE` others that may only pull"
                    .to_owned()
            }
            Self::Uncovered { uncovered, some_covered, .. } => {
                let platform = uncovered.first().map_or_else(String::new, |(_, platform)| platform.to_string());
                let mut hint = format!("build for it too: add `{platform}` to `--platform`");
                if *some_covered {
                    hint.push_str(
                        "; or keep the service off these nodes with `--constraint node.platform.arch==x86_64` or the like; \
                         `--allow-uncovered-nodes` goes on without them",
                    );
                }
                hint
            }
            Self::NoNode(_) => {
                "`docker node ls` shows the nodes; they must be ready and active, and fit the service's constraints".to_owned()
            }
            Self::Busy { name, .. } => format!("`imgbuild service ps {name}` shows it; wait for its end, or replace it with `--force`"),
            Self::Contended { name, .. } | Self::Superseded { name, .. } | Self::Lost { name, .. } => {
                format!("`imgbuild service ps {name}` shows how it stands")
            }
            Self::NoPrevious(name) => format!("name the image: `imgbuild service update {name} --image REF@DIGEST`"),
            Self::Input(_) | Self::Remembered { .. } => return None,
        })
    }
}
