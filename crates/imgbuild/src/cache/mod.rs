//! Blobs by digest on disk, and which layer some inputs gave.
//!
//! Safe beside other builds and under kill -9: a file appears under its digest only when it is whole, one process at a
//! time fetches a digest, and a lock dies with its process. What is found is checked when it is read, and what fails the check is removed.
//! The room refuses names from outside as paths: a file's name is always a [`Digest`] or a key of ours.
//!
//! ```text
//! <folder>/CACHEDIR.TAG          backup programs skip the folder
//! <folder>/v1/blobs/sha256/<hex> whole blobs: layers, configurations, manifests
//! <folder>/v1/layers/<key>       the layer that these inputs gave: the digest of the rest of the file, a line's end, JSON
//! <folder>/v1/records/<key>      what was found out about some inputs, in the same form: a base layer's facts, what a JAR
//!                                holds, what was published last
//! <folder>/v1/locks/<hex>        held while a blob is fetched
//! <folder>/v1/users/             a locked file for each process that has the cache open
//! <folder>/v1/tmp/               what is being written; locked by its writer
//! ```

mod error;
mod layers;
mod pending;
mod records;
mod source;
#[cfg(test)]
mod tests;
mod upkeep;
mod users;

use std::fs::{self, DirBuilder, File};
use std::io::Read as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use tokio::io::AsyncReadExt as _;

pub use error::Error;
pub use layers::CachedLayer;
pub use pending::Pending;
pub use upkeep::{Policy, Pruned, Size, Verified};

use crate::blob::{Blob, OpenFileSource};
use crate::oci::{Descriptor, Digest, MAX_MANIFEST_BYTES};
use source::CachedSource;

/// Changes whenever an older imgbuild could misread the folder.
const VERSION: &str = "v1";
/// What tells backup programs that the folder can be made again (<https://bford.info/cachedir/>).
const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# Made by imgbuild; may be removed at any time.\n";
/// Only the owner may look: layers are not secret, but who builds what may be.
const FOLDER_MODE: u32 = 0o700;
/// Blobs are copied in pieces of this size.
const PIECE: usize = 256 << 10;

/// A cache folder. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Cache(Arc<Folder>);

#[derive(Debug)]
struct Folder {
    root: PathBuf,
    /// Says that this process uses the folder, and since when.
    user: Option<tempfile::NamedTempFile>,
    opened: SystemTime,
    /// A folder that is removed when the last clone is dropped.
    _temporary: Option<tempfile::TempDir>,
}

impl Cache {
    /// Opens or makes the cache in `folder`, and removes what killed builds left behind.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, Error> {
        Self::prepare(folder.as_ref(), None)
    }

    /// A cache for one build, in the system's folder for temporary files.
    ///
    /// # Errors
    /// When that folder cannot be written to.
    pub fn temporary() -> Result<Self, Error> {
        let folder = tempfile::Builder::new().prefix("imgbuild-").tempdir();
        let folder = folder.map_err(|source| Error::Write { path: std::env::temp_dir(), source })?;
        let path = folder.path().to_owned();
        Self::prepare(&path, Some(folder))
    }

    /// Where the cache lies when nobody says: `imgbuild` in the user's cache folder (XDG).
    ///
    /// # Errors
    /// When the user has no home.
    pub fn default_folder() -> Result<PathBuf, Error> {
        use etcetera::BaseStrategy as _;
        etcetera::choose_base_strategy().map(|home| home.cache_dir().join("imgbuild")).map_err(|_| Error::NoHome)
    }

    fn prepare(folder: &Path, temporary: Option<tempfile::TempDir>) -> Result<Self, Error> {
        let root = folder.join(VERSION);
        for part in ["blobs/sha256", "blobs/sha384", "blobs/sha512", "layers", "records", "locks", "tmp", "users"] {
            let path = root.join(part);
            let made = DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&path);
            made.map_err(|source| Error::Write { path, source })?;
        }
        let tag = folder.join("CACHEDIR.TAG");
        if !tag.exists() {
            fs::write(&tag, CACHEDIR_TAG).map_err(|source| Error::Write { path: tag, source })?;
        }
        let cache =
            Self(Arc::new(Folder { user: users::register(&root.join("users")), opened: SystemTime::now(), root, _temporary: temporary }));
        pending::remove_abandoned(&cache.path("tmp"));
        // A folder that is there already may still take nothing: a read-only file system, another owner.
        drop(cache.pending()?);
        Ok(cache)
    }

    /// A blob that is looked for here when it is opened, and kept here once it was fetched.
    #[must_use]
    pub fn attach(&self, blob: &Blob) -> Blob {
        Blob::new(blob.descriptor().clone(), CachedSource::new(self.clone(), blob.clone()))
    }

    /// The blob, if it is here.
    #[must_use]
    pub fn find(&self, descriptor: &Descriptor) -> Option<Blob> {
        let path = self.blob_path(&descriptor.digest);
        let metadata = fs::metadata(&path).ok().filter(|metadata| metadata.is_file() && metadata.len() == descriptor.size)?;
        self.use_now(&path, &metadata).then(|| Blob::new(descriptor.clone(), source::CheckedFile(path)))
    }

    /// Notes that a file is used, so that it is not removed while this process runs; whether it is still there.
    fn use_now(&self, path: &Path, metadata: &fs::Metadata) -> bool {
        if metadata.modified().is_ok_and(|used| used >= self.0.opened) {
            return true;
        }
        match File::options().append(true).open(path) {
            // A cache that cannot be written to is used all the same.
            Ok(file) => drop(file.set_modified(SystemTime::now())),
            Err(error) => return error.kind() != std::io::ErrorKind::NotFound,
        }
        true
    }

    /// The bytes of a manifest or index that is here, by its digest alone. Bytes that are not its own count as none.
    #[must_use]
    pub fn find_document(&self, digest: &Digest) -> Option<Bytes> {
        let mut bytes = Vec::new();
        File::open(self.blob_path(digest)).ok()?.take(MAX_MANIFEST_BYTES).read_to_end(&mut bytes).ok()?;
        digest.check(&bytes).is_ok().then(|| bytes.into())
    }

    /// The blob, fetched from where it is unless it is here. Builds that want the same digest wait for one of them.
    ///
    /// # Errors
    /// When it can be neither fetched nor written.
    pub async fn fetch(&self, blob: &Blob) -> Result<Blob, Error> {
        if let Some(found) = self.find(blob.descriptor()) {
            return Ok(found);
        }
        let _lock = self.lock(blob.digest()).await?;
        if let Some(found) = self.find(blob.descriptor()) {
            return Ok(found);
        }
        let pending = match self.receive(blob).await {
            // A proxy on the way can hold a damaged copy; a second request may reach a good one.
            Err(Error::Blob(crate::blob::Error::Mismatch { .. })) => self.receive(blob).await?,
            received => received?,
        };
        self.commit(pending, blob.descriptor().clone())
    }

    async fn receive(&self, blob: &Blob) -> Result<Pending, Error> {
        let mut pending = self.pending()?;
        let mut reader = blob.open().await?;
        let mut piece = vec![0; PIECE];
        loop {
            match reader.read(&mut piece).await.map_err(|error| crate::blob::Error::from_read(blob.to_string(), error))? {
                0 => return Ok(pending),
                length => pending.write(&piece[..length])?,
            }
        }
    }

    /// A file to write a blob into.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn pending(&self) -> Result<Pending, Error> {
        Pending::create(&self.path("tmp"))
    }

    /// Keeps what was written as the blob of `descriptor`, whose digest the writer has computed: it is read without computing it again.
    ///
    /// # Errors
    /// When the file cannot be moved into its place.
    pub fn commit(&self, pending: Pending, descriptor: Descriptor) -> Result<Blob, Error> {
        let path = self.blob_path(&descriptor.digest);
        let file = pending.persist(&path)?;
        let written = OpenFileSource::range(Arc::new(file), 0, descriptor.size, &format!("`{}`", path.display()));
        Ok(Blob::new(descriptor, source::Written(written)))
    }

    /// Bytes of a small document, kept under their digest.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep(&self, descriptor: &Descriptor, bytes: &[u8]) -> Result<(), Error> {
        if self.find(descriptor).is_some() {
            return Ok(());
        }
        let mut pending = self.pending()?;
        pending.write(bytes)?;
        self.commit(pending, descriptor.clone()).map(drop)
    }

    /// Waits until no other build holds the lock of `digest`. The kernel releases it when the process ends, however it ends.
    async fn lock(&self, digest: &Digest) -> Result<File, Error> {
        let path = self.path("locks").join(digest.hex());
        let task = tokio::task::spawn_blocking(move || {
            let locked = File::options().create(true).append(true).open(&path).and_then(|file| file.lock().map(|()| file));
            locked.map_err(|source| Error::Write { path, source })
        });
        task.await.map_err(|_| Error::Interrupted)?
    }

    fn path(&self, part: &str) -> PathBuf {
        self.0.root.join(part)
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.path("blobs").join(digest.algorithm().name()).join(digest.hex())
    }
}
