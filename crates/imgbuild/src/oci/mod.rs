//! The values of the OCI specifications: digests, references, platforms, descriptors, media types and documents.
//!
//! Everything here is a plain value that is valid once it exists. The room refuses I/O, and it refuses to lose
//! what it does not understand: a document that was fetched keeps its raw bytes, and those are what is hashed.

mod descriptor;
mod digest;
mod document;
mod location;
mod media_type;
mod platform;
mod reference;

pub use descriptor::{Descriptor, annotation};
pub use digest::{Algorithm, Digest, DigestError, Hasher};
pub use document::{Document, DocumentError, Index, MAX_CONFIG_BYTES, MAX_MANIFEST_BYTES, Manifest};
pub use location::{ArchiveForm, Location, LocationError, is_stdio};
pub use media_type::{Compression, MediaType};
pub use platform::{Platform, PlatformError};
pub use reference::{DOCKER_HUB, Reference, ReferenceError};
