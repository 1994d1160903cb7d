//! A JDK base whose programs are this machine's on every platform that it claims.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::base;
use crate::digest::sha256;

/// The platforms that the base claims.
const PLATFORMS: [(&str, Option<&str>); 2] = [("amd64", None), ("arm64", Some("v8"))];

/// The JDK base in the folder `layout`, as an OCI layout with the tag `17`. Nodes of a [`Cluster`](super::Cluster) that only claim
/// to be another machine run it all the same. A skip as of [`base`].
///
/// # Panics
/// Where it cannot be written, or the JDK base has no image for this machine.
#[must_use]
pub fn claiming_base(layout: &Path) -> Option<PathBuf> {
    let from = base()?;
    let native = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let blobs = layout.join("blobs/sha256");
    fs::create_dir_all(&blobs).unwrap_or_else(|error| panic!("cannot make `{}`: {error}", blobs.display()));

    let index = document(&from, &entry(&from, &read(&from.join("index.json")), |_| true));
    let manifest = document(&from, &entry(&from, &index, |entry| entry["platform"]["architecture"] == native));
    let config = document(&from, &manifest["config"]);
    for descriptor in manifest["layers"].as_array().into_iter().flatten() {
        let name = hex(descriptor);
        let copied = fs::copy(from.join("blobs/sha256").join(name), blobs.join(name));
        copied.unwrap_or_else(|error| panic!("cannot copy a layer of the base: {error}"));
    }
    let images = PLATFORMS.map(|(architecture, variant)| {
        let mut platform = json!({"os": "linux", "architecture": architecture});
        if let Some(variant) = variant {
            platform["variant"] = variant.into();
        }
        let (mut config, mut manifest) = (config.clone(), manifest.clone());
        for (key, value) in platform.as_object().into_iter().flatten() {
            config[key] = value.clone();
        }
        let written = write(&blobs, &config);
        manifest["config"]["digest"] = written["digest"].clone();
        manifest["config"]["size"] = written["size"].clone();
        let mut entry = write(&blobs, &manifest);
        entry["mediaType"] = manifest["mediaType"].clone();
        entry["platform"] = platform;
        entry
    });
    let index = json!({"schemaVersion": 2, "mediaType": index["mediaType"], "manifests": images});
    let mut root = write(&blobs, &index);
    root["mediaType"] = index["mediaType"].clone();
    root["annotations"] = json!({"org.opencontainers.image.ref.name": "17"});
    for (name, content) in
        [("index.json", json!({"schemaVersion": 2, "manifests": [root]})), ("oci-layout", json!({"imageLayoutVersion": "1.0.0"}))]
    {
        fs::write(layout.join(name), content.to_string()).unwrap_or_else(|error| panic!("cannot write `{name}`: {error}"));
    }
    Some(layout.to_owned())
}

fn read(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("cannot read `{}`: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("`{}`: {error}", path.display()))
}

fn hex(descriptor: &Value) -> &str {
    descriptor["digest"].as_str().and_then(|digest| digest.strip_prefix("sha256:")).unwrap_or_else(|| panic!("no digest: {descriptor}"))
}

fn document(layout: &Path, descriptor: &Value) -> Value {
    read(&layout.join("blobs/sha256").join(hex(descriptor)))
}

/// The first entry of an index that `is` the one.
fn entry(layout: &Path, index: &Value, is: impl Fn(&Value) -> bool) -> Value {
    let found = index["manifests"].as_array().into_iter().flatten().find(|entry| is(entry));
    found.unwrap_or_else(|| panic!("`{}` has no image for this machine", layout.display())).clone()
}

/// Stores a document; its digest and size.
fn write(blobs: &Path, document: &Value) -> Value {
    let bytes = document.to_string().into_bytes();
    let digest = sha256(&bytes);
    let path = blobs.join(&digest["sha256:".len()..]);
    fs::write(&path, &bytes).unwrap_or_else(|error| panic!("cannot write `{}`: {error}", path.display()));
    json!({"digest": digest, "size": bytes.len()})
}
