//! Tar archives, written and read without the `tar` crate, which the product uses: an oracle must not share the bug.
//! Holds the headers' fields as they stand; refuses nothing that a test may want to see.

mod header;
mod read;
mod write;

pub use read::{Member, members};
pub use write::{Entry, Kind, fits_ustar, write};

/// Bytes of a tar block: headers and padded contents are multiples of it (POSIX ustar).
pub const BLOCK: usize = 512;
