//! What else differs in configurations, manifests and indexes: which part, never its value.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Change;
use super::settings::COMPARED;
use crate::image::Config;
use crate::oci::{Document, annotation};
use crate::source::PlatformImage;

/// Parts of a configuration that are compared elsewhere.
const CONFIG_ELSEWHERE: [&str; 4] = ["config", "rootfs", "history", "created"];
/// Annotations that say what a change of the base says.
const BASE: [&str; 2] = [annotation::BASE_NAME, annotation::BASE_DIGEST];

/// What differs between two configurations and nobody else compares.
pub(super) fn of_configs(left: &Config, right: &Config) -> Vec<Change> {
    let parts = parts(left.raw(), right.raw(), "", &CONFIG_ELSEWHERE);
    let empty = Map::new();
    let runtime = |config: &Config| config.raw().get("config").and_then(Value::as_object).unwrap_or(&empty).clone();
    let more = self::parts(&runtime(left), &runtime(right), "config.", &COMPARED);
    let history = (steps(left) != steps(right)).then(|| "history".to_owned());
    parts.into_iter().chain(more).chain(history).map(|part| Change::Document { document: "config", part }).collect()
}

/// What differs between two manifests beside their configurations and the digests of their layers.
pub(super) fn of_manifests(left: &PlatformImage, right: &PlatformImage) -> Vec<Change> {
    let read = |image: &PlatformImage| serde_json::from_slice::<Map<String, Value>>(image.manifest.raw()).unwrap_or_default();
    let (one, other) = (read(left), read(right));
    let mut found = parts(&one, &other, "", &["config", "layers", "annotations"]);
    let empty = Map::new();
    let notes = |document: &Map<String, Value>| document.get("annotations").and_then(Value::as_object).unwrap_or(&empty).clone();
    found.extend(parts(&notes(&one), &notes(&other), "annotations.", &BASE));
    let types = |image: &PlatformImage| image.layers.iter().map(|layer| layer.descriptor().media_type.clone()).collect::<Vec<_>>();
    if left.layers.len() == right.layers.len() && types(left) != types(right) {
        found.push("layers.mediaType".to_owned());
    }
    found.into_iter().map(|part| Change::Document { document: "manifest", part }).collect()
}

/// What differs between two documents whose images are the same.
pub(super) fn of_roots(left: &Document, right: &Document) -> Vec<Change> {
    let read = |document: &Document| serde_json::from_slice::<Map<String, Value>>(document.raw()).unwrap_or_default();
    let mut found = parts(&read(left), &read(right), "", &[]);
    if found.is_empty() {
        found.push("formatting".to_owned());
    }
    found.into_iter().map(|part| Change::Document { document: "index", part }).collect()
}

/// The steps of a history without their times.
fn steps(config: &Config) -> Vec<Map<String, Value>> {
    let history = config.raw().get("history").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    history
        .map(|step| step.iter().filter(|(key, _)| *key != "created").map(|(key, value)| (key.clone(), value.clone())).collect())
        .collect()
}

/// The names of members that differ, except those of `elsewhere`.
fn parts(left: &Map<String, Value>, right: &Map<String, Value>, path: &str, elsewhere: &[&str]) -> Vec<String> {
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let names = names.into_iter().filter(|name| !elsewhere.contains(&name.as_str()));
    // A member that is null is none.
    let value = |map: &Map<String, Value>, name: &String| map.get(name).filter(|value| !value.is_null()).cloned();
    names.filter(|name| value(left, name) != value(right, name)).map(|name| format!("{path}{name}")).collect()
}
