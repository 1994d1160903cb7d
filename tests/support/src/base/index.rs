//! Platforms under one index: plain, nested, or with the attestation entries that Docker Hub shows.

use serde_json::{Value, json};

use super::{Format, Image, PlatformImage};
use crate::{digest::sha256, elf::RunnableMachine};

/// A base image that is still to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Base {
    platforms: Vec<PlatformImage>,
    format: Format,
    attestations: bool,
    nested: bool,
}

impl Base {
    /// A base without platforms, in OCI media types.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A JDK 17.0.12 for `linux/amd64` and `linux/arm64/v8`.
    #[must_use]
    pub fn java() -> Self {
        Self::new().platform(PlatformImage::java("linux/amd64", RunnableMachine::Amd64, "17.0.12")).platform(PlatformImage::java(
            "linux/arm64/v8",
            RunnableMachine::Arm64,
            "17.0.12",
        ))
    }

    /// Adds a platform's image.
    #[must_use]
    pub fn platform(mut self, platform: PlatformImage) -> Self {
        self.platforms.push(platform);
        self
    }

    /// Sets the family of the media types.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = format;
        self
    }

    /// Adds an attestation entry behind the platforms for each of them, with platform `unknown/unknown`, as BuildKit
    /// pushes them.
    #[must_use]
    pub fn attestations(mut self) -> Self {
        self.attestations = true;
        self
    }

    /// Puts the index into another one, whose only entry it is.
    #[must_use]
    pub fn nested(mut self) -> Self {
        self.nested = true;
        self
    }

    /// The whole image.
    #[must_use]
    pub fn build(&self) -> Image {
        let mut image = Image::default();
        let mut children: Vec<Value> = self.platforms.iter().map(|platform| self.child(&mut image, platform)).collect();
        if self.attestations {
            let entries: Vec<Value> = children.iter().map(|child| attestation(&mut image, child)).collect();
            children.extend(entries);
        }
        let mut root = self.index(&mut image, &children);
        if self.nested {
            root = self.index(&mut image, &[root]);
        }
        image.root = root;
        image
    }

    /// One platform's image alone, without an index; `None` when there is no such platform.
    #[must_use]
    pub fn build_single(&self, number: usize) -> Option<Image> {
        let mut image = Image::default();
        let mut root = self.child(&mut image, self.platforms.get(number)?);
        if let Value::Object(descriptor) = &mut root {
            descriptor.shift_remove("platform");
        }
        image.root = root;
        Some(image)
    }

    fn index(&self, image: &mut Image, children: &[Value]) -> Value {
        let media_type = self.format.index();
        image.put_document(media_type, &json!({"schemaVersion": 2, "mediaType": media_type, "manifests": children}))
    }

    fn child(&self, image: &mut Image, platform: &PlatformImage) -> Value {
        let layers: Vec<Value> =
            platform.layers().iter().map(|layer| image.put_blob(self.format.layer(layer.compressed_with()), layer.blob())).collect();
        let config = image.put_blob(self.format.config(), platform.config());
        let media_type = self.format.manifest();
        let manifest = json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": layers});
        let mut descriptor = image.put_document(media_type, &manifest);
        descriptor["platform"] = platform.descriptor_platform();
        descriptor
    }
}

/// BuildKit's attestation manifest for a child: an in-toto statement as its only layer.
fn attestation(image: &mut Image, child: &Value) -> Value {
    let digest = child["digest"].as_str().unwrap_or_default();
    let predicate = "https://slsa.dev/provenance/v0.2";
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": predicate,
        "subject": [{"name": "fixture", "digest": {"sha256": digest.trim_start_matches("sha256:")}}],
        "predicate": {"builder": {"id": ""}, "buildType": "https://mobyproject.org/buildkit@v1"},
    });
    let statement = statement.to_string().into_bytes();
    let diff_ids = [sha256(&statement)];
    let mut layer = image.put_blob("application/vnd.in-toto+json", statement);
    layer["annotations"] = json!({"in-toto.io/predicate-type": predicate});
    let config = json!({"architecture": "unknown", "os": "unknown", "config": {}, "rootfs": {"type": "layers", "diff_ids": diff_ids}});
    let config = image.put_blob(Format::Oci.config(), config.to_string().into_bytes());
    let media_type = Format::Oci.manifest();
    let manifest = json!({"schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [layer]});
    let mut descriptor = image.put_document(media_type, &manifest);
    descriptor["annotations"] = json!({
        "vnd.docker.reference.digest": digest,
        "vnd.docker.reference.type": "attestation-manifest",
    });
    descriptor["platform"] = json!({"architecture": "unknown", "os": "unknown"});
    descriptor
}
