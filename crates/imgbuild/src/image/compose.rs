//! Puts layers on a base and images into an index.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::{Map, Value, json};

use super::{Config, Created, Error, Overlay, Record};
use crate::blob::Blob;
use crate::layer::Layer;
use crate::oci::{Compression, Descriptor, Digest, MediaType, Platform, annotation};

/// Which family of media types is written. The two are never mixed in one image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Format {
    /// OCI image index, manifest and layers.
    #[default]
    Oci,
    /// Docker manifest list and schema 2, for readers that know no OCI types.
    Docker,
}

/// Annotations that were asked for, by where they go. Keys are sorted, so that their order does not change a digest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Annotations {
    /// On the index.
    pub index: BTreeMap<String, String>,
    /// On every manifest.
    pub manifest: BTreeMap<String, String>,
}

/// The base of one image.
#[derive(Debug, Clone)]
pub struct Parent {
    /// The platform as the base's index gives it, else as its configuration claims it.
    pub platform: Platform,
    /// The digest of the base's manifest.
    pub digest: Digest,
    /// The base's canonical reference; none where it came from a layout.
    pub name: Option<String>,
    /// The base's configuration.
    pub config: Config,
    /// The base's layers, lowest first.
    pub layers: Vec<Blob>,
}

/// One image, ready to be published.
#[derive(Debug, Clone)]
pub struct Image {
    /// The platform that its index entry names.
    pub platform: Platform,
    /// The configuration.
    pub config: Blob,
    /// The manifest.
    pub manifest: Blob,
    /// The layers, the base's first.
    pub layers: Vec<Blob>,
    /// How many of the layers are the base's.
    pub base_layers: usize,
}

impl Image {
    /// Puts `added` on top of `parent` and applies `overlay`.
    ///
    /// # Errors
    /// When the base contradicts itself, has layers that the format cannot hold, or annotations are asked of a Docker manifest.
    pub fn compose(
        parent: &Parent,
        added: &[Layer],
        overlay: &Overlay,
        created: &Created,
        format: Format,
        annotations: &Annotations,
    ) -> Result<Self, Error> {
        let (layers, diff_ids) = (parent.layers.len(), parent.config.diff_ids().len());
        if layers != diff_ids {
            return Err(Error::LayerCount { layers, diff_ids });
        }
        let record = Record {
            base: parent.name.clone(),
            base_digest: parent.digest.clone(),
            base_layers: layers,
            created: match created {
                Created::At(seconds) => Some(*seconds),
                Created::OfBase => None,
            },
            overlay: overlay.clone(),
        };
        let made: Vec<(&Digest, &str)> = added.iter().map(|layer| (layer.diff_id(), layer.name())).collect();
        let config = Blob::from_bytes(format.config(), parent.config.derive(overlay, &made, created, &record));

        let blobs: Vec<Blob> = parent.layers.iter().chain(added.iter().map(Layer::blob)).cloned().collect();
        let blobs = blobs.into_iter().map(|blob| format.retype(blob)).collect::<Result<Vec<_>, _>>()?;
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": format.manifest(),
            "config": written(config.descriptor()),
            "layers": blobs.iter().map(|blob| written(blob.descriptor())).collect::<Vec<_>>(),
        });
        let notes = parent.annotations(format, &annotations.manifest)?;
        if !notes.is_empty() {
            manifest["annotations"] = json!(notes);
        }
        let manifest = Blob::from_bytes(format.manifest(), manifest.to_string());
        Ok(Self { platform: parent.platform.clone(), config, manifest, layers: blobs, base_layers: layers })
    }
}

impl Parent {
    fn annotations(&self, format: Format, asked: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Error> {
        if format == Format::Docker {
            return if asked.is_empty() { Ok(BTreeMap::new()) } else { Err(Error::AnnotationsInDocker) };
        }
        let mut notes = BTreeMap::from([(annotation::BASE_DIGEST.to_owned(), self.digest.to_string())]);
        notes.extend(self.name.iter().map(|name| (annotation::BASE_NAME.to_owned(), name.clone())));
        notes.extend(asked.clone());
        Ok(notes)
    }
}

/// The images of all platforms under one digest.
///
/// An index is made even for one platform: Swarm ignores the architecture of a manifest that stands alone.
#[derive(Debug, Clone)]
pub struct ImageIndex {
    /// The images, in the order in which their platforms were asked for.
    pub images: Vec<Image>,
    /// Indexes within the index, which only images that are copied have.
    pub nested: Vec<Blob>,
    /// The index; of an image that is copied it may be the one manifest.
    pub index: Blob,
    /// What refers to the index, to its parts or to one another, which only images that are copied have; a referrer comes after what
    /// it refers to.
    pub referrers: Vec<Referrer>,
}

/// A signature, an SBOM or another artifact that names an image as its `subject`.
#[derive(Debug, Clone)]
pub struct Referrer {
    /// What it refers to.
    pub subject: Digest,
    /// The artifact. Its index, mostly the one manifest, is under the descriptor that lists of referrers hold.
    pub artifact: ImageIndex,
}

impl ImageIndex {
    /// Lists `images`.
    ///
    /// # Errors
    /// When annotations are asked of a Docker manifest list.
    pub fn compose(images: Vec<Image>, format: Format, annotations: &Annotations) -> Result<Self, Error> {
        let entry = |image: &Image| written(&image.manifest.descriptor().clone().with_platform(image.platform.clone()));
        let mut index = json!({
            "schemaVersion": 2,
            "mediaType": format.index(),
            "manifests": images.iter().map(entry).collect::<Vec<_>>(),
        });
        if !annotations.index.is_empty() {
            if format == Format::Docker {
                return Err(Error::AnnotationsInDocker);
            }
            index["annotations"] = json!(annotations.index);
        }
        let index = Blob::from_bytes(format.index(), index.to_string());
        Ok(Self { images, nested: Vec::new(), index, referrers: Vec::new() })
    }

    /// Itself, and the artifacts that refer to it.
    pub fn with_referrers(&self) -> impl Iterator<Item = &Self> {
        [self].into_iter().chain(self.referrers.iter().map(|referrer| &referrer.artifact))
    }

    /// The digest that names the whole image.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        self.index.digest()
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "oci" => Ok(Self::Oci),
            "docker" => Ok(Self::Docker),
            _ => Err(Error::Format(text.to_owned())),
        }
    }
}

impl Format {
    /// The format of a document.
    #[must_use]
    pub const fn of(media_type: &MediaType) -> Self {
        match media_type {
            MediaType::DockerIndex | MediaType::DockerManifest => Self::Docker,
            _ => Self::Oci,
        }
    }

    const fn index(self) -> MediaType {
        match self {
            Self::Oci => MediaType::OciIndex,
            Self::Docker => MediaType::DockerIndex,
        }
    }

    const fn manifest(self) -> MediaType {
        match self {
            Self::Oci => MediaType::OciManifest,
            Self::Docker => MediaType::DockerManifest,
        }
    }

    const fn config(self) -> MediaType {
        match self {
            Self::Oci => MediaType::OciConfig,
            Self::Docker => MediaType::DockerConfig,
        }
    }

    /// The same bytes under this format's media type.
    fn retype(self, blob: Blob) -> Result<Blob, Error> {
        let media_type = self.layer_type(&blob.descriptor().media_type)?;
        Ok(if media_type == blob.descriptor().media_type { blob } else { blob.with_media_type(media_type) })
    }

    fn layer_type(self, found: &MediaType) -> Result<MediaType, Error> {
        let unknown = || Error::LayerType(found.to_string());
        let compression = found.layer_compression().ok_or_else(unknown)?;
        Ok(match (self, found.is_nondistributable(), compression) {
            (Self::Oci, false, compression) => MediaType::OciLayer(compression),
            (Self::Oci, true, compression) => MediaType::OciForeignLayer(compression),
            (Self::Docker, false, compression) => MediaType::DockerLayer(compression),
            (Self::Docker, true, Compression::Gzip) => MediaType::DockerForeignLayer,
            (Self::Docker, true, _) => return Err(unknown()),
        })
    }
}

/// A descriptor as a manifest holds it. What a registry said about a blob elsewhere (annotations, `data`) stays behind,
/// except the addresses of a layer that is not distributed.
fn written(descriptor: &Descriptor) -> Value {
    let plain = Descriptor { annotations: Map::new(), rest: Map::new(), ..descriptor.clone() };
    // A descriptor is made of strings and numbers; it always has a JSON form.
    serde_json::to_value(plain).unwrap_or_default()
}
