//! What the two configurations ask a container runtime to do.

use std::collections::BTreeMap;

use serde_json::Value;

use super::change::{Change, Setting, State};
use crate::image::{Config, RECORD_LABEL};
use crate::inspect::Settings;
use crate::oci::{Digest, annotation};
use crate::source::PlatformImage;

/// What differs in environment, labels and settings.
pub(super) fn compare(left: &Config, right: &Config) -> Vec<Change> {
    let (one, other) = (Settings::of(left), Settings::of(right));
    let mut changes = Vec::new();
    let env = named(&env(left), &env(right));
    changes.extend(env.into_iter().map(|(name, state)| Change::Env { name, state }));
    let words = |words: &[String]| if words.is_empty() { String::new() } else { serde_json::json!(words).to_string() };
    let list = |words: &[String]| words.join(", ");
    // Compared as they are and shown without what looks secret.
    let table = [
        (Setting::Entrypoint, "Entrypoint", words(&one.entrypoint), words(&other.entrypoint)),
        (Setting::Cmd, "Cmd", words(&one.cmd), words(&other.cmd)),
        (Setting::User, "User", one.user, other.user),
        (Setting::WorkingDir, "WorkingDir", one.working_dir, other.working_dir),
        (Setting::Ports, "ExposedPorts", list(&one.exposed_ports), list(&other.exposed_ports)),
        (Setting::Volumes, "Volumes", list(&one.volumes), list(&other.volumes)),
        (Setting::Healthcheck, "Healthcheck", words(&one.healthcheck), words(&other.healthcheck)),
        (Setting::StopSignal, "StopSignal", one.stop_signal, other.stop_signal),
    ];
    for (setting, key, from, to) in table {
        if given(left, key) != given(right, key) {
            changes.push(Change::Setting { setting, from, to });
        }
    }
    let labels = named(&labels(left), &labels(right));
    changes.extend(labels.into_iter().map(|(name, state)| Change::Label { name, state }));
    changes
}

/// The base that both name, where it is not the same.
pub(super) fn base(left: &PlatformImage, right: &PlatformImage) -> Option<Change> {
    let (from, to) = (named_base(left), named_base(right));
    (from != to).then_some(Change::Base { from, to })
}

/// Keys of the runtime part that are compared here.
pub(super) const COMPARED: [&str; 10] =
    ["Env", "Labels", "Entrypoint", "Cmd", "User", "WorkingDir", "ExposedPorts", "Volumes", "Healthcheck", "StopSignal"];

/// A value as it was given; empty ones are none.
fn given<'a>(config: &'a Config, key: &str) -> Option<&'a Value> {
    config.runtime(key).filter(|value| match value {
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        Value::Object(map) => !map.is_empty(),
        _ => true,
    })
}

fn named_base(image: &PlatformImage) -> Option<String> {
    let record = image.config.record();
    let note = |key: &str| image.manifest.annotation(key).map(str::to_owned);
    let name = record.as_ref().and_then(|record| record.base.clone()).or_else(|| note(annotation::BASE_NAME));
    let digest = record.map(|record| record.base_digest.to_string()).or_else(|| note(annotation::BASE_DIGEST));
    match (name, digest) {
        (Some(name), Some(digest)) if name.contains('@') => Some(if name.ends_with(&digest) { name } else { format!("{name} ({digest})") }),
        (Some(name), Some(digest)) => Some(format!("{name}@{digest}")),
        (name, digest) => name.or(digest),
    }
}

fn env(config: &Config) -> BTreeMap<String, Digest> {
    let entries = config.runtime("Env").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let pair = |entry: &str| {
        let (name, value) = entry.split_once('=').unwrap_or((entry, ""));
        (name.to_owned(), Digest::of(value.as_bytes()))
    };
    entries.map(pair).collect()
}

fn labels(config: &Config) -> BTreeMap<String, Digest> {
    let labels = config.runtime("Labels").and_then(Value::as_object).into_iter().flatten();
    let labels = labels.filter(|(name, _)| *name != RECORD_LABEL);
    labels.map(|(name, value)| (name.clone(), Digest::of(value.to_string().as_bytes()))).collect()
}

fn named(left: &BTreeMap<String, Digest>, right: &BTreeMap<String, Digest>) -> Vec<(String, State)> {
    let of_left = left.iter().filter_map(|(name, value)| match right.get(name) {
        None => Some((name.clone(), State::Removed)),
        Some(other) if other != value => Some((name.clone(), State::Changed)),
        Some(_) => None,
    });
    let added = right.keys().filter(|name| !left.contains_key(*name)).map(|name| (name.clone(), State::Added));
    of_left.chain(added).collect()
}
