//! Reads images from a layout.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{Error, INDEX, MARKER};
use crate::blob::Blob;
use crate::oci::{Descriptor, Digest, Document, MAX_MANIFEST_BYTES, annotation};

/// A layout that exists.
#[derive(Debug, Clone)]
pub struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// Opens the layout in `folder`.
    ///
    /// # Errors
    /// When the folder is none.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, Error> {
        let folder = folder.into();
        let refuse = |reason: String| Error::NotALayout { folder: folder.clone(), reason };
        let marker = match fs::read(folder.join(MARKER)) {
            Ok(marker) => marker,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.exists() => {
                return Err(refuse("there is no such folder".to_owned()));
            }
            Err(error) => return Err(refuse(format!("cannot read its `{MARKER}`: {error}"))),
        };
        let version: Value = serde_json::from_slice(&marker).map_err(|error| refuse(format!("its `{MARKER}` is no JSON: {error}")))?;
        match version["imageLayoutVersion"].as_str() {
            Some(version) if version.starts_with("1.") => Ok(Self { folder }),
            other => Err(refuse(format!("its version is {other:?}, not 1.0.0"))),
        }
    }

    /// The image with this tag, or the only one.
    ///
    /// # Errors
    /// When there is no such image, or several without a tag to choose by.
    pub fn find(&self, tag: Option<&str>) -> Result<Descriptor, Error> {
        let mut images = self.images()?;
        let tags = || images.iter().filter_map(|image| image.annotation(annotation::REF_NAME)).map(str::to_owned).collect();
        let folder = self.folder.clone();
        match tag {
            Some(tag) => {
                let found = images.iter().find(|image| image.annotation(annotation::REF_NAME) == Some(tag));
                found.cloned().ok_or_else(|| Error::NoTag { folder, tag: tag.to_owned(), tags: tags() })
            }
            None if images.len() == 1 => Ok(images.remove(0)),
            None => Err(Error::SeveralImages { folder, count: images.len(), tags: tags() }),
        }
    }

    /// The images that `index.json` names.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn images(&self) -> Result<Vec<Descriptor>, Error> {
        let list = read_index(&self.folder)?.remove("manifests").unwrap_or_default();
        let path = self.folder.join(INDEX);
        serde_json::from_value(list).map_err(|error| Error::Read { path, source: error.into() })
    }

    /// The manifest or index of `descriptor`, checked against it.
    ///
    /// # Errors
    /// When it is missing, is not what the descriptor says, or is no document of an image.
    pub async fn document(&self, descriptor: &Descriptor) -> Result<Document, Error> {
        let blob = self.blob(descriptor.clone());
        let raw = blob.read(MAX_MANIFEST_BYTES).await?;
        Document::parse(raw, Some(descriptor.media_type.clone())).map_err(|source| Error::Document { place: blob.to_string(), source })
    }

    /// A blob of this layout.
    #[must_use]
    pub fn blob(&self, descriptor: Descriptor) -> Blob {
        let path = blob_path(&self.folder, &descriptor.digest);
        Blob::from_file(descriptor, path)
    }
}

/// Where a blob lies below the layout's folder.
pub(super) fn blob_path(folder: &Path, digest: &Digest) -> PathBuf {
    folder.join("blobs").join(digest.algorithm().name()).join(digest.hex())
}

/// The members of `index.json`.
pub(super) fn read_index(folder: &Path) -> Result<Map<String, Value>, Error> {
    let path = folder.join(INDEX);
    let failed = |source| Error::Read { path: path.clone(), source };
    let mut bytes = Vec::new();
    let file = fs::File::open(&path).map_err(failed)?;
    file.take(MAX_MANIFEST_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_MANIFEST_BYTES {
        return Err(Error::TooLarge(path));
    }
    serde_json::from_slice(&bytes).map_err(|error| failed(error.into()))
}
