//! Why a layout could not be read or written.

use std::io;
use std::path::PathBuf;

use crate::oci::{DocumentError, MAX_MANIFEST_BYTES};

/// Why a layout could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder is no layout.
    #[error("`{folder}` is no OCI image layout: {reason}")]
    NotALayout {
        /// The folder.
        folder: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// The file is no archive of images.
    #[error("`{path}` is no archive of images: {reason}")]
    NotAnArchive {
        /// The file.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// The folder holds something else, which is not to be overwritten.
    #[error("`{0}` is not empty and is no OCI image layout; it is left as it is")]
    Occupied(PathBuf),
    /// No image has the tag.
    #[error("`{path}` has no image with tag `{tag}`; it has {}", list(.tags))]
    NoTag {
        /// The folder or the archive.
        path: PathBuf,
        /// The tag that was asked for.
        tag: String,
        /// The tags that there are.
        tags: Vec<String>,
    },
    /// No tag was asked for and there is more than one image.
    #[error("`{path}` holds {count} images; name one of {}", list(.tags))]
    SeveralImages {
        /// The folder or the archive.
        path: PathBuf,
        /// How many there are.
        count: usize,
        /// The tags that there are.
        tags: Vec<String>,
    },
    /// The index holds too much.
    #[error("`{0}` is larger than {MAX_MANIFEST_BYTES} bytes")]
    TooLarge(PathBuf),
    /// A document is not valid.
    #[error("cannot use {place}: {source}")]
    Document {
        /// The document and where it lies.
        place: String,
        /// The cause.
        source: DocumentError,
    },
    /// A blob could not be read.
    #[error(transparent)]
    Blob(#[from] crate::blob::Error),
    /// Reading failed.
    #[error("cannot read `{path}`: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Writing failed: no permission, a full or broken disk.
    #[error("cannot write `{path}`: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

impl Error {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Write { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "free space on that disk, or name a place on another one",
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "name a place that you may write to",
                _ => return None,
            },
            Self::Occupied(_) => "name a folder that is empty, does not exist yet, or is an OCI image layout",
            Self::NotAnArchive { .. } => "make the archive again, whole: what `docker save`, skopeo and imgbuild write is read",
            Self::SeveralImages { .. } => "put the tag behind the name, with a colon",
            _ => return None,
        };
        Some(hint.to_owned())
    }
}

fn list(tags: &[String]) -> String {
    if tags.is_empty() {
        return "no tags".to_owned();
    }
    tags.iter().map(|tag| format!("`{tag}`")).collect::<Vec<_>>().join(", ")
}
