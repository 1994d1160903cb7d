//! How large the cache is, what can go, and whether what it holds is what it should be.
//!
//! Safe beside running builds: what a build that still runs has found is kept, because the build says so by the time of
//! last use; and an entry is taken out of sight before it is looked at for the last time.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::{Cache, Error, users};
use crate::oci::{Algorithm, Digest, Hasher};

/// Blobs are read in pieces of this size.
const PIECE: usize = 256 << 10;

/// What a cache holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Size {
    /// Base layers, finished layers and documents.
    pub blobs: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// Records of which layer some inputs gave.
    pub layers: u64,
}

/// What is to go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Policy {
    /// What was not used for this long goes.
    pub older_than: Option<Duration>,
    /// What was not used for the longest time goes, until the rest has at most this many bytes.
    pub max_size: Option<u64>,
}

/// What went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pruned {
    /// Blobs that were removed.
    pub blobs: u64,
    /// How many bytes that freed.
    pub bytes: u64,
    /// How many bytes are left.
    pub left: u64,
}

/// What was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// Blobs that are what their names say.
    pub sound: u64,
    /// Blobs that were not, and were removed: they are fetched again.
    pub removed: Vec<Digest>,
}

/// A blob on disk.
#[derive(Debug)]
struct Entry {
    path: PathBuf,
    digest: Digest,
    size: u64,
    used: SystemTime,
}

impl Cache {
    /// The folder that was opened.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.0.root.parent().unwrap_or(&self.0.root)
    }

    /// How much it holds.
    ///
    /// # Errors
    /// When its folder cannot be read.
    pub fn size(&self) -> Result<Size, Error> {
        let blobs = self.entries()?;
        let layers = names(&self.path("layers"))?.len() as u64;
        Ok(Size { blobs: blobs.len() as u64, bytes: blobs.iter().map(|entry| entry.size).sum(), layers })
    }

    /// Removes what `policy` says; without a limit, everything that no running build uses.
    ///
    /// # Errors
    /// When the folder cannot be read or a file cannot be removed.
    pub fn prune(&self, policy: &Policy) -> Result<Pruned, Error> {
        let mut entries = self.entries()?;
        entries.sort_by(|one, other| one.used.cmp(&other.used).then_with(|| one.digest.as_str().cmp(other.digest.as_str())));
        let now = SystemTime::now();
        // Our own use began a moment ago and holds nothing.
        let protected = users::oldest(&self.path("users"), self.0.user.as_ref().map(tempfile::NamedTempFile::path));
        let mut left: u64 = entries.iter().map(|entry| entry.size).sum();
        let mut pruned = Pruned::default();
        for entry in &entries {
            let is_old = policy.older_than.is_some_and(|limit| now.duration_since(entry.used).is_ok_and(|age| age > limit));
            let is_too_much = policy.max_size.is_some_and(|limit| left > limit);
            let is_unlimited = *policy == Policy::default();
            if (is_old || is_too_much || is_unlimited) && self.remove(entry, protected)? {
                pruned.blobs += 1;
                pruned.bytes += entry.size;
                left -= entry.size;
            }
        }
        self.forget_layers_without_blobs()?;
        Ok(Pruned { left, ..pruned })
    }

    /// Reads every blob and removes those that are not what their names say.
    ///
    /// # Errors
    /// When a blob can be neither read nor removed.
    pub fn verify(&self) -> Result<Verified, Error> {
        let mut verified = Verified::default();
        for entry in self.entries()? {
            match digest_of(&entry.path, entry.digest.algorithm()) {
                Ok(found) if found == entry.digest => verified.sound += 1,
                // Another process has removed it meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Ok(_) => {
                    fs::remove_file(&entry.path).map_err(|source| Error::Write { path: entry.path.clone(), source })?;
                    verified.removed.push(entry.digest);
                }
                Err(source) => return Err(Error::Read { path: entry.path, source }),
            }
        }
        self.forget_layers_without_blobs()?;
        Ok(verified)
    }

    fn entries(&self) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for algorithm in ["sha256", "sha384", "sha512"] {
            for path in names(&self.path("blobs").join(algorithm))? {
                let hex = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                // What has another name is not ours.
                let (Ok(digest), Ok(metadata)) = (format!("{algorithm}:{hex}").parse::<Digest>(), fs::metadata(&path)) else { continue };
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                entries.push(Entry { digest, size: metadata.len(), used, path });
            }
        }
        Ok(entries)
    }

    /// Removes an entry unless a build that runs has used it: not even in the moment between a look and the removal.
    fn remove(&self, entry: &Entry, protected: Option<SystemTime>) -> Result<bool, Error> {
        let failed = |path: &Path, source| Error::Write { path: path.to_owned(), source };
        let is_used = |used: SystemTime| protected.is_some_and(|began| used >= began);
        if is_used(entry.used) {
            return Ok(false);
        }
        let aside = self.pending()?.aside();
        match fs::rename(&entry.path, &aside) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(failed(&entry.path, error)),
        }
        let used = fs::metadata(&aside).and_then(|metadata| metadata.modified()).map_err(|error| failed(&aside, error))?;
        if used != entry.used {
            fs::rename(&aside, &entry.path).map_err(|error| failed(&entry.path, error))?;
            return Ok(false);
        }
        fs::remove_file(&aside).map_err(|error| failed(&aside, error))?;
        Ok(true)
    }

    /// A record whose blob is gone says nothing any more.
    fn forget_layers_without_blobs(&self) -> Result<(), Error> {
        for path in names(&self.path("layers"))? {
            let record = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice::<super::CachedLayer>(&bytes).ok());
            let is_there = record.is_some_and(|layer| self.blob_path(&layer.digest).exists());
            if !is_there
                && let Err(source) = fs::remove_file(&path)
                && source.kind() != io::ErrorKind::NotFound
            {
                return Err(Error::Write { path, source });
            }
        }
        Ok(())
    }
}

/// The files of a folder, sorted.
fn names(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let failed = |source| Error::Read { path: folder.to_owned(), source };
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort_unstable();
    Ok(paths)
}

fn digest_of(path: &Path, algorithm: Algorithm) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hasher = Hasher::new(algorithm);
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(length) => hasher.update(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::{Descriptor, MediaType};

    fn keep(cache: &Cache, content: &[u8], days_ago: u64) -> Descriptor {
        let descriptor = Descriptor::of(MediaType::OciConfig, content);
        cache.keep(&descriptor, content).unwrap();
        let used = SystemTime::now() - Duration::from_hours(24 * days_ago);
        File::options().write(true).open(cache.blob_path(&descriptor.digest)).unwrap().set_modified(used).unwrap();
        descriptor
    }

    fn cache() -> (tempfile::TempDir, Cache) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        (folder, cache)
    }

    #[test]
    fn the_oldest_go_first_until_the_rest_fits() {
        let (_folder, cache) = cache();
        let blobs = [(&b"oldest"[..], 30), (b"middle", 20), (b"newest", 10)].map(|(content, days)| keep(&cache, content, days));
        assert_eq!(cache.size().unwrap(), Size { blobs: 3, bytes: 18, layers: 0 });
        let pruned = cache.prune(&Policy { max_size: Some(13), older_than: None }).unwrap();
        assert_eq!(pruned, Pruned { blobs: 1, bytes: 6, left: 12 });
        assert!(!cache.blob_path(&blobs[0].digest).exists());
        let pruned = cache.prune(&Policy { older_than: Some(Duration::from_hours(24 * 15)), max_size: None }).unwrap();
        assert_eq!((pruned.blobs, pruned.left), (1, 6));
        assert_eq!(cache.prune(&Policy::default()).unwrap().left, 0);
    }

    #[test]
    fn what_a_running_build_has_found_stays() {
        let (folder, cache) = cache();
        let (found, other) = (keep(&cache, b"found", 30), keep(&cache, b"other", 30));
        let build = Cache::open(folder.path()).unwrap();
        assert!(build.find(&found).is_some());
        let pruned = cache.prune(&Policy::default()).unwrap();
        assert_eq!(pruned.blobs, 1);
        assert!(build.find(&found).is_some() && build.find(&other).is_none());
        drop(build);
        assert_eq!(cache.prune(&Policy::default()).unwrap().left, 0);
    }

    #[test]
    fn a_record_goes_with_its_blob() {
        let (_folder, cache) = cache();
        let descriptor = keep(&cache, b"layer", 3);
        let record = super::super::CachedLayer {
            media_type: descriptor.media_type.clone(),
            digest: descriptor.digest.clone(),
            size: descriptor.size,
            diff_id: descriptor.digest.clone(),
        };
        cache.remember_layer(&Digest::of(b"key"), &record).unwrap();
        assert_eq!(cache.size().unwrap().layers, 1);
        cache.prune(&Policy { older_than: Some(Duration::from_hours(24)), max_size: None }).unwrap();
        assert_eq!(cache.size().unwrap(), Size::default());
    }

    #[test]
    fn damaged_blobs_are_found_and_removed() {
        let (_folder, cache) = cache();
        let (sound, damaged) = (keep(&cache, b"sound", 1), keep(&cache, b"damaged", 1));
        fs::write(cache.blob_path(&damaged.digest), b"damagXd").unwrap();
        let verified = cache.verify().unwrap();
        assert_eq!(verified, Verified { sound: 1, removed: vec![damaged.digest] });
        assert!(cache.find(&sound).is_some());
    }
}
