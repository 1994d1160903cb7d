//! OCI image layouts (image-spec 1.1.1, "Image Layout") in folders and in archives, read and written.
//!
//! A layout that is written appears whole or not at all: a new folder is filled beside its place and moved there, an
//! existing one gets its blobs first and its `index.json` last. The room refuses folders that hold something else.

mod archive;
mod error;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use archive::{Archive, ArchiveWriter, CONTAINERD_NAME, saved_image};
pub use error::Error;
pub use read::Layout;
pub use write::LayoutWriter;

/// The file that marks a layout.
const MARKER: &str = "oci-layout";
/// What it holds.
const MARKER_CONTENT: &str = r#"{"imageLayoutVersion":"1.0.0"}"#;
/// The file that names the images.
const INDEX: &str = "index.json";
