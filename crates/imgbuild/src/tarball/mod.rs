//! Tar archives as they are read: one entry after the other, whatever wrote them.
//!
//! Holds USTAR, GNU and PAX headers with their extensions, read as Go's `archive/tar` reads them, since that is what
//! Docker and containerd unpack with. It refuses archives that are cut short or hold no headers, and names without end.
//! It knows nothing of compression, and never writes.

mod entry;
mod error;
mod extension;
mod input;
mod path;
#[cfg(test)]
mod tests;
mod walk;

pub use entry::{Entry, Kind};
pub use error::Error;
pub use input::{Input, Stream};
pub use path::{beside, plain};
pub use walk::Tarball;

/// Entries and their content are padded to blocks of this size.
const BLOCK: usize = 512;
