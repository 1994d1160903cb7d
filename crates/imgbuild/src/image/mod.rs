//! Base plus layers → configuration, manifest and index.
//!
//! Values only: nothing here touches a disk or a network, so the same arguments give the same bytes. The base's
//! configuration is patched, never rewritten: what imgbuild does not know survives.

mod assumed;
mod compose;
mod config;
mod error;
mod overlay;
mod record;
#[cfg(test)]
mod tests;

pub use assumed::{Assumed, DEFAULT_SHELL};
pub use compose::{Annotations, Format, Image, ImageIndex, Parent, Referrer};
pub(crate) use config::join_path;
pub use config::{Config, Created};
pub use error::Error;
pub use overlay::{Healthcheck, Overlay, Port};
pub use record::{RECORD_LABEL, Record};
