//! The habits of a registry that the specification leaves open, each one a switch.

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

/// What this registry does where registries differ.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) upload_location: UploadLocation,
    pub(super) immutable_tags: Option<ImmutableTags>,
    pub(super) referrers: bool,
    pub(super) referrers_page: Option<usize>,
    pub(super) tags_page: Option<usize>,
    pub(super) mounts: bool,
    pub(super) mount_without_from: bool,
    pub(super) single_post: bool,
    pub(super) ranges: bool,
    pub(super) deletes: bool,
    pub(super) sparse_indexes: bool,
    pub(super) digest_header: bool,
    pub(super) chunk_minimum: Option<u64>,
    pub(super) request_limit: Option<u64>,
    pub(super) manifest_limit: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            upload_location: UploadLocation::default(),
            immutable_tags: None,
            referrers: true,
            referrers_page: None,
            tags_page: None,
            mounts: true,
            mount_without_from: true,
            single_post: true,
            ranges: true,
            deletes: true,
            sparse_indexes: false,
            digest_header: true,
            chunk_minimum: None,
            request_limit: None,
            // "at least 4 megabytes" (distribution-spec, "Pushing manifests").
            manifest_limit: 4 * 1024 * 1024,
        }
    }
}
