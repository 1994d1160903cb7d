//! What all connections of imgbuild have in common, to registries and to Docker Engines: whom TLS trusts, and why a request failed.
//!
//! The room refuses to know what is said over a connection, and keeps nothing global: whoever makes clients gets a configuration of
//! their own.

mod cause;
mod trust;

pub use cause::{causes, find_cause};
#[doc(hidden)]
pub use trust::describe_certificate;
pub use trust::{Authorities, Trust, TrustError};
