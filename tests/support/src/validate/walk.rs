//! From the index down: fetches, checks each descriptor against the bytes, and hands the pieces to the other rules.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{
    Source, Tree, Validator, config, decompress,
    report::{CheckedLayer, CheckedPlatform, Report},
    rules,
};
use crate::{archive, base::Format, digest::sha256};

pub(super) fn index(validator: &Validator, source: &impl Source, digest: &str) -> Report {
    let mut walk = Walk { validator, source, report: Report::default() };
    walk.index(digest);
    walk.report
}

struct Walk<'a, S> {
    validator: &'a Validator,
    source: &'a S,
    report: Report,
}

impl<S: Source> Walk<'_, S> {
    fn index(&mut self, digest: &str) {
        let place = format!("index {digest}");
        let Some(bytes) = self.fetch(&place, digest, None) else { return };
        let Some(index) = self.parse(&place, &bytes) else { return };
        let Some(format) = [Format::Oci, Format::Docker].into_iter().find(|format| index["mediaType"] == format.index()) else {
            return self.report.problem(&place, format!("its media type is {}, which is no index", index["mediaType"]));
        };
        self.version(&place, &index);
        if index.get("layers").is_some() || index.get("config").is_some() {
            self.report.problem(&place, "it is index and manifest at once");
        }
        let children = index["manifests"].as_array().cloned().unwrap_or_default();
        if children.is_empty() {
            self.report.problem(&place, "it has no manifests");
        }
        let mut platforms = BTreeSet::new();
        for child in &children {
            let platform = platform_name(&child["platform"]);
            if !platforms.insert(platform.clone()) && platform != "unknown/unknown" {
                self.report.problem(&place, format!("it has `{platform}` twice"));
            }
            if self.validator.judges_layers && platform == "unknown/unknown" {
                self.report.problem(&place, "it has an entry for `unknown/unknown`");
            }
            self.child(format, &platform, child);
        }
        self.report.index = index;
    }

    fn child(&mut self, format: Format, platform: &str, descriptor: &Value) {
        if platform == "unknown/unknown" {
            let _ = self.described(platform, descriptor);
            return;
        }
        if !self.validator.judges_layers && descriptor["mediaType"] == format.index() {
            return self.nested(format, descriptor);
        }
        self.media_type(platform, descriptor, format.manifest());
        let Some(bytes) = self.described(platform, descriptor) else { return };
        let Some(manifest) = self.parse(platform, &bytes) else { return };
        self.version(platform, &manifest);
        self.media_type(platform, &manifest, format.manifest());
        if manifest.get("manifests").is_some() {
            self.report.problem(platform, "it is index and manifest at once");
        }
        let place = format!("{platform} config");
        self.media_type(&place, &manifest["config"], format.config());
        let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
        let config = self.described(&place, &manifest["config"]).and_then(|bytes| self.parse(&place, &bytes)).unwrap_or_default();
        for what in config::problems(&config, &descriptor["platform"], layers.len()) {
            self.report.problem(&place, what);
        }
        let layers = self.layers(format, platform, &layers, &config);
        let digest = descriptor["digest"].as_str().unwrap_or_default().to_owned();
        self.report.platforms.push(CheckedPlatform { platform: platform.into(), digest, manifest, config, layers });
    }

    /// An index in an index, which bases may have.
    fn nested(&mut self, format: Format, descriptor: &Value) {
        let place = "nested index";
        let index = self.described(place, descriptor).and_then(|bytes| self.parse(place, &bytes)).unwrap_or_default();
        self.media_type(place, &index, format.index());
        for child in index["manifests"].as_array().into_iter().flatten() {
            self.child(format, &platform_name(&child["platform"]), child);
        }
    }

    fn layers(&mut self, format: Format, platform: &str, descriptors: &[Value], config: &Value) -> Vec<CheckedLayer> {
        let mut layers = Vec::new();
        let mut root = Tree::default();
        for (number, descriptor) in descriptors.iter().enumerate() {
            let place = format!("{platform} layer {number}");
            let judged = self.validator.judges_layers && number >= self.validator.base_layers;
            let diff_id = &config["rootfs"]["diff_ids"][number];
            if let Some(layer) = self.layer(format, &place, descriptor, diff_id, judged.then_some(&root)) {
                root.apply(&layer.tree);
                layers.push(layer);
            }
        }
        layers
    }

    /// One layer; it is held to the product's rules where the file system below it is given.
    fn layer(&mut self, format: Format, place: &str, descriptor: &Value, diff_id: &Value, below: Option<&Tree>) -> Option<CheckedLayer> {
        let media_type = descriptor["mediaType"].as_str().unwrap_or_default();
        let Some(compression) = decompress::compression_of(media_type) else {
            self.report.problem(place, format!("its media type `{media_type}` is no layer's"));
            return None;
        };
        self.media_type(place, descriptor, format.layer(compression));
        let blob = self.described(place, descriptor)?;
        let archive = match decompress::archive(&blob, compression) {
            Ok(archive) => archive,
            Err(what) => {
                self.report.problem(place, what);
                return None;
            }
        };
        let actual = sha256(&archive);
        if *diff_id != actual.as_str() {
            self.report.problem(place, format!("its archive has the digest {actual}, the diff id is {diff_id}"));
        }
        let members = archive::members(&archive).unwrap_or_else(|what| {
            self.report.problem(place, format!("its archive: {what}"));
            Vec::new()
        });
        if let Some(below) = below {
            for what in decompress::impurities(&blob, compression) {
                self.report.problem(place, what);
            }
            rules::judge(self.validator, &mut self.report, place, &members, below);
        }
        let digest = descriptor["digest"].as_str().unwrap_or_default().to_owned();
        let tree = Tree::new(&members);
        Some(CheckedLayer { digest, diff_id: actual, media_type: media_type.into(), size: blob.len(), judged: below.is_some(), tree })
    }

    /// The bytes that a descriptor names, when they are there.
    fn described(&mut self, place: &str, descriptor: &Value) -> Option<Vec<u8>> {
        let Some(digest) = descriptor["digest"].as_str() else {
            self.report.problem(place, "its descriptor has no digest");
            return None;
        };
        let Some(size) = descriptor["size"].as_u64() else {
            self.report.problem(place, "its descriptor has no size");
            return None;
        };
        self.fetch(place, digest, Some(size))
    }

    fn fetch(&mut self, place: &str, digest: &str, size: Option<u64>) -> Option<Vec<u8>> {
        let bytes = match self.source.fetch(digest) {
            Ok(bytes) => bytes,
            Err(reason) => {
                self.report.problem(place, format!("`{digest}`: {reason}"));
                return None;
            }
        };
        let actual = sha256(&bytes);
        if actual != digest {
            self.report.problem(place, format!("its digest is {actual}, its descriptor says {digest}"));
        }
        if size.is_some_and(|size| size != bytes.len() as u64) {
            self.report.problem(place, format!("its size is {}, its descriptor says {}", bytes.len(), size.unwrap_or_default()));
        }
        Some(bytes)
    }

    fn parse(&mut self, place: &str, bytes: &[u8]) -> Option<Value> {
        serde_json::from_slice(bytes).map_err(|error| self.report.problem(place, format!("is no JSON: {error}"))).ok()
    }

    fn version(&mut self, place: &str, document: &Value) {
        if document["schemaVersion"] != 2 {
            self.report.problem(place, format!("its `schemaVersion` is {}", document["schemaVersion"]));
        }
    }

    fn media_type(&mut self, place: &str, value: &Value, expected: &str) {
        if value["mediaType"] != expected {
            self.report.problem(place, format!("its media type is {} instead of `{expected}`", value["mediaType"]));
        }
    }
}

/// `os/architecture[/variant]`.
fn platform_name(platform: &Value) -> String {
    let part = |key| platform[key].as_str().unwrap_or_default();
    let name = format!("{}/{}", part("os"), part("architecture"));
    if part("variant").is_empty() { name } else { format!("{name}/{}", part("variant")) }
}
