//! What the registry keeps: blobs, manifests and tags of each repository, in memory.
//!
//! A blob is visible in the repositories that it was pushed or mounted to and nowhere else. Nothing here
//! knows HTTP; whether a manifest may be stored is `manifests`' decision.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::digest;

/// A manifest or index as it was pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredManifest {
    /// The digest under which it is stored.
    pub digest: String,
    /// The `Content-Type` of the push, without parameters.
    pub media_type: String,
    /// Exactly the bytes that were pushed.
    pub bytes: Bytes,
}

/// One repository's content.
#[derive(Debug, Default, Clone)]
pub(super) struct Repository {
    pub(super) blobs: BTreeMap<String, Bytes>,
    pub(super) manifests: BTreeMap<String, StoredManifest>,
    pub(super) tags: BTreeMap<String, String>,
}

/// All repositories by name.
#[derive(Debug, Default)]
pub(super) struct Store {
    repositories: BTreeMap<String, Repository>,
}

impl Store {
    pub(super) fn repository(&self, name: &str) -> Option<&Repository> {
        self.repositories.get(name)
    }

    pub(super) fn repository_mut(&mut self, name: &str) -> Option<&mut Repository> {
        self.repositories.get_mut(name)
    }

    pub(super) fn repository_or_new(&mut self, name: &str) -> &mut Repository {
        self.repositories.entry(name.to_owned()).or_default()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.repositories.keys().map(String::as_str)
    }

    pub(super) fn blob(&self, repository: &str, digest: &str) -> Option<Bytes> {
        self.repository(repository)?.blobs.get(digest).cloned()
    }

    /// The blob from whichever repository has it and passes `readable`.
    pub(super) fn blob_anywhere(&self, digest: &str, readable: impl Fn(&str) -> bool) -> Option<Bytes> {
        self.repositories.iter().filter(|(name, _)| readable(name)).find_map(|(_, repository)| repository.blobs.get(digest).cloned())
    }

    pub(super) fn manifest(&self, repository: &str, reference: &str) -> Option<&StoredManifest> {
        self.repository(repository)?.manifest(reference)
    }
}

impl Repository {
    /// The manifest that a tag or digest names.
    pub(super) fn manifest(&self, reference: &str) -> Option<&StoredManifest> {
        let digest = if digest::is_digest(reference) { reference } else { self.tags.get(reference)? };
        self.manifests.get(digest)
    }

    /// Forgets a manifest and every tag on it; false when it was not there.
    pub(super) fn delete_manifest(&mut self, digest: &str) -> bool {
        self.tags.retain(|_, target| target != digest);
        self.manifests.remove(digest).is_some()
    }

    /// Tags in the order of the specification: alphanumeric, capitals and small letters alike.
    pub(super) fn sorted_tags(&self) -> Vec<String> {
        let mut tags: Vec<String> = self.tags.keys().cloned().collect();
        tags.sort_by_key(|tag| (tag.to_ascii_lowercase(), tag.clone()));
        tags
    }
}
