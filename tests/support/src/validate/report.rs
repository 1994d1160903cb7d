//! What a validator found: problems with their places, and what was in the image.

use std::fmt;

use serde_json::Value;

use super::Tree;

/// Something that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Platform, document, layer and path, as far as they are known.
    pub place: String,
    /// Which rule it breaks, and how.
    pub what: String,
}

/// The whole image with everything that is wrong about it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Everything that is wrong, in the order of the walk.
    pub problems: Vec<Problem>,
    /// The index as it was parsed.
    pub index: Value,
    /// The platforms in the index's order, without attestations.
    pub platforms: Vec<CheckedPlatform>,
}

/// One platform's image.
#[derive(Clone, Debug)]
pub struct CheckedPlatform {
    /// `os/architecture[/variant]` as the index says it.
    pub platform: String,
    /// The manifest's digest.
    pub digest: String,
    /// The manifest as it was parsed.
    pub manifest: Value,
    /// The config as it was parsed.
    pub config: Value,
    /// The layers from the bottom to the top.
    pub layers: Vec<CheckedLayer>,
}

/// One layer.
#[derive(Clone, Debug)]
pub struct CheckedLayer {
    /// Digest of the blob.
    pub digest: String,
    /// Digest of the archive in it.
    pub diff_id: String,
    /// Media type.
    pub media_type: String,
    /// Bytes of the blob.
    pub size: usize,
    /// Whether it was held to the product's rules.
    pub judged: bool,
    /// What the archive holds.
    pub tree: Tree,
}

impl Report {
    pub(super) fn failed(place: &str, what: String) -> Self {
        let mut report = Self::default();
        report.problem(place, what);
        report
    }

    pub(super) fn problem(&mut self, place: &str, what: impl Into<String>) {
        self.problems.push(Problem { place: place.into(), what: what.into() });
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.problems.is_empty()
    }

    /// The report itself, or its text when something is wrong: `validator.check(…).into_result()?`.
    ///
    /// # Errors
    /// All problems, one a line.
    pub fn into_result(self) -> Result<Self, String> {
        if self.is_valid() { Ok(self) } else { Err(self.to_string()) }
    }

    /// The image of a platform, named as in the index.
    #[must_use]
    pub fn platform(&self, name: &str) -> Option<&CheckedPlatform> {
        self.platforms.iter().find(|platform| platform.platform == name)
    }
}

impl CheckedPlatform {
    /// The file system that a container starts with: the layers applied from the bottom to the top.
    #[must_use]
    pub fn root(&self) -> Tree {
        let mut root = Tree::default();
        for layer in &self.layers {
            root.apply(&layer.tree);
        }
        root
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.place, self.what)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for platform in &self.platforms {
            writeln!(formatter, "{} {}", platform.platform, platform.digest)?;
            for layer in &platform.layers {
                let entries = layer.tree.nodes().count();
                writeln!(formatter, "  {} {} bytes, {entries} entries", layer.digest, layer.size)?;
            }
        }
        match self.problems.len() {
            0 => formatter.write_str("no problems"),
            count => {
                write!(formatter, "{count} problems")?;
                self.problems.iter().try_for_each(|problem| write!(formatter, "\n  {problem}"))
            }
        }
    }
}
