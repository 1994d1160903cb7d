//! Why an engine could not be asked, or said no.

use std::path::PathBuf;

/// The ports that the nodes of a Swarm need between them.
const PORTS: &str = "2377/tcp, 7946/tcp, 7946/udp and 4789/udp must be open between the nodes";

/// A failure of talking to a Docker Engine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// What names an engine is no address.
    #[error("`{value}` is no address of a Docker Engine: {reason}")]
    Host {
        /// What was given.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An address and a context were given together.
    #[error("`--host` and `--context` both name a Docker Engine")]
    HostAndContext,
    /// A context cannot be used.
    #[error("cannot use the Docker context `{name}` (from {origin}): {reason}")]
    Context {
        /// The context.
        name: String,
        /// Who named it.
        origin: String,
        /// The cause.
        reason: String,
    },
    /// The configuration of Docker's client cannot be read.
    #[error("cannot read `{}`: {reason}", .path.display())]
    Configuration {
        /// The file.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
    /// Nobody listens there.
    #[error("cannot reach the Docker Engine at `{host}` (from {origin}): {reason}")]
    NoDaemon {
        /// The address.
        host: String,
        /// Who named it.
        origin: String,
        /// The cause.
        reason: String,
    },
    /// The socket is not ours to open.
    #[error("cannot reach the Docker Engine at `{host}` (from {origin}): permission denied")]
    PermissionDenied {
        /// The address.
        host: String,
        /// Who named it.
        origin: String,
    },
    /// TLS does not come about.
    #[error("cannot speak TLS with the Docker Engine at `{host}`: {reason}")]
    Tls {
        /// The address.
        host: String,
        /// The cause.
        reason: String,
    },
    /// ssh does not lead to the engine.
    #[error("cannot reach the Docker Engine at `{host}` by ssh: {reason}")]
    Ssh {
        /// The address.
        host: String,
        /// What ssh said.
        reason: String,
    },
    /// The engine is older than what this needs.
    #[error("the Docker Engine at `{host}` is too old: its API is {api}, and {oldest} is needed")]
    TooOld {
        /// The address.
        host: String,
        /// The newest version of the API that it knows.
        api: String,
        /// The version that is needed.
        oldest: String,
    },
    /// The connection failed after it had stood.
    #[error("{request}: {reason}")]
    Network {
        /// Method and path.
        request: String,
        /// The cause.
        reason: String,
    },
    /// The engine said no.
    #[error("{request}: {status} {message}")]
    Status {
        /// Method and path.
        request: String,
        /// The HTTP status.
        status: u16,
        /// What the engine said.
        message: String,
    },
    /// The engine does not answer questions about services.
    #[error("the Docker Engine at `{host}` is not a manager of a Swarm{}", known(.managers))]
    NoManager {
        /// The address.
        host: String,
        /// The managers that the node knows, where it is a worker.
        managers: Vec<String>,
    },
    /// The answer is not what this API answers.
    #[error("{request}: the answer cannot be used: {reason}")]
    Answer {
        /// Method and path.
        request: String,
        /// What is wrong with it.
        reason: String,
    },
}

fn known(managers: &[String]) -> String {
    if managers.is_empty() { String::new() } else { format!(" but a worker (its managers are {})", managers.join(", ")) }
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Host { .. } => {
                "write `unix:///var/run/docker.sock`, `tcp://HOST:2376` or `ssh://USER@HOST`, in `--host` or DOCKER_HOST".to_owned()
            }
            Self::HostAndContext => "give one of them".to_owned(),
            Self::Context { .. } => "`docker context ls` lists the contexts; DOCKER_CONFIG names the folder that holds them".to_owned(),
            Self::NoDaemon { host, .. } if host.starts_with("unix://") => {
                "start it (`systemctl start docker`), or name another engine with `--host ssh://USER@HOST` or DOCKER_HOST".to_owned()
            }
            Self::NoDaemon { .. } => "check the address, and that the engine listens there and no firewall is between".to_owned(),
            Self::PermissionDenied { .. } => {
                "let this user use the socket (`usermod -aG docker USER`, then log in again), or name another engine with `--host`".to_owned()
            }
            Self::Tls { .. } => {
                "DOCKER_CERT_PATH must hold the `ca.pem` that signed the engine's certificate, and a `cert.pem` with `key.pem` that it accepts"
                    .to_owned()
            }
            Self::Ssh { host, reason } => ssh_hint(host, reason),
            Self::TooOld { .. } => "update Docker Engine there to 20.10 or later".to_owned(),
            Self::NoManager { managers, .. } if managers.is_empty() => format!(
                "make the node a manager: `docker swarm init --advertise-addr ADDRESS` begins a Swarm; `docker swarm join --token TOKEN \
                 MANAGER:2377` joins one, with the TOKEN that `docker swarm join-token manager` prints on a manager; {PORTS}"
            ),
            Self::NoManager { managers, .. } => format!(
                "ask a manager: `--host ssh://USER@{}`; or make this node one: `docker node promote NODE` on a manager; {PORTS}",
                managers.first().map_or("MANAGER", |address| address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host))
            ),
            Self::Configuration { .. } | Self::Network { .. } | Self::Status { .. } | Self::Answer { .. } => return None,
        })
    }

    /// The HTTP status, where the engine answered with one.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether it may pass: the engine could not be reached now.
    #[must_use]
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Network { .. } | Self::NoDaemon { .. } | Self::Ssh { .. })
    }
}

fn ssh_hint(host: &str, reason: &str) -> String {
    let target = host.trim_start_matches("ssh://");
    if reason.contains("ost key verification failed") || reason.contains("host key is known") {
        return format!("log in once by hand to accept the host's key: `ssh {target}`; then compare it with the one on the host");
    }
    if reason.contains("ermission denied (") {
        return format!("`ssh {target}` must log in without a question: add the key to the agent, or name it in `~/.ssh/config`");
    }
    if reason.contains("open failed") {
        return "the engine's socket is not there, or the user may not open it: `usermod -aG docker USER` on the host; another path goes \
                behind the host: `ssh://USER@HOST/run/user/1000/docker.sock`"
            .to_owned();
    }
    format!("`ssh {target} docker version` must answer without a question")
}
