//! Credentials as values, and where they may come from.

use std::path::PathBuf;

use crate::blob::BoxFuture;

use super::super::secret::Secret;

/// What one shows a registry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Credential {
    /// A user name with a password or an access token.
    Password {
        /// The user.
        user: String,
        /// The password or access token.
        password: Secret,
    },
    /// An OAuth2 refresh token, which the token server exchanges (`identitytoken`, or the user `<token>`).
    IdentityToken(Secret),
    /// A token that is sent to the registry as it is (`registrytoken`).
    RegistryToken(Secret),
}

/// A credential and the place where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The credential.
    pub credential: Credential,
    /// The place, such as `credHelpers.desktop of /home/u/.docker/config.json`.
    pub source: String,
}

/// The result of looking for credentials.
#[derive(Debug, Clone, Default)]
pub struct Lookup {
    /// What was found; nothing means anonymous.
    pub found: Option<Found>,
    /// The places that were looked at, in order.
    pub looked: Vec<String>,
}

/// Knows credentials for registries.
pub trait Credentials: Send + Sync {
    /// Looks for the credentials of repository `path` at registry `domain` (`docker.io` for Docker Hub).
    ///
    /// An error stops the request: a source that fails is never the same as one that has nothing.
    fn find<'a>(&'a self, domain: &'a str, path: &'a str) -> BoxFuture<'a, Result<Lookup, CredentialsError>>;
}

/// Why credentials could not be found out or stored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialsError {
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {reason}", .path.display())]
    File {
        /// `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
    /// A credential program is missing, failed or took too long.
    #[error("`{program}` for `{registry}` (from {source_name}) failed: {reason}")]
    Program {
        /// The program's name.
        program: String,
        /// The registry whose credentials were wanted.
        registry: String,
        /// What names the program, such as `credsStore of /home/u/.docker/config.json`.
        source_name: String,
        /// What went wrong.
        reason: String,
    },
    /// The name of a credential program could lead to another program.
    #[error("{source_name} names the credential program `{name}`: a name has neither blanks nor `/` nor `..`")]
    ProgramName {
        /// What names the program.
        source_name: String,
        /// The name.
        name: String,
    },
    /// Something in the environment or an option cannot be understood.
    #[error("{0}")]
    Invalid(String),
}

impl CredentialsError {
    /// What the user can do about it, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Program { program, source_name, .. } => {
                Some(format!("install `{program}` so that it is found in PATH, or remove it from {source_name} and log in again"))
            }
            Self::ProgramName { source_name, .. } => Some(format!("correct {source_name}")),
            _ => None,
        }
    }
}

/// No credentials for anybody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

impl Credentials for Anonymous {
    fn find<'a>(&'a self, _: &'a str, _: &'a str) -> BoxFuture<'a, Result<Lookup, CredentialsError>> {
        Box::pin(async { Ok(Lookup::default()) })
    }
}

/// One credential for one registry; another source answers for all others.
pub struct StaticCredentials {
    domain: String,
    found: Found,
    others: Box<dyn Credentials>,
}

impl StaticCredentials {
    /// `credential` for registry `domain`, called `source` in messages.
    #[must_use]
    pub fn new(domain: &str, credential: Credential, source: &str, others: impl Credentials + 'static) -> Self {
        let found = Found { credential, source: source.to_owned() };
        Self { domain: domain.to_owned(), found, others: Box::new(others) }
    }

    /// The credentials of `IMGBUILD_REGISTRY_USER` and `IMGBUILD_REGISTRY_PASSWORD`, where both are set, for registry `domain`.
    /// They are kept in memory alone: parallel jobs that share a home directory do not meet.
    ///
    /// # Errors
    /// When only one of the two is set.
    pub fn from_environment(domain: &str, others: impl Credentials + 'static) -> Result<Box<dyn Credentials>, CredentialsError> {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::from_pair(domain, variable(USER_VARIABLE), variable(PASSWORD_VARIABLE), others)
    }

    fn from_pair(
        domain: &str,
        user: Option<String>,
        password: Option<String>,
        others: impl Credentials + 'static,
    ) -> Result<Box<dyn Credentials>, CredentialsError> {
        match (user, password) {
            (Some(user), Some(password)) => {
                let credential = Credential::Password { user, password: Secret::new(password) };
                Ok(Box::new(Self::new(domain, credential, "IMGBUILD_REGISTRY_USER", others)))
            }
            (None, None) => Ok(Box::new(others)),
            _ => {
                Err(CredentialsError::Invalid(format!("{USER_VARIABLE} and {PASSWORD_VARIABLE} go together, and only one of them is set")))
            }
        }
    }
}

const USER_VARIABLE: &str = "IMGBUILD_REGISTRY_USER";
const PASSWORD_VARIABLE: &str = "IMGBUILD_REGISTRY_PASSWORD";

impl Credentials for StaticCredentials {
    fn find<'a>(&'a self, domain: &'a str, path: &'a str) -> BoxFuture<'a, Result<Lookup, CredentialsError>> {
        if domain != self.domain {
            return self.others.find(domain, path);
        }
        Box::pin(async { Ok(Lookup { found: Some(self.found.clone()), looked: vec![self.found.source.clone()] }) })
    }
}

impl Credentials for Box<dyn Credentials> {
    fn find<'a>(&'a self, domain: &'a str, path: &'a str) -> BoxFuture<'a, Result<Lookup, CredentialsError>> {
        self.as_ref().find(domain, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_environments_credentials_apply_to_one_registry() {
        let pair = |user: Option<&str>, password: Option<&str>| {
            StaticCredentials::from_pair("reg.example", user.map(str::to_owned), password.map(str::to_owned), Anonymous)
        };
        let credentials = pair(Some("u"), Some("canary")).unwrap();
        let lookup = credentials.find("reg.example", "a/b").await.unwrap();
        assert_eq!(lookup.found.as_ref().unwrap().source, "IMGBUILD_REGISTRY_USER");
        assert!(!format!("{lookup:?}").contains("canary"));
        assert!(credentials.find("other.example", "a/b").await.unwrap().found.is_none());
        assert!(pair(Some("u"), None).is_err());
        assert!(pair(None, None).unwrap().find("reg.example", "a").await.unwrap().found.is_none());
    }
}
