//! What is in a file of a layer, wherever its bytes are.

use std::io::Read;
use std::sync::Arc;

use super::super::{Bytes, Entry};
use super::thin::Thin;

/// The contents of a file that is to be put into a layer; cheap to clone, read as often as needed.
#[derive(Debug, Clone)]
pub enum Content {
    /// The whole JAR, or other bytes that are used as they are.
    Bytes(Bytes),
    /// An entry of the JAR, inflated and checked while it is read.
    Entry(Entry),
    /// The thin JAR, which is put together while it is read.
    Thin(ThinJar),
}

/// The application's classes and resources as a JAR of their own, with a Class-Path.
///
/// Its entries are stored, dated 1980-01-01 and sorted, so that it depends on names and contents
/// alone. Stored, because it lives in a compressed layer, where it becomes smaller than from deflated
/// entries and is made faster; Java reads stored entries without inflating.
#[derive(Debug, Clone)]
pub struct ThinJar(pub(super) Arc<Thin>);

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
