//! What a registry's access log says about one push.

use imgbuild_testkit::peers::Access;

/// The requests of one push, told apart by what they do.
#[derive(Debug)]
pub(crate) struct Transfers {
    log: Vec<Access>,
}

impl Transfers {
    pub(crate) fn new(log: Vec<Access>) -> Self {
        Self { log }
    }

    /// The digests of the blobs whose upload was completed, sorted, with repetitions.
    pub(crate) fn uploaded(&self) -> Vec<String> {
        let complete = |access: &&Access| access.path.contains("/blobs/uploads/") && access.status == 201;
        let mut digests: Vec<_> = self.log.iter().filter(complete).filter_map(|access| parameter(access, "digest")).collect();
        digests.sort();
        digests
    }

    /// The digests of the blobs that were mounted from another repository, sorted.
    pub(crate) fn mounted(&self) -> Vec<String> {
        let complete = |access: &&Access| access.path.ends_with("/blobs/uploads/") && access.status == 201;
        let mut digests: Vec<_> = self.log.iter().filter(complete).filter_map(|access| parameter(access, "mount")).collect();
        digests.sort();
        digests
    }

    /// The references of the manifests that were put, in order.
    pub(crate) fn manifests(&self) -> Vec<&str> {
        let put = self.log.iter().filter(|access| access.method == "PUT" && access.status == 201);
        put.filter_map(|access| access.path.split_once("/manifests/")).map(|(_, reference)| reference).collect()
    }

    /// Bytes of the bodies of all requests that write to the registry.
    pub(crate) fn bytes(&self) -> u64 {
        self.writes().map(|access| access.request_bytes).sum()
    }

    /// Every request to the registry that is not a plain reading.
    pub(crate) fn writes(&self) -> impl Iterator<Item = &Access> {
        self.log.iter().filter(|access| access.path.starts_with("/v2/") && access.method != "GET" && access.method != "HEAD")
    }
}

/// A query parameter; digests are the only ones that are read, so `:` is the only character that may be encoded.
fn parameter(access: &Access, name: &str) -> Option<String> {
    let pair = access.query.split('&').filter_map(|pair| pair.split_once('='));
    pair.filter(|(key, _)| *key == name).map(|(_, value)| value.replace("%3A", ":").replace("%3a", ":")).next()
}
