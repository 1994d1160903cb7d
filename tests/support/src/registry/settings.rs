//! The habits of a registry that the specification leaves open.

use std::collections::BTreeSet;

/// How the `Location` of an upload session is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UploadLocation {
    /// An absolute URL with a `_state` query that later requests must bring back, as distribution does.
    #[default]
    AbsoluteWithQuery,
    /// An absolute URL without a query.
    Absolute,
    /// A path without scheme and host.
    Relative,
    /// A path with a `_state` query.
    RelativeWithQuery,
    /// A URL on the storage server (another port), with a signature in its query.
    OtherHost,
}

/// How the registry refuses to move a tag that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImmutableTags {
    /// 403 `DENIED`.
    DockerHub,
    /// 412 `PRECONDITION`.
    Harbor,
    /// 400 `TAG_INVALID`, also when the tag already has the pushed digest.
    Ecr,
}

/// Something that this registry does and others do not; see [`Builder::without`](super::Builder::without).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// The referrers API and `OCI-Subject`; clients keep the fallback tag where it is missing.
    Referrers,
    /// Mounts; without them a mount opens an upload session.
    Mounts,
    /// Mounts without `from=`.
    AnonymousMounts,
    /// A POST that brings the whole blob; without it a session is opened.
    SinglePost,
    /// `Range` on blobs; without it the whole blob is answered.
    Ranges,
    /// Deletion of blobs, manifests and tags; without it 405 is answered.
    Deletes,
    /// `Docker-Content-Digest` with pulled blobs and manifests.
    DigestHeader,
    /// Repositories that come to be when something is pushed; without it 404 `NAME_UNKNOWN`, as with ECR.
    NewRepositories,
    /// Refusal of an index whose manifests are missing.
    ChildCheck,
}

/// What this registry does where registries differ.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) missing: BTreeSet<Feature>,
    pub(super) upload_location: UploadLocation,
    pub(super) immutable_tags: Option<ImmutableTags>,
    pub(super) referrers_page: Option<usize>,
    pub(super) tags_page: Option<usize>,
    pub(super) chunk_minimum: Option<u64>,
    pub(super) request_limit: Option<u64>,
    pub(super) manifest_limit: usize,
}

impl Settings {
    pub(super) fn has(&self, feature: Feature) -> bool {
        !self.missing.contains(&feature)
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            missing: BTreeSet::new(),
            upload_location: UploadLocation::default(),
            immutable_tags: None,
            referrers_page: None,
            tags_page: None,
            chunk_minimum: None,
            request_limit: None,
            // "at least 4 megabytes" (distribution-spec, "Pushing manifests").
            manifest_limit: 4 * 1024 * 1024,
        }
    }
}
