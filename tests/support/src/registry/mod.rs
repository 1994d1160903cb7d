//! A registry in memory, on loopback, that tells what it was asked and fails when told to.
//!
//! It speaks the OCI distribution specification 1.1.1 and passes its conformance suite. It runs on a thread of
//! its own, so synchronous tests, asynchronous tests and tests that start the binary all use it the same way:
//!
//! ```
//! use imgbuild_testkit::registry::{Registry, Tokens, What, When};
//!
//! let registry = Registry::builder()
//!     .tokens(Tokens::new().user("writer", "writepw", &["pull", "push"]).anonymous("library/*", &["pull"]))
//!     .fault(When::request("PUT", "/manifests/").nth(1).answer(503))
//!     .fault(When::request("GET", "/blobs/").then(What::ResetAnswerAt(10)))
//!     .start();
//! let layer = registry.put_blob("library/base", "layer");
//! assert_eq!(registry.blob(&layer).as_deref(), Some(b"layer".as_slice()));
//! assert_eq!(registry.count("GET", "/blobs/"), 0);
//! ```
//!
//! It refuses to know anything of the library under test: digests, names and ranges are computed here again.

mod access_log;
mod applications;
mod auth;
mod blobs;
mod builder;
mod connection;
mod content;
mod core;
mod digest;
mod fault;
mod layout;
mod manifests;
mod pattern;
mod proxy;
mod range;
mod referrers;
mod reply;
mod route;
mod running;
mod script;
mod server;
mod settings;
mod shape;
mod site;
mod store;
mod sync;
mod tags;
mod tls;
mod uploads;
mod wire;

#[cfg(test)]
mod tests;

pub use access_log::{AccessLog, Entry};
pub use auth::{Denial, TokenField, TokenRequest, Tokens, Users};
pub use builder::Builder;
pub use digest::{sha256, sha512};
pub use fault::{Answer, Fault, What, When};
pub use proxy::{Proxy, ProxyBuilder};
pub use running::Registry;
pub use settings::{Feature, ImmutableTags, UploadLocation};
pub use store::StoredManifest;
pub use tls::Tls;
