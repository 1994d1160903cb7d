//! One platform's image of a base: its layers and a config that may hold keys which the specification does not know.

use serde_json::{Map, Value, json};

use super::Layer;
use crate::digest::sha256;

/// When everything in a base was made: 2025-01-01.
pub(super) const CREATED: &str = "2025-01-01T00:00:00Z";
/// The same in seconds since 1970.
pub(super) const MODIFIED: u64 = 1_735_689_600;

/// A platform's image that is still to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct PlatformImage {
    platform: Map<String, Value>,
    claimed: Option<Map<String, Value>>,
    layers: Vec<Layer>,
    settings: Map<String, Value>,
    keys: Map<String, Value>,
    history: Option<Value>,
}

impl PlatformImage {
    /// An image without layers for `os/architecture[/variant]`.
    #[must_use]
    pub fn new(platform: &str) -> Self {
        Self { platform: platform_of(platform), claimed: None, layers: Vec::new(), settings: Map::new(), keys: Map::new(), history: None }
    }

    /// Adds a layer on top.
    #[must_use]
    pub fn layer(mut self, layer: Layer) -> Self {
        self.layers.push(layer);
        self
    }

    /// Sets a key of the config's `config` object: `Env`, `Cmd`, `Healthcheck`, `OnBuild`, `Shell`, or one that
    /// nobody knows.
    #[must_use]
    pub fn setting(mut self, key: &str, value: Value) -> Self {
        self.settings.insert(key.into(), value);
        self
    }

    /// Sets a key beside `config`, such as `created`, `author` or one that nobody knows.
    #[must_use]
    pub fn key(mut self, key: &str, value: Value) -> Self {
        self.keys.insert(key.into(), value);
        self
    }

    /// Sets `os.version` in config and index, as Windows images have it.
    #[must_use]
    pub fn os_version(mut self, version: &str) -> Self {
        self.platform.insert("os.version".into(), version.into());
        self
    }

    /// Sets `os.features` in config and index.
    #[must_use]
    pub fn os_features(mut self, features: &[&str]) -> Self {
        self.platform.insert("os.features".into(), json!(features));
        self
    }

    /// Lets the index claim another platform than the config.
    #[must_use]
    pub fn claimed_as(mut self, platform: &str) -> Self {
        self.claimed = Some(platform_of(platform));
        self
    }

    /// Replaces the history, which otherwise has one entry per layer and an empty one for `CMD`.
    #[must_use]
    pub fn history(mut self, history: Value) -> Self {
        self.history = Some(history);
        self
    }

    /// The layers from the bottom to the top.
    #[must_use]
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The platform object of the index's descriptor.
    pub(super) fn descriptor_platform(&self) -> Value {
        Value::Object(self.claimed.clone().unwrap_or_else(|| self.platform.clone()))
    }

    /// The config's bytes.
    #[must_use]
    pub fn config(&self) -> Vec<u8> {
        let mut config = Map::new();
        config.insert("created".into(), CREATED.into());
        config.extend(self.platform.clone());
        config.insert("config".into(), Value::Object(self.settings.clone()));
        let diff_ids: Vec<String> = self.layers.iter().map(|layer| sha256(&layer.archive())).collect();
        config.insert("rootfs".into(), json!({"type": "layers", "diff_ids": diff_ids}));
        config.insert("history".into(), self.history.clone().unwrap_or_else(|| self.usual_history()));
        config.extend(self.keys.clone());
        Value::Object(config).to_string().into_bytes()
    }

    fn usual_history(&self) -> Value {
        let mut history: Vec<Value> = (1..=self.layers.len())
            .map(|number| json!({"created": CREATED, "created_by": format!("ADD layer-{number}.tar / # fixture")}))
            .collect();
        if let Some(command) = self.settings.get("Cmd") {
            history.push(json!({"created": CREATED, "created_by": format!("CMD {command}"), "empty_layer": true}));
        }
        Value::Array(history)
    }
}

/// `os/architecture[/variant]` as the object of a descriptor (image-spec image-index.md).
fn platform_of(text: &str) -> Map<String, Value> {
    let mut parts = text.splitn(3, '/');
    let mut platform = Map::new();
    let os = parts.next().unwrap_or_default();
    platform.insert("architecture".into(), parts.next().unwrap_or_default().into());
    platform.insert("os".into(), os.into());
    if let Some(variant) = parts.next() {
        platform.insert("variant".into(), variant.into());
    }
    platform
}
