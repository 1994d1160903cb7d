//! What an overlay was computed from: values of the base that are now part of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Config;

/// What runs a command in shell form where the image names no SHELL (Dockerfile reference, "SHELL").
pub const DEFAULT_SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// Values of the base that became part of an overlay, such as the `PATH` of `ENV PATH=$PATH:/opt/bin`. On a base with
/// other values the overlay would be another.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Assumed {
    /// Variables, with `None` for those that the base does not set.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, Option<String>>,
    /// The base's working directory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub working_dir: Option<String>,
    /// What runs the base's commands in shell form.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<Vec<String>>,
}

impl Assumed {
    /// Whether nothing of the base was used.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.env.is_empty() && self.working_dir.is_none() && self.shell.is_none()
    }

    /// The first value that is another one in `base`: its name, without the value.
    #[must_use]
    pub fn differs_from(&self, base: &Config) -> Option<String> {
        let env = self.env.iter().find(|(name, value)| base.env(name) != value.as_deref()).map(|(name, _)| format!("${name}"));
        let working_dir = self.working_dir.as_ref().filter(|path| *path != base.working_dir()).map(|_| "WORKDIR".to_owned());
        let shell = self.shell.as_ref().filter(|shell| **shell != base.shell()).map(|_| "SHELL".to_owned());
        env.or(working_dir).or(shell)
    }

    /// Both together.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.env.extend(other.env);
        Self { working_dir: self.working_dir.or(other.working_dir), shell: self.shell.or(other.shell), ..self }
    }
}
