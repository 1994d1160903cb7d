//! Layers as they are read: whatever compressed and wrote them, entry by entry, never unpacked to a disk.
//!
//! Size and digest of the blob are checked while it streams, the diff id with its last byte: only what [`Scan::finish`]
//! has confirmed may be believed. Memory stays bounded whatever the layer's size.

mod decode;
mod error;
mod scan;
#[cfg(test)]
mod tests;

pub use error::ReadError;
pub use scan::{Scan, scan};
