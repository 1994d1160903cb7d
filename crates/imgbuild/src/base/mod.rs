//! A location and platforms → one base image per platform, and the facts about their files.
//!
//! Manifests and configurations are fetched and checked here; layers stay where they are until somebody opens them. They
//! are read once to find the [`facts`], and never unpacked to a disk. A [`Lock`] keeps what a build asks about its base.

mod bases;
mod error;
pub mod facts;
mod lock;
mod place;
mod resolve;
mod scan;

pub use bases::Bases;
pub use error::Error;
pub use facts::Facts;
pub use lock::{LOCK_FILE, Lock, LockError, LockedImage};
pub use place::Conflict;
pub use resolve::{Base, Resolver};
pub use scan::Scanner;
