//! What was found, as values that serialise.

use serde::Serialize;
use serde_json::Value;

use super::history::steps;
use super::{Opened, Settings};
use crate::contents::{ByDiffId, JarContents, LayerContents, Meaning, NodeKind};
use crate::oci::{Descriptor, Digest, Document, MediaType, Platform, annotation};
use crate::source::PlatformImage;

/// What an image is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// Where it is.
    pub reference: String,
    /// The digest of what is there.
    pub digest: Digest,
    /// What is there: an index or one manifest.
    pub media_type: MediaType,
    /// The images that can be run.
    pub platforms: Vec<ImageReport>,
    /// What else the index names: attestations, artifacts.
    pub others: Vec<Other>,
}

/// An entry of an index that is no image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Other {
    /// Its digest.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// What it is: `attestation`, its artifact type, or its media type.
    pub what: String,
}

/// The image of one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageReport {
    /// The platform.
    pub platform: Platform,
    /// The digest of its manifest.
    pub manifest: Digest,
    /// The digest of its configuration.
    pub config: Digest,
    /// Bytes of all its layers as they are transferred.
    pub size: u64,
    /// When it says that it was created.
    pub created: Option<String>,
    /// Whether imgbuild made it.
    pub made_by_imgbuild: bool,
    /// The base that it names.
    pub base: Option<BaseReport>,
    /// Its layers, lowest first.
    pub layers: Vec<LayerReport>,
    /// How a container of it is started.
    pub settings: Settings,
}

/// The base that an image names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BaseReport {
    /// Its reference.
    pub name: Option<String>,
    /// The digest of its manifest.
    pub digest: Option<Digest>,
    /// How many of the layers are its.
    pub layers: Option<usize>,
}

/// A layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerReport {
    /// The digest of its compressed bytes.
    pub digest: Digest,
    /// The digest of its tar, as the configuration says.
    pub diff_id: Option<Digest>,
    /// What its bytes are.
    pub media_type: MediaType,
    /// The number of its compressed bytes.
    pub size: u64,
    /// What made it, by the history: `dependencies`, or a step of a Dockerfile.
    pub name: Option<String>,
    /// Whether it is the base's, where that is known.
    pub of_base: Option<bool>,
    /// What is in it, where it was looked into.
    pub contents: Option<LayerContentsReport>,
}

/// What is in a layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerContentsReport {
    /// How many files, links among them.
    pub files: usize,
    /// Bytes of all files.
    pub bytes: u64,
    /// How many paths of lower layers it deletes.
    pub deleted: usize,
    /// The JARs, and the libraries in fat ones.
    pub jars: Vec<JarReport>,
    /// Paths of configuration: YAML and properties files.
    pub configuration: Vec<String>,
    /// The version of the JDK, where its `release` file is in the layer.
    pub java: Option<String>,
    /// The name of the operating system, where its `os-release` file is in the layer.
    pub system: Option<String>,
}

/// A JAR.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JarReport {
    /// Its path; one within a fat JAR has `!/` in front of its own.
    pub path: String,
    /// The library's name.
    pub name: String,
    /// The library's version, where it is known.
    pub version: Option<String>,
    /// How many files it has.
    pub files: usize,
    /// Why it could not be looked into.
    pub unread: Option<String>,
}

impl Inspection {
    pub(super) fn new(opened: &Opened, contents: &ByDiffId) -> Self {
        let others = match &opened.root {
            Document::Index(index) => index.manifests().iter().filter_map(Other::of).collect(),
            Document::Manifest(_) => Vec::new(),
        };
        Self {
            reference: opened.location.to_string(),
            digest: opened.digest().clone(),
            media_type: opened.root.descriptor().media_type.clone(),
            platforms: opened.images.iter().map(|image| ImageReport::new(image, contents)).collect(),
            others,
        }
    }
}

impl Other {
    fn of(entry: &Descriptor) -> Option<Self> {
        let artifact = entry.rest.get("artifactType").and_then(Value::as_str);
        let what = match artifact {
            _ if entry.is_attestation() => "attestation",
            Some(artifact) => artifact,
            None if entry.media_type.is_manifest() || entry.media_type.is_index() => return None,
            None => entry.media_type.as_str(),
        };
        Some(Self { digest: entry.digest.clone(), size: entry.size, what: what.to_owned() })
    }
}

impl ImageReport {
    fn new(image: &PlatformImage, contents: &ByDiffId) -> Self {
        let record = image.config.record();
        let note = |key: &str| image.manifest.annotation(key).map(str::to_owned);
        let base = BaseReport {
            name: record.as_ref().and_then(|record| record.base.clone()).or_else(|| note(annotation::BASE_NAME)),
            digest: record
                .as_ref()
                .map(|record| record.base_digest.clone())
                .or_else(|| note(annotation::BASE_DIGEST).and_then(|digest| digest.parse().ok())),
            layers: record.as_ref().map(|record| record.base_layers),
        };
        let steps = steps(&image.config);
        let layers = image.layers.iter().enumerate().map(|(at, blob)| {
            let diff_id = image.config.diff_ids().get(at);
            LayerReport {
                digest: blob.digest().clone(),
                diff_id: diff_id.cloned(),
                media_type: blob.descriptor().media_type.clone(),
                size: blob.size(),
                // A history that fits the layers only in part would name them wrongly.
                name: steps.get(at).filter(|_| steps.len() == image.layers.len()).cloned(),
                of_base: base.layers.map(|base| at < base),
                contents: diff_id.and_then(|diff_id| contents.get(diff_id)).map(|contents| LayerContentsReport::new(contents)),
            }
        });
        Self {
            platform: image.platform.clone(),
            manifest: image.manifest.descriptor().digest.clone(),
            config: image.manifest.config().digest.clone(),
            size: image.layers.iter().map(crate::blob::Blob::size).sum(),
            created: image.config.raw().get("created").and_then(Value::as_str).map(str::to_owned),
            made_by_imgbuild: record.is_some(),
            layers: layers.collect(),
            base: Some(base).filter(|base| base.name.is_some() || base.digest.is_some()),
            settings: Settings::of(&image.config),
        }
    }
}

impl LayerContentsReport {
    fn new(contents: &LayerContents) -> Self {
        let mut found = Self {
            files: contents.nodes.values().filter(|node| !matches!(node.kind, NodeKind::Folder)).count(),
            bytes: contents.bytes,
            deleted: contents.deleted.len() + contents.emptied.len(),
            jars: Vec::new(),
            configuration: Vec::new(),
            java: None,
            system: None,
        };
        for (path, content) in contents.nodes.iter().filter_map(|(path, node)| Some((path, node.content()?))) {
            match &content.meaning {
                Some(Meaning::Java(version)) => found.java = Some(version.to_string()),
                Some(Meaning::System(name)) => found.system = Some(name.clone()),
                Some(Meaning::Configuration(_) | Meaning::BrokenYaml) => found.configuration.push(path.clone()),
                None => {}
            }
        }
        for (path, content) in contents.jars() {
            let jar = content.jar.as_ref();
            found.jars.push(JarReport {
                name: jar.map_or_else(|| path.rsplit('/').next().unwrap_or(path).to_owned(), |jar| jar.coordinates.name.clone()),
                version: jar.and_then(|jar| jar.coordinates.version.clone()),
                files: jar.map_or(0, |jar| jar.files.len()),
                path: path.to_owned(),
                unread: content.unread.clone(),
            });
            let nested = jar.into_iter().flat_map(JarContents::libraries).filter_map(|(within, file)| Some((within, file.jar.as_ref()?)));
            found.jars.extend(nested.map(|(within, jar)| JarReport {
                path: format!("{path}!/{within}"),
                name: jar.coordinates.name.clone(),
                version: jar.coordinates.version.clone(),
                files: jar.files.len(),
                unread: None,
            }));
        }
        found
    }
}
