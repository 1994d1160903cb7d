//! What is in a layer: its files, the JARs among them and what is in those.
//!
//! A layer is read once, in order; contents become digests, configuration becomes the names of its keys, and no value is
//! kept. The room judges nothing and compares nothing, and it refuses layers with more files than memory should hold.

mod coordinates;
mod error;
mod jar;
mod keys;
mod layer;
mod properties;
mod several;
mod spool;
#[cfg(test)]
mod tests;
mod text;

pub use coordinates::Coordinates;
pub use error::Error;
pub use jar::{JarContents, JarFile, is_jar};
pub use keys::Keys;
pub use layer::{Content, LayerContents, Node, NodeKind, read};
pub use several::{ByDiffId, read_several};
pub use spool::Spooled;
pub use text::Meaning;
