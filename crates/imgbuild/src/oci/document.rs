//! Manifests and indexes that were fetched: what they say, beside the bytes that were hashed.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::descriptor::ARTIFACT_TYPE;
use super::{Descriptor, Digest, MediaType};

/// Largest manifest or index (distribution-spec 1.1.1: registries should accept 4 MiB).
pub const MAX_MANIFEST_BYTES: u64 = 4 << 20;
/// Largest image configuration; the largest seen in public images has under 100 KiB.
pub const MAX_CONFIG_BYTES: u64 = 8 << 20;

/// Why a document was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// The bytes are no JSON of this shape.
    #[error("it is not valid JSON of an image manifest or index: {0}")]
    Json(#[from] serde_json::Error),
    /// Docker's signed manifests, which carry no digests of layers' content.
    #[error("it is a Docker manifest of schema 1, which no registry has written since 2017; push the image again with a current Docker")]
    Schema1,
    /// A document that two readers could take for two things (CVE-2021-41190).
    #[error("it is ambiguous: {0}")]
    Ambiguous(&'static str),
    /// The document's own type and the type that it was served with differ.
    #[error("it says that it is `{inside}` but was served as `{outside}`")]
    TypesDiffer {
        /// The `mediaType` within the document.
        inside: MediaType,
        /// The `Content-Type`, or the descriptor's type.
        outside: MediaType,
    },
    /// Neither a manifest nor an index.
    #[error("it is a `{0}`, neither an image manifest nor an index")]
    UnknownType(MediaType),
}

/// A manifest or an index, by what it says of itself.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "a build holds a handful of documents, each for a moment")]
pub enum Document {
    /// The list of a multi-platform image.
    Index(Index),
    /// One image.
    Manifest(Manifest),
}

/// An image index or a Docker manifest list.
#[derive(Debug, Clone)]
pub struct Index {
    descriptor: Descriptor,
    raw: Bytes,
    manifests: Vec<Descriptor>,
    annotations: Map<String, Value>,
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
}

/// The manifest of one image.
#[derive(Debug, Clone)]
pub struct Manifest {
    descriptor: Descriptor,
    raw: Bytes,
    config: Descriptor,
    layers: Vec<Descriptor>,
    annotations: Map<String, Value>,
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
}

/// The union of both shapes, so that a document that is both can be refused.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Shape {
    schema_version: u64,
    media_type: Option<MediaType>,
    manifests: Option<Vec<Descriptor>>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    #[serde(rename = "fsLayers")]
    fs_layers: Option<Value>,
    annotations: Option<Map<String, Value>>,
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
}

impl Document {
    /// Reads `raw`, which was served as `outside` (a `Content-Type`, or the type of the descriptor that led here).
    ///
    /// # Errors
    /// Refuses schema 1, documents that are a manifest and an index at once, and those whose own type contradicts `outside`.
    pub fn parse(raw: Bytes, outside: Option<MediaType>) -> Result<Self, DocumentError> {
        if outside == Some(MediaType::DockerSchema1) {
            return Err(DocumentError::Schema1);
        }
        let shape: Shape = serde_json::from_slice(&raw)?;
        if shape.fs_layers.is_some() || shape.schema_version == 1 {
            return Err(DocumentError::Schema1);
        }
        let media_type = decide_type(&shape, outside)?;
        let descriptor = Descriptor::of(media_type, &raw);
        let annotations = shape.annotations.unwrap_or_default();
        let (subject, artifact_type) = (shape.subject, shape.artifact_type.filter(|artifact_type| !artifact_type.is_empty()));
        match (shape.manifests, shape.config, shape.layers) {
            (Some(manifests), None, None) => Ok(Self::Index(Index { descriptor, raw, manifests, annotations, subject, artifact_type })),
            (None, Some(config), Some(layers)) => {
                Ok(Self::Manifest(Manifest { descriptor, raw, config, layers, annotations, subject, artifact_type }))
            }
            (None, _, _) => Err(DocumentError::Ambiguous("a manifest needs `config` and `layers`")),
            _ => Err(DocumentError::Ambiguous("it has `manifests` together with `config` or `layers`")),
        }
    }

    /// Type, digest and size of the document's bytes.
    #[must_use]
    pub const fn descriptor(&self) -> &Descriptor {
        match self {
            Self::Index(index) => index.descriptor(),
            Self::Manifest(manifest) => manifest.descriptor(),
        }
    }

    /// The bytes as they were fetched.
    #[must_use]
    pub const fn raw(&self) -> &Bytes {
        match self {
            Self::Index(index) => index.raw(),
            Self::Manifest(manifest) => manifest.raw(),
        }
    }

    /// What it refers to, where it is a signature, an SBOM or another artifact of an image (image-spec 1.1.1, `subject`).
    #[must_use]
    pub const fn subject(&self) -> Option<&Descriptor> {
        match self {
            Self::Index(index) => index.subject.as_ref(),
            Self::Manifest(manifest) => manifest.subject.as_ref(),
        }
    }

    /// The entry that lists of referrers hold of it: with its artifact type, a manifest's configuration's type where it names none,
    /// and with its annotations (distribution-spec 1.1.1, "Listing Referrers").
    #[must_use]
    pub fn as_referrer(&self) -> Descriptor {
        let (artifact_type, annotations) = match self {
            Self::Index(index) => (index.artifact_type.clone(), &index.annotations),
            Self::Manifest(manifest) => {
                let own = manifest.artifact_type.clone();
                (own.or_else(|| Some(manifest.config.media_type.to_string())), &manifest.annotations)
            }
        };
        let mut entry = self.descriptor().clone();
        entry.rest.extend(artifact_type.map(|artifact_type| (ARTIFACT_TYPE.to_owned(), artifact_type.into())));
        entry.annotations.clone_from(annotations);
        entry
    }
}

impl Index {
    /// Type, digest and size of the index's bytes.
    #[must_use]
    pub const fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The digest of the index's bytes.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.descriptor.digest
    }

    /// The bytes as they were fetched.
    #[must_use]
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Its entries, in their order, attestations among them.
    #[must_use]
    pub fn manifests(&self) -> &[Descriptor] {
        &self.manifests
    }

    /// The annotations, those that are texts, as the specification asks.
    pub fn annotations(&self) -> impl Iterator<Item = (&str, &str)> {
        self.annotations.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }

    /// The value of an annotation of the index itself.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).and_then(Value::as_str)
    }
}

impl Manifest {
    /// Type, digest and size of the manifest's bytes.
    #[must_use]
    pub const fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The bytes as they were fetched.
    #[must_use]
    pub const fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The image's configuration.
    #[must_use]
    pub const fn config(&self) -> &Descriptor {
        &self.config
    }

    /// The layers, base first.
    #[must_use]
    pub fn layers(&self) -> &[Descriptor] {
        &self.layers
    }

    /// The annotations, those that are texts, as the specification asks.
    pub fn annotations(&self) -> impl Iterator<Item = (&str, &str)> {
        self.annotations.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
    }

    /// The value of an annotation.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).and_then(Value::as_str)
    }
}

fn decide_type(shape: &Shape, outside: Option<MediaType>) -> Result<MediaType, DocumentError> {
    // Some registries serve what they have as JSON or bytes; that says nothing, so the document decides.
    let outside = outside.filter(|media_type| !matches!(media_type, MediaType::Other(_)));
    if let (Some(inside), Some(outside)) = (&shape.media_type, &outside)
        && inside != outside
    {
        return Err(DocumentError::TypesDiffer { inside: inside.clone(), outside: outside.clone() });
    }
    let is_index = shape.manifests.is_some();
    let media_type = shape.media_type.clone().or(outside).unwrap_or(if is_index { MediaType::OciIndex } else { MediaType::OciManifest });
    if !media_type.is_index() && !media_type.is_manifest() {
        return Err(DocumentError::UnknownType(media_type));
    }
    if media_type.is_index() != is_index {
        return Err(DocumentError::Ambiguous("its type and its content disagree on whether it is a manifest or an index"));
    }
    Ok(media_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DESCRIPTOR: &str =
        r#"{"mediaType":"x/y","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0}"#;

    fn parse(json: &str, outside: Option<&str>) -> Result<Document, DocumentError> {
        Document::parse(Bytes::from(json.to_owned()), outside.map(MediaType::from))
    }

    #[test]
    fn a_document_that_is_both_is_refused() {
        let both = format!(r#"{{"schemaVersion":2,"manifests":[],"config":{DESCRIPTOR},"layers":[]}}"#);
        assert!(matches!(parse(&both, None), Err(DocumentError::Ambiguous(_))));
        let half = r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#;
        assert!(matches!(parse(half, None), Err(DocumentError::Ambiguous(_))));
    }

    #[test]
    fn the_type_inside_must_be_the_type_outside() {
        let index = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
        assert!(parse(index, Some("application/vnd.oci.image.index.v1+json; charset=utf-8")).is_ok());
        assert!(parse(index, Some("application/json")).is_ok());
        let error = parse(index, Some("application/vnd.oci.image.manifest.v1+json")).unwrap_err();
        assert!(matches!(error, DocumentError::TypesDiffer { .. }));
        let lying = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}"#;
        assert!(matches!(parse(lying, None), Err(DocumentError::Ambiguous(_))));
    }

    #[test]
    fn schema_1_is_refused_by_name() {
        let old = r#"{"schemaVersion":1,"name":"library/x","fsLayers":[]}"#;
        assert!(matches!(parse(old, None), Err(DocumentError::Schema1)));
        let served = Some("application/vnd.docker.distribution.manifest.v1+prettyjws");
        assert!(matches!(parse("{}", served), Err(DocumentError::Schema1)));
    }

    #[test]
    fn descriptors_keep_what_is_not_known() {
        let json = r#"{"mediaType":"x/y","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0,"data":"","artifactType":"a/b"}"#;
        let descriptor: Descriptor = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&descriptor).unwrap(), json);
    }
}
