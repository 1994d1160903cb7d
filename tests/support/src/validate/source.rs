//! Where a validator gets bytes from.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use crate::base::Image;

/// Anything that has bytes by digest. A closure over a registry's client is one.
pub trait Source {
    /// The bytes with a digest of the form `sha256:<hex>`.
    ///
    /// # Errors
    /// Why there are none, in words for the report.
    fn fetch(&self, digest: &str) -> Result<Vec<u8>, String>;
}

impl<F: Fn(&str) -> Result<Vec<u8>, String>> Source for F {
    fn fetch(&self, digest: &str) -> Result<Vec<u8>, String> {
        self(digest)
    }
}

impl Source for Image {
    fn fetch(&self, digest: &str) -> Result<Vec<u8>, String> {
        self.bytes(digest).map(<[u8]>::to_vec).ok_or_else(|| "is not in the image".into())
    }
}

/// An OCI layout on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    folder: PathBuf,
}

impl Layout {
    /// The layout in `folder`; nothing is read yet.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.into() }
    }

    /// The digest that `index.json` gives to a tag.
    ///
    /// # Errors
    /// When `oci-layout` or `index.json` is missing or wrong, or no single entry has the tag.
    pub fn digest(&self, tag: &str) -> Result<String, String> {
        let version = self.json("oci-layout")?["imageLayoutVersion"].clone();
        if version != "1.0.0" {
            return Err(format!("`oci-layout` has the version {version}"));
        }
        let index = self.json("index.json")?;
        let entries: Vec<&Value> = index["manifests"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|entry| entry["annotations"]["org.opencontainers.image.ref.name"] == tag)
            .collect();
        match entries[..] {
            [entry] => entry["digest"].as_str().map(str::to_owned).ok_or_else(|| format!("`{tag}` has no digest")),
            _ => Err(format!("{} entries are named `{tag}`", entries.len())),
        }
    }

    fn json(&self, name: &str) -> Result<Value, String> {
        let text = fs::read(self.folder.join(name)).map_err(|error| format!("`{name}`: {error}"))?;
        serde_json::from_slice(&text).map_err(|error| format!("`{name}`: {error}"))
    }
}

impl Source for Layout {
    fn fetch(&self, digest: &str) -> Result<Vec<u8>, String> {
        let (algorithm, hex) = digest.split_once(':').ok_or("is no digest")?;
        fs::read(self.folder.join("blobs").join(algorithm).join(hex)).map_err(|error| error.to_string())
    }
}
