//! A token server and a reverse proxy on one loopback address, in front of a real registry.
//!
//! `/token` issues RS256 tokens as the Docker token authentication specification wants them; every other request is streamed to
//! the registry behind, which verifies the tokens itself. Both share one address because clients refuse a realm on another
//! loopback port. Each request is counted in an access log, so that a test can prove what was sent. It holds no storage and
//! judges no manifest: that is the registry's part.

mod access;
mod forward;
mod grant;
mod server;
mod signer;
mod token;

pub use access::Access;
pub use grant::Refusal;
pub use server::{Options, TokenProxy};

/// The `service` and audience of every token.
pub const SERVICE: &str = "imgbuild-peer";

/// The issuer of every token.
pub const ISSUER: &str = "imgbuild-peer-tokens";
