//! Files → a reproducible tar → a compressed blob, with digest and diff id; and any layer → its entries.
//!
//! The same files give the same bytes on any machine, with any number of threads, on any day. The room refuses to know
//! what the files mean, and it refuses names that would reach outside of the image or act on other layers (`.wh.`).

mod build;
mod content;
mod deflate;
mod encoding;
mod error;
mod files;
mod key;
mod read;
mod sink;
mod stop;
mod tar;
#[cfg(test)]
mod tests;

pub use build::{Built, Packed, Stop, build, pack};
pub use content::{Content, FileContent};
pub use encoding::Encoding;
pub use error::Error;
pub use files::{Attributes, EPOCH_1980, Entry, Files, Kind};
pub use key::{Key, Outline};
pub use read::{ReadError, Scan, scan};
pub use stop::StopOnDrop;

use sink::Sink;

use crate::blob::Blob;
use crate::oci::Digest;

/// A finished layer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Layer {
    name: String,
    blob: Blob,
    diff_id: Digest,
}

impl Layer {
    /// A layer of compressed bytes whose uncompressed digest is `diff_id`.
    #[must_use]
    pub fn new(name: impl Into<String>, blob: Blob, diff_id: Digest) -> Self {
        Self { name: name.into(), blob, diff_id }
    }

    /// What it holds, such as `dependencies`: shown to people and written into the history.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The compressed bytes.
    #[must_use]
    pub const fn blob(&self) -> &Blob {
        &self.blob
    }

    /// The digest of the tar.
    #[must_use]
    pub const fn diff_id(&self) -> &Digest {
        &self.diff_id
    }
}
