//! Why a registry could not be asked, did not answer, or said no.

use std::time::Duration;

use crate::blob;
use crate::oci::DocumentError;

use super::auth::CredentialsError;

/// A failure of talking to a registry. It never holds a secret: URLs come without user information and query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry or its token server does not let us do this.
    #[error(transparent)]
    Denied(Box<Denied>),
    /// The credentials could not be found out.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// What was asked for is not there.
    #[error("{request}: {status} {reason}")]
    NotFound {
        /// Method and URL.
        request: String,
        /// The HTTP status.
        status: u16,
        /// The codes of the answer, or the status in words.
        reason: String,
    },
    /// The registry answered with an error.
    #[error("{request}: {status} {reason}")]
    Status {
        /// Method and URL.
        request: String,
        /// The HTTP status.
        status: u16,
        /// The codes and messages of the answer, or the status in words.
        reason: String,
    },
    /// No complete answer came.
    #[error("{request}: {reason}")]
    Network {
        /// Method and URL.
        request: String,
        /// What went wrong, from the cause outwards.
        reason: String,
    },
    /// The name of the host leads nowhere.
    #[error("{request}: the host `{host}` cannot be found: {reason}")]
    UnknownHost {
        /// Method and URL.
        request: String,
        /// The host.
        host: String,
        /// What DNS said.
        reason: String,
    },
    /// The host showed a certificate that is not trusted.
    #[error("{request}: the certificate of `{host}` is not trusted: {reason}")]
    Certificate {
        /// Method and URL.
        request: String,
        /// The host that showed it.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The host serves only those who show a certificate that it knows, and ours is missing or another.
    #[error("{request}: `{host}` wants a client certificate ({reason})")]
    ClientCertificate {
        /// Method and URL.
        request: String,
        /// The host that wants it.
        host: String,
        /// The alert by which it said so, or that it asked for one and hung up.
        reason: String,
    },
    /// The proxy wants other credentials, or none were given.
    #[error("{request}: the proxy `{proxy}` answered 407 proxy authentication required")]
    Proxy {
        /// Method and URL.
        request: String,
        /// The proxy's URL without its password.
        proxy: String,
    },
    /// A registry named an address that it may not send us to.
    #[error("{request}: refused to go to `{host}`: {reason}")]
    Forbidden {
        /// What was being done.
        request: String,
        /// The host that was named.
        host: String,
        /// Why it is refused.
        reason: String,
        /// The flag that permits it, where one does.
        flag: Option<&'static str>,
    },
    /// The registry wants us to wait longer than we will.
    #[error("{request}: {status} {reason}; it asks to wait {} s, and at most {} s are waited", .wait.as_secs(), .longest.as_secs())]
    Wait {
        /// Method and URL.
        request: String,
        /// The HTTP status.
        status: u16,
        /// The codes and messages of the answer.
        reason: String,
        /// What the registry asked for.
        wait: Duration,
        /// The longest that is waited.
        longest: Duration,
    },
    /// Trying again did not help.
    #[error("{last} (tried {attempts} times in {:.1} s)", .elapsed.as_secs_f64())]
    GaveUp {
        /// How many attempts failed.
        attempts: u32,
        /// From the first attempt to the last.
        elapsed: Duration,
        /// How the last attempt failed.
        last: Box<Error>,
    },
    /// The time for the whole build ran out.
    #[error("{what}: the time limit of {} s for everything has passed", .limit.as_secs())]
    Deadline {
        /// What was being done.
        what: String,
        /// The limit.
        limit: Duration,
    },
    /// Bytes are not those that were asked for.
    #[error("{request}: {reason}")]
    Integrity {
        /// Method and URL, or the blob.
        request: String,
        /// What differs.
        reason: String,
    },
    /// The document is not one that imgbuild reads.
    #[error("{request}: {source}")]
    Document {
        /// Method and URL.
        request: String,
        /// Why not.
        source: DocumentError,
    },
    /// The answer breaks the protocol.
    #[error("{request}: {reason}")]
    Answer {
        /// Method and URL.
        request: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The bytes to send could not be read.
    #[error(transparent)]
    Source(blob::Error),
    /// What the caller gave cannot be used.
    #[error("{0}")]
    Input(String),
}

/// What kind of failure it is, for exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Credentials are missing, wrong or not sufficient.
    NotAuthorised,
    /// What was asked for does not exist.
    NotFound,
    /// No connection, no answer, or not in time.
    Network,
    /// The registry answered with an error or against the protocol.
    Registry,
    /// Bytes do not match their digest.
    Integrity,
    /// The caller's input: a file, an option, a local blob.
    Input,
}

/// Why a registry said no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{request}: {status} {reason}{}", missing_scopes(.missing))]
pub struct Denied {
    /// Method and URL.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    /// The error of the challenge or the codes of the answer.
    pub reason: String,
    /// The registry's domain as references name it.
    pub registry: String,
    /// Where the credentials came from, such as `credHelpers.desktop of /home/u/.docker/config.json`; none were found where empty.
    pub credential: Option<String>,
    /// What is known of the reason.
    pub why: Why,
    /// The scopes that were asked for and not granted.
    pub missing: Vec<String>,
}

/// What is known of a denial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Why {
    /// There are no credentials for this registry.
    NoCredentials,
    /// The registry does not know these credentials.
    WrongCredentials,
    /// The credentials are good, but not for this.
    MissingScope,
    /// A token that Amazon ECR handed out has expired.
    ExpiredToken,
}

impl Error {
    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::Denied(_) | Self::Credentials(_) => Kind::NotAuthorised,
            Self::NotFound { .. } => Kind::NotFound,
            Self::Network { .. }
            | Self::UnknownHost { .. }
            | Self::Certificate { .. }
            | Self::ClientCertificate { .. }
            | Self::Proxy { .. }
            | Self::Deadline { .. } => Kind::Network,
            Self::Status { .. } | Self::Wait { .. } | Self::Forbidden { .. } | Self::Document { .. } | Self::Answer { .. } => {
                Kind::Registry
            }
            Self::Integrity { .. } => Kind::Integrity,
            Self::GaveUp { last, .. } => last.kind(),
            Self::Source(_) | Self::Input(_) => Kind::Input,
        }
    }

    /// What the user can do about it, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Denied(denied) => Some(denied.hint()),
            Self::Credentials(error) => error.hint(),
            Self::GaveUp { last, .. } => last.hint(),
            Self::Certificate { host, .. } => Some(format!(
                "trust the authority that signed it with --ca-file FILE, SSL_CERT_FILE or `/etc/docker/certs.d/{host}/ca.crt`; \
                 --insecure {host} trusts anybody"
            )),
            Self::ClientCertificate { host, .. } => Some(format!(
                "put yours into `~/.config/containers/certs.d/{host}/client.cert` and its key beside it into `client.key`, both in PEM"
            )),
            Self::Proxy { .. } => Some("put the proxy's user and password into HTTPS_PROXY, or the registry into NO_PROXY".to_owned()),
            Self::Forbidden { host, flag, .. } => flag.map(|flag| format!("if this host is really yours, allow it with {flag} {host}")),
            Self::Network { reason, .. } if reason.contains("does not speak TLS") => {
                Some("a registry without TLS must be named with --insecure HOST".to_owned())
            }
            Self::Network { reason, .. } | Self::Deadline { what: reason, .. } if reason.contains("(Connect)") => {
                Some("check the host's name and the network; a proxy is named with HTTPS_PROXY".to_owned())
            }
            Self::UnknownHost { host, .. } => Some(format!(
                "check how `{host}` is written, and that this machine's DNS finds it (`getent hosts {host}`); behind a proxy name that with HTTPS_PROXY"
            )),
            Self::Deadline { what, .. } if what.contains("cannot be found: ") => {
                Some("check the host's name and this machine's DNS; behind a proxy name that with HTTPS_PROXY".to_owned())
            }
            Self::Wait { .. } => Some("log in to get a higher limit, use a mirror, or try again later".to_owned()),
            _ => None,
        }
    }

    /// Whether the same request may well succeed a moment later.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Network { .. } | Self::UnknownHost { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
            _ => false,
        }
    }

    /// Whether the answer carried this code of the distribution specification.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        match self {
            Self::NotFound { reason, .. } | Self::Status { reason, .. } => reason.contains(code),
            _ => false,
        }
    }

    /// The HTTP status of the answer, where one came.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::NotFound { status, .. } | Self::Status { status, .. } | Self::Wait { status, .. } => Some(*status),
            Self::Denied(denied) => Some(denied.status),
            Self::GaveUp { last, .. } => last.status(),
            _ => None,
        }
    }
}

impl From<blob::Error> for Error {
    /// An error of ours that travelled through a blob comes back as itself.
    fn from(error: blob::Error) -> Self {
        match error {
            blob::Error::Source(inner) => match inner.downcast::<Self>() {
                Ok(ours) => *ours,
                Err(other) => Self::Source(blob::Error::Source(other)),
            },
            blob::Error::Mismatch { place, reason } => Self::Integrity { request: place, reason },
            other => Self::Source(other),
        }
    }
}

impl Denied {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        let Self { registry, .. } = self;
        let login = format!("\n      echo $TOKEN | imgbuild login {registry} -u USER --password-stdin");
        let source = self.credential.as_deref().unwrap_or("nowhere");
        match self.why {
            Why::NoCredentials => format!("no credentials for `{registry}` were found; log in first:{login}"),
            Why::WrongCredentials => {
                format!("`{registry}` does not accept the credentials (from {source}); log in again with an access token:{login}")
            }
            Why::ExpiredToken => format!(
                "the token for `{registry}` (from {source}) has expired, as Amazon ECR's do after 12 hours; get a new one:\n      \
                 aws ecr get-login-password | imgbuild login {registry} -u AWS --password-stdin"
            ),
            Why::MissingScope if self.missing.iter().any(|scope| scope.contains("push")) => format!(
                "the credentials for `{registry}` (from {source}) may pull but not push; use an access token with write permission:{login}"
            ),
            Why::MissingScope => {
                format!(
                    "the credentials for `{registry}` (from {source}) may not do this; use an access token with permission for it:{login}"
                )
            }
        }
    }
}

fn missing_scopes(missing: &[String]) -> String {
    if missing.is_empty() { String::new() } else { format!(" (missing `{}`)", missing.join("`, `")) }
}
