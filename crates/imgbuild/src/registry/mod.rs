//! The distribution protocol: reading from registries and writing to them (distribution-spec 1.1.1).
//!
//! [`Client`] reads, [`Pusher`] writes to one repository. Both survive what networks and registries do: they resume,
//! try again, renew tokens, and check every byte. The room refuses to know what images mean, prints nothing, keeps
//! nothing global, and shows no secret.

mod auth;
mod builder;
mod client;
mod download;
mod error;
mod listing;
mod manifest;
mod mirror;
mod push;
mod secret;
mod transport;
mod veil;
mod visibility;

pub use auth::{Anonymous, Credential, Credentials, CredentialsError, DockerCredentials, Found, Lookup, Standing, StaticCredentials};
pub use builder::ClientBuilder;
pub use client::Client;
pub use error::{Denied, Error, Kind, Why};
pub use mirror::{Mirror, Mirrors, Serves};
pub use push::{Proof, Pusher, Tagged, Traffic};
pub use secret::Secret;
pub use transport::{Policy, Proxies};
pub use visibility::Visibility;
