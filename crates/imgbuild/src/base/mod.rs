//! A location and platforms → one base image per platform.
//!
//! Manifests and configurations are fetched and checked here; layers stay where they are until somebody opens them.

mod error;
pub mod facts;
mod resolve;

pub use error::Error;
pub use facts::Facts;
pub use resolve::{Base, Resolver};
