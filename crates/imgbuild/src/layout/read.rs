//! Reads images from a layout.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::{CONTAINERD_NAME, Error, INDEX, MARKER};
use crate::blob::Blob;
use crate::oci::{Descriptor, Digest, Document, MAX_MANIFEST_BYTES, Reference, annotation};

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
        check_marker(&marker).map_err(refuse)?;
        Ok(Self { folder })
    }

    /// The image with this tag, or the only one.
    ///
    /// # Errors
    /// When there is no such image, or several without a tag to choose by.
    pub fn find(&self, tag: Option<&str>) -> Result<Descriptor, Error> {
        choose(&self.images()?, tag, &self.folder)
    }

    /// The images that `index.json` names.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn images(&self) -> Result<Vec<Descriptor>, Error> {
        let index = read_index(&self.folder)?;
        images_of(&index.into()).map_err(|error| Error::Read { path: self.folder.join(INDEX), source: error.into() })
    }

    /// The manifest or index of `descriptor`, checked against it.
    ///
    /// # Errors
    /// When it is missing, is not what the descriptor says, or is no document of an image.
    pub async fn document(&self, descriptor: &Descriptor) -> Result<Document, Error> {
        parse(&self.blob(descriptor.clone())).await
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

/// Whether the content of `oci-layout` is of a version that is read. The error is the reason, for people.
pub(super) fn check_marker(marker: &[u8]) -> Result<(), String> {
    let version: Value = serde_json::from_slice(marker).map_err(|error| format!("its `{MARKER}` is no JSON: {error}"))?;
    match version["imageLayoutVersion"].as_str() {
        Some(version) if version.starts_with("1.") => Ok(()),
        other => Err(format!("its version is {other:?}, not 1.0.0")),
    }
}

/// The images that an index names.
pub(super) fn images_of(index: &Value) -> Result<Vec<Descriptor>, serde_json::Error> {
    serde_json::from_value(index["manifests"].clone())
}

/// The image with this tag or full name, or the only one, of a layout or an archive at `path`.
pub(super) fn choose(images: &[Descriptor], tag: Option<&str>, path: &Path) -> Result<Descriptor, Error> {
    let names = |image: &Descriptor| [CONTAINERD_NAME, annotation::REF_NAME].map(|key| image.annotation(key).map(str::to_owned));
    let is_referrer = |image: &Descriptor| image.artifact_type().is_some() && names(image).iter().all(Option::is_none);
    // Where there are artifacts alone, they are what is meant.
    let (images, referrers): (Vec<_>, Vec<_>) = images.iter().partition(|image| !is_referrer(image));
    let images = if images.is_empty() { referrers } else { images };
    let tags = || images.iter().filter_map(|image| names(image).into_iter().rev().flatten().next()).collect();
    let found = match tag {
        Some(tag) => images.iter().find(|image| names(image).iter().flatten().any(|name| is_same_name(name, tag))),
        None => images.first().filter(|first| images.iter().all(|image| image.digest == first.digest)),
    };
    found.copied().cloned().ok_or_else(|| match tag {
        Some(tag) => Error::NoTag { path: path.to_owned(), tag: tag.to_owned(), tags: tags() },
        None => Error::SeveralImages { path: path.to_owned(), count: images.len(), tags: tags() },
    })
}

/// `koin/api:1` and `docker.io/koin/api:1` are one name; a bare tag is no reference to compare.
fn is_same_name(name: &str, wanted: &str) -> bool {
    let canonical = |text: &str| text.parse::<Reference>().ok().filter(|_| text.contains([':', '/']));
    name == wanted || canonical(name).zip(canonical(wanted)).is_some_and(|(name, wanted)| name.resolved() == wanted.resolved())
}

/// Reads a manifest or an index, checked against its descriptor.
pub(super) async fn parse(blob: &Blob) -> Result<Document, Error> {
    let raw = blob.read(MAX_MANIFEST_BYTES).await?;
    let parsed = Document::parse(raw, Some(blob.descriptor().media_type.clone()));
    parsed.map_err(|source| Error::Document { place: blob.to_string(), source })
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
