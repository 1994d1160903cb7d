//! A running registry's content, put and read without HTTP.

use std::io;
use std::path::Path;

use bytes::Bytes;

use super::store::StoredManifest;
use super::sync::lock;
use super::{Registry, digest, layout};

impl Registry {
    /// Puts a blob into a repository; returns its digest.
    pub fn put_blob(&self, repository: &str, bytes: impl Into<Bytes>) -> String {
        let bytes = bytes.into();
        let digest = digest::sha256(&bytes);
        lock(&self.core.store).repository_or_new(repository).blobs.insert(digest.clone(), bytes);
        digest
    }

    /// Puts a manifest or index, unchecked; returns its digest.
    pub fn put_manifest(&self, repository: &str, media_type: &str, bytes: impl Into<Bytes>) -> String {
        let bytes = bytes.into();
        let digest = digest::sha256(&bytes);
        let manifest = StoredManifest { digest: digest.clone(), media_type: media_type.to_owned(), bytes };
        lock(&self.core.store).repository_or_new(repository).manifests.insert(digest.clone(), manifest);
        digest
    }

    /// Puts bytes under a digest that need not be theirs: a registry with a broken disk.
    pub fn put_broken_blob(&self, repository: &str, digest: &str, bytes: impl Into<Bytes>) {
        lock(&self.core.store).repository_or_new(repository).blobs.insert(digest.to_owned(), bytes.into());
    }

    /// Points a tag at a manifest's digest, which need not exist.
    pub fn tag(&self, repository: &str, tag: &str, digest: &str) {
        lock(&self.core.store).repository_or_new(repository).tags.insert(tag.to_owned(), digest.to_owned());
    }

    /// Loads an OCI image layout into a repository: every blob, every manifest below its index, and a tag for
    /// each `org.opencontainers.image.ref.name`. Returns the digests that `index.json` lists.
    ///
    /// # Errors
    /// When a file cannot be read, is not what its digest says, or is not JSON where it must be.
    pub fn load_layout(&self, repository: &str, folder: impl AsRef<Path>) -> io::Result<Vec<String>> {
        let loaded = layout::read(folder.as_ref())?;
        let mut store = lock(&self.core.store);
        let target = store.repository_or_new(repository);
        target.blobs.extend(loaded.blobs);
        target.manifests.extend(loaded.manifests.into_iter().map(|manifest| (manifest.digest.clone(), manifest)));
        target.tags.extend(loaded.tags);
        Ok(loaded.roots)
    }

    /// A blob's bytes, from whichever repository has it.
    #[must_use]
    pub fn blob(&self, digest: &str) -> Option<Bytes> {
        lock(&self.core.store).blob_anywhere(digest, |_| true)
    }

    /// Whether this repository has the blob.
    #[must_use]
    pub fn has_blob(&self, repository: &str, digest: &str) -> bool {
        lock(&self.core.store).blob(repository, digest).is_some()
    }

    /// Digests of a repository's blobs, sorted.
    #[must_use]
    pub fn blobs(&self, repository: &str) -> Vec<String> {
        let store = lock(&self.core.store);
        store.repository(repository).map(|found| found.blobs.keys().cloned().collect()).unwrap_or_default()
    }

    /// The manifest that a tag or digest names.
    #[must_use]
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<StoredManifest> {
        lock(&self.core.store).manifest(repository, reference).cloned()
    }

    /// Digests of a repository's manifests and indexes, sorted.
    #[must_use]
    pub fn manifests(&self, repository: &str) -> Vec<String> {
        let store = lock(&self.core.store);
        store.repository(repository).map(|found| found.manifests.keys().cloned().collect()).unwrap_or_default()
    }

    /// A repository's tags, in the order of the tags list.
    #[must_use]
    pub fn tags(&self, repository: &str) -> Vec<String> {
        lock(&self.core.store).repository(repository).map(super::store::Repository::sorted_tags).unwrap_or_default()
    }

    /// Every repository's name, sorted.
    #[must_use]
    pub fn repositories(&self) -> Vec<String> {
        lock(&self.core.store).names().map(str::to_owned).collect()
    }

    /// Takes a blob out of a repository, as a garbage collection would.
    pub fn forget_blob(&self, repository: &str, digest: &str) {
        if let Some(found) = lock(&self.core.store).repository_mut(repository) {
            found.blobs.remove(digest);
        }
    }

    /// Takes a manifest and its tags out of a repository.
    pub fn forget_manifest(&self, repository: &str, digest: &str) {
        if let Some(found) = lock(&self.core.store).repository_mut(repository) {
            found.delete_manifest(digest);
        }
    }
}
