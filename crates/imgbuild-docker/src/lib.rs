//! Docker Engine and Swarm for imgbuild: loads images into an engine, rolls services out and back, prunes.
//!
//! [`Engine`] reaches an engine over a Unix socket, TCP with TLS, ssh or Docker's contexts. [`LoadTarget`] is a target of a
//! build beside registries and archives, and [`save`](mod@save) opens an image that an engine has. [`Service`] makes, updates, scales and brings back a Swarm's service, and its
//! [`Outcome`](service::Outcome) tells what really runs. [`prune`](mod@prune) frees space without what services need.
//!
//! The crate prints nothing and keeps nothing global, and it refuses everything about building images.

pub mod engine;
pub mod load;
pub mod prune;
pub mod save;
pub mod service;

pub use engine::{Endpoint, Engine};
pub use load::LoadTarget;
pub use prune::prune;
pub use service::Service;
