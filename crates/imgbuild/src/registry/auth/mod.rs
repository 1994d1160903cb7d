//! Who we are to a registry: challenges, scopes, tokens, and the credentials behind them.
//!
//! It refuses to guess: a source of credentials that fails is an error, never the same as no credentials.

mod authorizer;
mod challenge;
mod config_file;
mod credentials;
mod docker;
mod login;
mod program;
mod report;
mod scope;
mod token;

pub(crate) use authorizer::{Authorizer, is_expired};
pub(crate) use scope::Scopes;

pub use credentials::{Anonymous, Credential, Credentials, CredentialsError, Found, Lookup, StaticCredentials};
pub use docker::DockerCredentials;
pub use report::Standing;
