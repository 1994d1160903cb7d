//! What differs, as values that serialise.

use std::fmt;

use serde::Serialize;
use serde::ser::{SerializeSeq as _, Serializer};

use super::Change;
use super::documents;
use crate::inspect::Opened;
use crate::oci::{Digest, Platform};
use crate::source::PlatformImage;

/// What differs between two images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Difference {
    /// What was.
    pub left: Side,
    /// What is.
    pub right: Side,
    /// Whether both have the same digest.
    pub same: bool,
    /// What it comes to.
    pub verdict: Verdict,
    /// The platforms that both have.
    pub platforms: Vec<PlatformDifference>,
    /// Platforms that only the left one has.
    pub removed_platforms: Vec<Platform>,
    /// Platforms that only the right one has.
    pub added_platforms: Vec<Platform>,
    /// What differs in the indexes themselves.
    #[serde(serialize_with = "with_reasons")]
    pub index: Vec<Change>,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Side {
    /// Where it is.
    pub reference: String,
    /// The digest of what is there.
    pub digest: Digest,
}

/// What differs between the images of one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlatformDifference {
    /// The platform.
    pub platform: Platform,
    /// The digest of the left manifest.
    pub left: Digest,
    /// The digest of the right manifest.
    pub right: Digest,
    /// What it comes to.
    pub verdict: Verdict,
    /// How many layers both have, which were not read.
    pub shared_layers: usize,
    /// How many layers differ and were not looked into.
    pub unread_layers: usize,
    /// What differs, in the order of what matters.
    #[serde(serialize_with = "with_reasons")]
    pub changes: Vec<Change>,
}

/// What a comparison comes to, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Byte for byte the same.
    Same,
    /// Only documents differ, in parts that change nothing in a container.
    OnlyDocuments,
    /// Only times differ.
    OnlyTimestamps,
    /// The same content, packed or compressed differently.
    OnlyPacking,
    /// Only what a build writes about itself differs, and with it times.
    OnlyBuildInfo,
    /// Something differs that a container can notice.
    Different,
}

impl Difference {
    /// Both are one.
    pub(super) fn none(left: &Opened, right: &Opened) -> Self {
        Self::new(left, right, left.images.iter().map(PlatformDifference::none).collect())
    }

    pub(super) fn new(left: &Opened, right: &Opened, platforms: Vec<PlatformDifference>) -> Self {
        let same = left.digest() == right.digest();
        let missing = |from: &Opened, to: &Opened| {
            let has = |wanted: &Platform| to.images.iter().any(|image| image.platform.matches(wanted) || wanted.matches(&image.platform));
            from.images.iter().map(|image| image.platform.clone()).filter(|platform| !has(platform)).collect::<Vec<_>>()
        };
        let (removed_platforms, added_platforms) = (missing(left, right), missing(right, left));
        let are_platforms_same = platforms.iter().all(|platform| platform.verdict == Verdict::Same);
        let is_index_alone = are_platforms_same && removed_platforms.is_empty() && added_platforms.is_empty();
        let index = if same || !is_index_alone { Vec::new() } else { documents::of_roots(&left.root, &right.root) };
        let of_platforms = platforms.iter().map(|platform| platform.verdict);
        let of_index = index.iter().map(Change::verdict);
        let verdict = of_platforms.chain(of_index).max().unwrap_or(Verdict::Same);
        let is_one_more = !removed_platforms.is_empty() || !added_platforms.is_empty();
        Self {
            left: Side { reference: left.location.to_string(), digest: left.digest().clone() },
            right: Side { reference: right.location.to_string(), digest: right.digest().clone() },
            same,
            verdict: if is_one_more { Verdict::Different } else { verdict },
            platforms,
            removed_platforms,
            added_platforms,
            index,
        }
    }
}

impl PlatformDifference {
    fn none(image: &PlatformImage) -> Self {
        let digest = image.manifest.descriptor().digest.clone();
        Self {
            platform: image.platform.clone(),
            left: digest.clone(),
            right: digest,
            verdict: Verdict::Same,
            shared_layers: image.layers.len(),
            unread_layers: 0,
            changes: Vec::new(),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Same => "the same",
            Self::OnlyDocuments => "only documents differ, in parts that change nothing in a container",
            Self::OnlyTimestamps => "only timestamps differ",
            Self::OnlyPacking => "the same content, packed or compressed differently",
            Self::OnlyBuildInfo => "only build information (build-info.properties, git.properties) differs",
            Self::Different => "different",
        })
    }
}

/// Each change with the reason why it matters.
fn with_reasons<S: Serializer>(changes: &[Change], serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Explained<'a> {
        #[serde(flatten)]
        change: &'a Change,
        why: &'static str,
    }
    let mut list = serializer.serialize_seq(Some(changes.len()))?;
    for change in changes {
        list.serialize_element(&Explained { change, why: change.why() })?;
    }
    list.end()
}
