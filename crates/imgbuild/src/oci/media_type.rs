//! Media types of documents and layers (image-spec 1.1.1 and Docker's image manifest version 2, schema 2).

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a layer's tar is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compression {
    /// A plain tar.
    None,
    /// gzip, which every daemon reads.
    Gzip,
    /// Zstandard, which Docker reads since 23.0 with containerd's store.
    Zstd,
}

/// A media type that imgbuild knows by meaning, or any other by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
#[non_exhaustive]
pub enum MediaType {
    /// OCI image index.
    OciIndex,
    /// OCI image manifest.
    OciManifest,
    /// OCI image configuration.
    OciConfig,
    /// OCI layer, tar with this compression.
    OciLayer(Compression),
    /// OCI layer that must not be pushed to other registries (deprecated in image-spec 1.1).
    OciForeignLayer(Compression),
    /// Docker manifest list.
    DockerIndex,
    /// Docker manifest, schema 2.
    DockerManifest,
    /// Docker manifest, schema 1: refused by name.
    DockerSchema1,
    /// Docker image configuration.
    DockerConfig,
    /// Docker layer, tar with this compression.
    DockerLayer(Compression),
    /// Docker layer that is fetched from its `urls` and never pushed.
    DockerForeignLayer,
    /// Anything else.
    Other(Box<str>),
}

const KNOWN: &[(&str, MediaType)] = &[
    ("application/vnd.oci.image.index.v1+json", MediaType::OciIndex),
    ("application/vnd.oci.image.manifest.v1+json", MediaType::OciManifest),
    ("application/vnd.oci.image.config.v1+json", MediaType::OciConfig),
    ("application/vnd.oci.image.layer.v1.tar", MediaType::OciLayer(Compression::None)),
    ("application/vnd.oci.image.layer.v1.tar+gzip", MediaType::OciLayer(Compression::Gzip)),
    ("application/vnd.oci.image.layer.v1.tar+zstd", MediaType::OciLayer(Compression::Zstd)),
    ("application/vnd.oci.image.layer.nondistributable.v1.tar", MediaType::OciForeignLayer(Compression::None)),
    ("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", MediaType::OciForeignLayer(Compression::Gzip)),
    ("application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", MediaType::OciForeignLayer(Compression::Zstd)),
    ("application/vnd.docker.distribution.manifest.list.v2+json", MediaType::DockerIndex),
    ("application/vnd.docker.distribution.manifest.v2+json", MediaType::DockerManifest),
    ("application/vnd.docker.distribution.manifest.v1+prettyjws", MediaType::DockerSchema1),
    ("application/vnd.docker.container.image.v1+json", MediaType::DockerConfig),
    ("application/vnd.docker.image.rootfs.diff.tar", MediaType::DockerLayer(Compression::None)),
    ("application/vnd.docker.image.rootfs.diff.tar.gzip", MediaType::DockerLayer(Compression::Gzip)),
    ("application/vnd.docker.image.rootfs.diff.tar.zstd", MediaType::DockerLayer(Compression::Zstd)),
    ("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", MediaType::DockerForeignLayer),
];

impl MediaType {
    /// The media types that a pull accepts as a manifest or an index, as an `Accept` header names them.
    pub const ACCEPTED: [Self; 4] = [Self::OciIndex, Self::DockerIndex, Self::OciManifest, Self::DockerManifest];

    /// The type as it is written in documents and headers.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => KNOWN.iter().find(|(_, media_type)| media_type == known).map_or("", |(name, _)| name),
        }
    }

    /// Whether it names a list of manifests.
    #[must_use]
    pub const fn is_index(&self) -> bool {
        matches!(self, Self::OciIndex | Self::DockerIndex)
    }

    /// Whether it names the manifest of one image.
    #[must_use]
    pub const fn is_manifest(&self) -> bool {
        matches!(self, Self::OciManifest | Self::DockerManifest)
    }

    /// Whether it names the configuration of an image, rather than that of an artifact.
    #[must_use]
    pub const fn is_image_config(&self) -> bool {
        matches!(self, Self::OciConfig | Self::DockerConfig)
    }

    /// The compression of a layer; `None` where this is no layer that imgbuild can read.
    #[must_use]
    pub const fn layer_compression(&self) -> Option<Compression> {
        match self {
            Self::OciLayer(compression) | Self::OciForeignLayer(compression) | Self::DockerLayer(compression) => Some(*compression),
            Self::DockerForeignLayer => Some(Compression::Gzip),
            _ => None,
        }
    }

    /// Whether a layer of this type is kept as a descriptor and never uploaded (distribution-spec, "Pushing blobs").
    #[must_use]
    pub const fn is_nondistributable(&self) -> bool {
        matches!(self, Self::OciForeignLayer(_) | Self::DockerForeignLayer)
    }
}

impl From<&str> for MediaType {
    /// Reads a media type or a `Content-Type`: parameters and case do not count.
    fn from(text: &str) -> Self {
        let name = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        // Registries answer schema 1 with two names; both are refused alike.
        if name == "application/vnd.docker.distribution.manifest.v1+json" {
            return Self::DockerSchema1;
        }

        KNOWN.iter().find(|(known, _)| *known == name).map_or_else(|| Self::Other(name.into()), |(_, media_type)| media_type.clone())
    }
}

impl From<String> for MediaType {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<MediaType> for String {
    fn from(media_type: MediaType) -> Self {
        media_type.as_str().to_owned()
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_type_survives_text() {
        for (name, media_type) in KNOWN {
            assert_eq!(media_type.as_str(), *name);
            assert_eq!(MediaType::from(*name), *media_type);
        }
        assert_eq!(MediaType::from("application/vnd.example+json").as_str(), "application/vnd.example+json");
    }

    #[test]
    fn content_type_parameters_are_ignored() {
        let header = "Application/vnd.oci.image.index.v1+json; charset=utf-8";
        assert_eq!(MediaType::from(header), MediaType::OciIndex);
    }
}
