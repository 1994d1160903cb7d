//! What is in a file of a layer, wherever its bytes are.

use std::io::Read;
use std::sync::Arc;

use super::super::{Bytes, Entry};
use super::thin::Thin;
use crate::oci::Digest;

/// The contents of a file that is to be put into a layer; cheap to clone, read as often as needed.
#[derive(Debug, Clone)]
pub enum Content {
    /// The whole JAR, or other bytes that are used as they are.
    Bytes(Bytes),
    /// An entry of the JAR, inflated and checked while it is read.
    Entry(Entry),
    /// A JAR of entries of the JAR, which is put together while it is read.
    Thin(ThinJar),
}

/// Entries of a JAR as a JAR of their own: the application's classes and resources, with a Class-Path, or a library
/// without native code of other machines.
///
/// Its entries are stored, dated 1980-01-01 and sorted, so that it depends on names and contents
/// alone. Stored, because it lives in a compressed layer, where it becomes smaller than from deflated
/// entries and is made faster; Java reads stored entries without inflating.
#[derive(Debug, Clone)]
pub struct ThinJar(pub(super) Arc<Thin>);

/// These entries as a JAR of their own.
pub(in super::super) fn thin_jar(entries: Vec<Entry>) -> Content {
    Content::Thin(ThinJar(Arc::new(Thin::of(entries))))
}

impl Content {
    /// Number of bytes that reading gives.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Entry(entry) => entry.size(),
            Self::Thin(thin) => thin.0.size(),
        }
    }

    /// A part of the file that it comes from, in whatever form it lies there.
    #[must_use]
    pub fn source(&self) -> Option<&Bytes> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Entry(entry) => Some(entry.packed()),
            Self::Thin(thin) => thin.0.source(),
        }
    }

    /// Tells it from other contents that are as long and come from the same file, where its path does not.
    #[must_use]
    pub fn outline(&self) -> Option<&Digest> {
        match self {
            Self::Bytes(_) | Self::Entry(_) => None,
            Self::Thin(thin) => Some(thin.0.outline()),
        }
    }

    /// Reads from the start. Errors of an entry carry a [`jar::Error`](super::super::Error) inside.
    #[must_use]
    pub fn open(&self) -> Box<dyn Read + Send> {
        match self {
            Self::Bytes(bytes) => Box::new(bytes.reader()),
            Self::Entry(entry) => Box::new(entry.open()),
            Self::Thin(thin) => Box::new(thin.0.reader()),
        }
    }
}
