//! Judges a finished image without the product's code: digests, sizes, media types, configs, and the archive of every
//! layer by the rules that the product promises. Holds findings as values; refuses to stop at the first.

mod config;
mod decompress;
mod report;
mod rules;
mod source;
mod tree;
mod walk;

pub use report::{CheckedLayer, CheckedPlatform, Problem, Report};
pub use source::{Layout, Source};
pub use tree::{Node, NodeKind, Tree};

/// 1980-01-01 00:00:00 UTC, the time of the product's entries unless `--mtime` says otherwise.
pub const DEFAULT_MODIFIED: u64 = 315_532_800;

/// What an image is held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validator {
    base_layers: usize,
    judges_layers: bool,
    modified: u64,
    owner: (u64, u64),
    modes: Vec<(String, u32)>,
}

impl Validator {
    /// Holds every layer but the lowest `base_layers` to the product's rules for archives: sorted, unique, owned by 0:0,
    /// modes 0644 and 0755, one time, no names, USTAR, one clean gzip member. The base's layers are only checked against
    /// their digests and diff ids.
    #[must_use]
    pub fn new(base_layers: usize) -> Self {
        Self { base_layers, judges_layers: true, modified: DEFAULT_MODIFIED, owner: (0, 0), modes: Vec::new() }
    }

    /// Holds an image that somebody else made to the specification alone; attestation entries are no problem in it.
    #[must_use]
    pub fn of_base() -> Self {
        Self { judges_layers: false, ..Self::new(usize::MAX) }
    }

    /// Expects another time of every entry, in seconds since 1970.
    #[must_use]
    pub fn modified(mut self, seconds: u64) -> Self {
        self.modified = seconds;
        self
    }

    /// Expects another owner of every entry that is not a directory of the base.
    #[must_use]
    pub fn owner(mut self, uid: u64, gid: u64) -> Self {
        self.owner = (uid, gid);
        self
    }

    /// Expects another mode of one path, which has no leading slash.
    #[must_use]
    pub fn mode(mut self, path: &str, mode: u32) -> Self {
        self.modes.push((path.into(), mode));
        self
    }

    /// Walks the index with this digest and everything below it.
    #[must_use]
    pub fn check(&self, source: &impl Source, digest: &str) -> Report {
        walk::index(self, source, digest)
    }

    /// Walks the index that an OCI layout's `index.json` names `tag`.
    #[must_use]
    pub fn check_layout(&self, folder: &std::path::Path, tag: &str) -> Report {
        let layout = Layout::new(folder);
        match layout.digest(tag) {
            Ok(digest) => self.check(&layout, &digest),
            Err(reason) => Report::failed("index.json", reason),
        }
    }
}

#[cfg(test)]
mod tests;
