//! Descriptors (image-spec 1.1.1, "Content Descriptors").

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Digest, MediaType, Platform};

/// Names a blob by type, digest and size.
///
/// Keys that imgbuild does not know are kept and written back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the bytes are.
    pub media_type: MediaType,
    /// The digest of the bytes.
    pub digest: Digest,
    /// The number of bytes.
    pub size: u64,
    /// Where the bytes may be fetched from instead (nondistributable layers).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Annotations, in the order of the document.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub annotations: Map<String, Value>,
    /// The platform that a manifest is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Everything else, such as `data` and `artifactType`.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Descriptor {
    /// A descriptor with nothing but the three mandatory values.
    #[must_use]
    pub fn new(media_type: MediaType, digest: Digest, size: u64) -> Self {
        Self { media_type, digest, size, urls: Vec::new(), annotations: Map::new(), platform: None, rest: Map::new() }
    }

    /// The descriptor of `bytes`.
    #[must_use]
    pub fn of(media_type: MediaType, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }

    /// The same descriptor for this platform.
    #[must_use]
    pub fn with_platform(mut self, platform: Platform) -> Self {
        self.platform = Some(platform);
        self
    }

    /// The value of an annotation, where it is a string.
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).and_then(Value::as_str)
    }

    /// What kind of artifact it describes, where that is said.
    #[must_use]
    pub fn artifact_type(&self) -> Option<&str> {
        self.rest.get(ARTIFACT_TYPE).and_then(Value::as_str)
    }

    /// Whether it describes what BuildKit attaches to an index (provenance, SBOM) rather than an image to run.
    #[must_use]
    pub fn is_attestation(&self) -> bool {
        self.annotation("vnd.docker.reference.type") == Some("attestation-manifest")
            || self.platform.as_ref().is_some_and(Platform::is_unknown)
    }
}

/// The key of a descriptor's artifact type.
pub(super) const ARTIFACT_TYPE: &str = "artifactType";

/// Annotation keys that imgbuild reads or writes (image-spec 1.1.1, "Annotations").
pub mod annotation {
    /// The tag of a manifest in an image layout.
    pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
    /// The reference of the image that this one is based on.
    pub const BASE_NAME: &str = "org.opencontainers.image.base.name";
    /// The digest of the manifest that this one is based on.
    pub const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";
}
