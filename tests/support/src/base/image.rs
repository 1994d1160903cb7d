//! A whole image as values, and its forms on disk: an OCI layout, or an archive of one (image-spec image-layout.md).

use std::{collections::BTreeMap, fs, io, path::Path};

use serde_json::{Value, json};

use crate::{
    archive::{self, Entry, Kind},
    digest::sha256,
};

/// The media type of an artifact's manifest.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A manifest or index with the type under which a registry stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Media type.
    pub media_type: String,
    /// The exact bytes that are hashed.
    pub bytes: Vec<u8>,
}

/// An index or manifest with everything below it. Keys are digests as `sha256:<hex>`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    /// Descriptor of the index, or of the manifest of a single image.
    pub root: Value,
    /// Indexes and manifests: what a registry keeps under `manifests`.
    pub documents: BTreeMap<String, Document>,
    /// Configs and layers: what a registry keeps under `blobs`.
    pub blobs: BTreeMap<String, Vec<u8>>,
    /// Descriptors of the artifacts that refer to it, as lists of referrers hold them.
    pub referrers: Vec<Value>,
}

impl Image {
    /// The digest of [`Self::root`].
    #[must_use]
    pub fn digest(&self) -> &str {
        self.root["digest"].as_str().unwrap_or_default()
    }

    /// The bytes with a digest, document or blob.
    #[must_use]
    pub fn bytes(&self, digest: &str) -> Option<&[u8]> {
        let document = self.documents.get(digest).map(|document| &document.bytes);
        document.or_else(|| self.blobs.get(digest)).map(Vec::as_slice)
    }

    /// The document with a digest, parsed; `Null` when there is none.
    #[must_use]
    pub fn json(&self, digest: &str) -> Value {
        self.bytes(digest).and_then(|bytes| serde_json::from_slice(bytes).ok()).unwrap_or_default()
    }

    /// Writes an OCI layout whose index names the image `tag`. The folder is made where it is missing.
    ///
    /// # Errors
    /// When a folder or file cannot be written.
    pub fn write_layout(&self, folder: &Path, tag: &str) -> io::Result<()> {
        for (path, content) in self.layout_files(tag) {
            let path = folder.join(path);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(path, content)?;
        }
        Ok(())
    }

    /// The OCI layout as one uncompressed tar archive.
    #[must_use]
    pub fn layout_archive(&self, tag: &str) -> Vec<u8> {
        let entries: Vec<Entry> =
            self.layout_files(tag).into_iter().map(|(path, content)| Entry::new(&path, Kind::File(content))).collect();
        archive::write(&entries)
    }

    /// The layout's files by path.
    #[must_use]
    pub fn layout_files(&self, tag: &str) -> BTreeMap<String, Vec<u8>> {
        let documents = self.documents.iter().map(|(digest, document)| (digest, &document.bytes));
        let mut files: BTreeMap<String, Vec<u8>> =
            documents.chain(&self.blobs).map(|(digest, bytes)| (format!("blobs/{}", digest.replace(':', "/")), bytes.clone())).collect();
        let mut root = self.root.clone();
        root["annotations"] = json!({"org.opencontainers.image.ref.name": tag});
        let entries = [&[root], self.referrers.as_slice()].concat();
        let index = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries});
        files.insert("index.json".into(), index.to_string().into_bytes());
        files.insert("oci-layout".into(), json!({"imageLayoutVersion": "1.0.0"}).to_string().into_bytes());
        files
    }

    /// Attaches an artifact of `artifact_type` to the document `subject`, and returns its digest.
    ///
    /// # Panics
    /// Where the image has no such document.
    pub fn refer(&mut self, subject: &str, artifact_type: &str) -> String {
        let document = self.documents.get(subject).unwrap_or_else(|| panic!("there is no `{subject}` to refer to"));
        let subject = descriptor(&document.media_type, &document.bytes);
        let config = self.put_blob("application/vnd.oci.empty.v1+json", b"{}".to_vec());
        let layer = self.put_blob(artifact_type, format!("{artifact_type} of {}", subject["digest"]).into_bytes());
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": artifact_type,
            "config": config, "layers": [layer], "subject": subject, "annotations": {"kind": artifact_type},
        });
        let mut entry = self.put_document(MANIFEST, &manifest);
        entry["artifactType"] = artifact_type.into();
        entry["annotations"] = manifest["annotations"].clone();
        let digest = entry["digest"].as_str().unwrap_or_default().to_owned();
        self.referrers.push(entry);
        digest
    }

    /// Stores a blob and returns its descriptor.
    pub fn put_blob(&mut self, media_type: &str, bytes: Vec<u8>) -> Value {
        let descriptor = descriptor(media_type, &bytes);
        self.blobs.insert(sha256(&bytes), bytes);
        descriptor
    }

    /// Stores a manifest or index and returns its descriptor.
    pub fn put_document(&mut self, media_type: &str, document: &Value) -> Value {
        let bytes = document.to_string().into_bytes();
        let descriptor = descriptor(media_type, &bytes);
        self.documents.insert(sha256(&bytes), Document { media_type: media_type.into(), bytes });
        descriptor
    }
}

fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": sha256(bytes), "size": bytes.len()})
}
