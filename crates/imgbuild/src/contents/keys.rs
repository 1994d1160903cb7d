//! The keys of a configuration, as paths. Values are kept as digests alone, to be compared and never to be shown.

use std::collections::BTreeMap;

use serde_json::Value;

use super::properties;
use crate::jar::Manifest;
use crate::oci::Digest;

/// Values nested deeper than this are compared as a whole.
const MAX_DEPTH: usize = 64;
/// Keys of one file that are told apart; a file with more is no configuration.
const MAX_KEYS: usize = 100_000;

/// The keys of a configuration file with the digests of their values.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Keys(BTreeMap<String, Digest>);

impl Keys {
    /// The keys of a YAML file: `server.port`, `servers[0].url`; `(2) server.port` for the second document.
    /// `None` where it is no valid YAML.
    #[must_use]
    pub fn of_yaml(text: &str) -> Option<Self> {
        let documents: Vec<Value> = serde_saphyr::from_multiple(text).ok()?;
        let mut keys = Self::default();
        for (number, document) in documents.iter().enumerate() {
            let prefix = if number == 0 { String::new() } else { format!("({}) ", number + 1) };
            keys.add(&prefix, prefix.len(), document, MAX_DEPTH)?;
        }
        Some(keys)
    }

    /// The keys of a properties file.
    #[must_use]
    pub fn of_properties(text: &str) -> Self {
        Self::of_pairs(properties::parse(text))
    }

    /// The attributes of the whole JAR that a manifest describes.
    #[must_use]
    pub fn of_manifest(manifest: &Manifest) -> Self {
        Self::of_pairs(manifest.main().iter().map(|(name, value)| (name.to_owned(), value.to_owned())))
    }

    /// Of two with one name the later counts.
    fn of_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key, Digest::of(value.as_bytes()))).collect())
    }

    /// The keys, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The digest of a key's value.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<&Digest> {
        self.0.get(key)
    }

    /// Adds what lies below `path`, whose first `start` bytes name the document.
    fn add(&mut self, path: &str, start: usize, value: &Value, depth: usize) -> Option<()> {
        match value {
            Value::Object(members) if !members.is_empty() && depth > 0 => members.iter().try_for_each(|(name, value)| {
                let dot = if path.len() > start { "." } else { "" };
                self.add(&format!("{path}{dot}{name}"), start, value, depth - 1)
            }),
            Value::Array(items) if !items.is_empty() && depth > 0 => {
                items.iter().enumerate().try_for_each(|(at, value)| self.add(&format!("{path}[{at}]"), start, value, depth - 1))
            }
            _ => {
                self.0.insert(path.to_owned(), Digest::of(value.to_string().as_bytes()));
                (self.0.len() <= MAX_KEYS).then_some(())
            }
        }
    }
}

/// Prints names alone: not even the digest of a short value should be seen.
impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(keys: &Keys) -> Vec<&str> {
        keys.names().collect()
    }

    #[test]
    fn nested_keys_and_lists_are_paths() {
        let yaml = "server:\n  port: 8080\n  hosts: [a, b]\nlist:\n- url: x\n  on: true\nempty: {}\n---\nserver:\n  port: 1\n";
        let keys = Keys::of_yaml(yaml).unwrap();
        let expected = ["(2) server.port", "empty", "list[0].on", "list[0].url", "server.hosts[0]", "server.hosts[1]", "server.port"];
        assert_eq!(names(&keys), expected);
        assert_ne!(keys.value("server.port"), keys.value("(2) server.port"));
    }

    #[test]
    fn a_text_differs_from_the_number_that_looks_like_it() {
        let value = |text| Keys::of_yaml(text).unwrap().value("a").cloned();
        assert_ne!(value("a: 1"), value("a: '1'"));
        assert_eq!(value("a: 1"), value("# comment\na:   1"));
    }

    #[test]
    fn no_value_is_printed_and_bad_yaml_has_no_keys() {
        let keys = Keys::of_properties("spring.password=CANARY");
        assert_eq!(names(&keys), ["spring.password"]);
        assert!(!format!("{keys:?}").contains("CANARY"));
        assert_eq!(Keys::of_yaml("a: [1,\n b: }"), None);
    }
}
