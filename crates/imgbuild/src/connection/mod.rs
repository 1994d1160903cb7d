//! What all connections of imgbuild have in common, to registries and to Docker Engines: whom TLS trusts, and why a request failed.
//!
//! The room refuses to know what is said over a connection, and keeps nothing global: every client gets a configuration of
//! its own.

mod cause;
mod trust;

pub use cause::{causes, find_cause};
#[doc(hidden)]
pub use trust::describe_certificate;
pub use trust::{Authorities, Trust, TrustError};
