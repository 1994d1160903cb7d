//! How large the cache is, what can go, and whether what it holds is what it should be.
//!
//! Safe beside running builds: what a build that still runs has found is kept, because the build says so by the time of
//! last use; and an entry is taken out of sight before it is looked at for the last time.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::IgnoredAny;

use super::{Cache, CachedLayer, Error, records, users};
use crate::oci::{Algorithm, Digest, Hasher};

/// Blobs are read in pieces of this size.
const PIECE: usize = 256 << 10;

/// What a cache holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Size {
    /// Base layers, finished layers and documents.
    pub blobs: u64,
    /// Records of which layer some inputs gave.
    pub layers: u64,
    /// Records of what was found out about bases and JARs.
    pub records: u64,
    /// How many bytes all of it has.
    pub bytes: u64,
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
    /// Records of what was found out that were removed.
    pub records: u64,
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
    /// Records of layers and of what was found out whose seals fit.
    pub sound_records: u64,
    /// Those whose seals did not, and which were removed: what they said is found out again.
    pub removed_records: u64,
}

/// A blob or a record on disk.
#[derive(Debug)]
struct Entry {
    path: PathBuf,
    /// A blob's own; a record has none.
    digest: Option<Digest>,
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
        let (blobs, records, layers) = (self.blobs()?, self.records("records")?, self.records("layers")?);
        let bytes = [&blobs, &records, &layers].into_iter().flatten().map(|entry| entry.size).sum();
        Ok(Size { blobs: blobs.len() as u64, layers: layers.len() as u64, records: records.len() as u64, bytes })
    }

    /// Removes what `policy` says; without a limit, everything that no running build uses.
    ///
    /// # Errors
    /// When the folder cannot be read or a file cannot be removed.
    pub fn prune(&self, policy: &Policy) -> Result<Pruned, Error> {
        let before = self.size()?.bytes;
        let mut entries = self.blobs()?;
        entries.extend(self.records("records")?);
        entries.sort_by(|one, other| one.used.cmp(&other.used).then_with(|| one.path.cmp(&other.path)));
        let now = SystemTime::now();
        // Our own use began a moment ago and holds nothing.
        let protected = users::oldest(&self.path("users"), self.0.user.as_ref().map(tempfile::NamedTempFile::path));
        let mut left = before;
        let mut pruned = Pruned::default();
        for entry in &entries {
            let is_old = policy.older_than.is_some_and(|limit| now.duration_since(entry.used).is_ok_and(|age| age > limit));
            let is_too_much = policy.max_size.is_some_and(|limit| left > limit);
            let is_unlimited = *policy == Policy::default();
            if (is_old || is_too_much || is_unlimited) && self.remove(entry, protected)? {
                *if entry.digest.is_some() { &mut pruned.blobs } else { &mut pruned.records } += 1;
                left = left.saturating_sub(entry.size);
            }
        }
        self.forget_layers_without_blobs()?;
        let left = self.size()?.bytes;
        Ok(Pruned { bytes: before.saturating_sub(left), left, ..pruned })
    }

    /// Reads everything, and removes the blobs that are not what their names say and the records whose seals do not fit.
    ///
    /// # Errors
    /// When a file can be neither read nor removed.
    pub fn verify(&self) -> Result<Verified, Error> {
        let mut verified = Verified::default();
        for entry in self.blobs()? {
            let Some(digest) = entry.digest else { continue };
            match digest_of(&entry.path, digest.algorithm()) {
                Ok(found) if found == digest => verified.sound += 1,
                // Another process has removed it meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Ok(_) => {
                    remove_file(&entry.path)?;
                    verified.removed.push(digest);
                }
                Err(source) => return Err(Error::Read { path: entry.path, source }),
            }
        }
        for entry in [self.records("records")?, self.records("layers")?].into_iter().flatten() {
            if records::read::<IgnoredAny>(&entry.path).is_some() {
                verified.sound_records += 1;
            } else if entry.path.exists() {
                remove_file(&entry.path)?;
                verified.removed_records += 1;
            }
        }
        self.forget_layers_without_blobs()?;
        Ok(verified)
    }

    fn blobs(&self) -> Result<Vec<Entry>, Error> {
        let mut entries = Vec::new();
        for algorithm in ["sha256", "sha384", "sha512"] {
            for path in names(&self.path("blobs").join(algorithm))? {
                let hex = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                // What has another name is not ours.
                let (Ok(digest), Ok(metadata)) = (format!("{algorithm}:{hex}").parse::<Digest>(), fs::metadata(&path)) else { continue };
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                entries.push(Entry { digest: Some(digest), size: metadata.len(), used, path });
            }
        }
        Ok(entries)
    }

    /// The records of one kind, whatever their names are: what is none of ours is damaged.
    fn records(&self, kind: &str) -> Result<Vec<Entry>, Error> {
        let paths = names(&self.path(kind))?.into_iter();
        let entry = |path: PathBuf| {
            let metadata = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            Some(Entry { digest: None, size: metadata.len(), used, path })
        };
        Ok(paths.filter_map(entry).collect())
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
            let record = records::read::<CachedLayer>(&path);
            if !record.is_some_and(|layer| self.blob_path(&layer.digest).exists()) {
                remove_file(&path)?;
            }
        }
        Ok(())
    }
}

/// Removes a file that another process may have removed already.
fn remove_file(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::Write { path: path.to_owned(), source: error }),
        _ => Ok(()),
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
mod tests;
