//! Reads an OCI image layout (image-spec, "image-layout") to seed a repository.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use bytes::Bytes;
use serde_json::Value;

use super::digest;
use super::manifests::without_parameters;
use super::store::StoredManifest;

/// The content of a layout.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub(super) blobs: BTreeMap<String, Bytes>,
    pub(super) manifests: Vec<StoredManifest>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) roots: Vec<String>,
}

/// Reads `index.json`, the manifests below it and every blob.
pub(super) fn read(folder: &Path) -> io::Result<Loaded> {
    let mut loaded = Loaded::default();
    for algorithm in std::fs::read_dir(folder.join("blobs"))? {
        let algorithm = algorithm?;
        for file in std::fs::read_dir(algorithm.path())? {
            let file = file?;
            let name = format!("{}:{}", algorithm.file_name().display(), file.file_name().display());
            let bytes = Bytes::from(std::fs::read(file.path())?);
            if !digest::matches(&name, &bytes) {
                return Err(io::Error::other(format!("`{name}` holds other bytes")));
            }
            loaded.blobs.insert(name, bytes);
        }
    }
    let index: Value = serde_json::from_slice(&std::fs::read(folder.join("index.json"))?)?;
    for descriptor in index["manifests"].as_array().into_iter().flatten() {
        let digest = text(descriptor, "digest");
        let name = descriptor["annotations"]["org.opencontainers.image.ref.name"].as_str();
        if let Some(tag) = name.map(|name| name.rsplit(':').next().unwrap_or(name)).filter(|tag| digest::is_tag(tag)) {
            loaded.tags.insert(tag.to_owned(), digest.clone());
        }
        loaded.roots.push(digest);
        collect(descriptor, &mut loaded)?;
    }
    // A manifest is not a blob of a repository.
    for manifest in &loaded.manifests {
        loaded.blobs.remove(&manifest.digest);
    }
    Ok(loaded)
}

fn collect(descriptor: &Value, loaded: &mut Loaded) -> io::Result<()> {
    let digest = text(descriptor, "digest");
    let Some(bytes) = loaded.blobs.get(&digest).cloned() else {
        return Err(io::Error::other(format!("the layout lacks `{digest}`")));
    };
    let document: Value = serde_json::from_slice(&bytes)?;
    let media_type = without_parameters(&text(descriptor, "mediaType"));
    loaded.manifests.push(StoredManifest { digest, media_type, bytes });
    document["manifests"].as_array().into_iter().flatten().try_for_each(|child| collect(child, loaded))
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}
