//! `imgbuild.lock`: which base a build stands on, its documents, and the facts about it that the build asks for.
//!
//! With it a later build knows everything that it knew when the lock was written, and pulls nothing of the base. It is JSON, read strictly and written with its keys in one order, so that it can be kept beside the sources. The
//! room refuses to decide when a lock is written; that is a build's part.

mod error;
mod form;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use super::facts::{Facts, Java, Start, Tree};
use crate::base::facts::Identity;
use crate::oci::{Digest, Location, Platform};

use form::Flaw;

pub use error::LockError;

/// The name of the file.
pub const LOCK_FILE: &str = "imgbuild.lock";
/// The most bytes of a lock; a larger file is something else.
const MAX_BYTES: u64 = 16 << 20;

/// A base that is held, with what is known about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// The base as [`Lock::name`] names it.
    pub base: String,
    /// The digest that it had: of an index, or of the manifest of a single image.
    pub digest: Digest,
    /// Its images, by [`Lock::key`] of the platform that was asked for.
    pub platforms: BTreeMap<String, LockedImage>,
    /// What the base's index, manifests and configurations say, by their digests.
    pub documents: BTreeMap<Digest, String>,
}

/// One image of a base that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedImage {
    /// The digest of its manifest.
    pub manifest: Digest,
    java: Option<Java>,
    tree: Tree,
    users: BTreeMap<String, Option<Identity>>,
}

impl LockedImage {
    /// Holds narrowed `facts`.
    #[must_use]
    pub fn new(manifest: Digest, facts: &Facts) -> Self {
        Self { manifest, java: facts.java().clone().found(), tree: facts.tree().clone(), users: facts.users().clone() }
    }

    /// What is known for an image that starts as `start` says.
    #[must_use]
    pub fn facts(&self, start: &Start) -> Facts {
        Facts::known(self.tree.clone(), self.java.clone(), self.users.clone(), start)
    }
}

impl Lock {
    /// How the base at `location` is named in a lock that lies in `folder`: a canonical reference, or a path that is the
    /// same wherever both lie.
    #[must_use]
    pub fn name(location: &Location, folder: &Path) -> String {
        let beside = |path: &Path| path.strip_prefix(folder).unwrap_or(path).to_owned();
        match location.clone() {
            Location::Registry(reference) => reference.resolved().to_string(),
            Location::Layout { folder: layout, tag } => Location::Layout { folder: beside(&layout), tag }.to_string(),
            Location::Archive { form, file, tag } => Location::Archive { form, file: beside(&file), tag }.to_string(),
            elsewhere @ Location::Daemon(_) => elsewhere.to_string(),
        }
    }

    /// The key of a platform that was asked for.
    #[must_use]
    pub fn key(platform: &Platform) -> String {
        platform.normalize().to_string()
    }

    /// Reads a lock; nothing where there is none.
    ///
    /// # Errors
    /// When it cannot be read or is no valid lock.
    pub fn read(path: &Path) -> Result<Option<Self>, LockError> {
        let failed = |source| LockError::Read { path: path.to_owned(), source };
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut text = String::new();
        let length = file.take(MAX_BYTES + 1).read_to_string(&mut text).map_err(failed)?;
        if length as u64 > MAX_BYTES {
            return Err(failed(io::Error::new(io::ErrorKind::InvalidData, format!("it is larger than {MAX_BYTES} bytes"))));
        }
        Self::parse(&text, path).map(Some)
    }

    /// Reads the text of the lock at `path`.
    ///
    /// # Errors
    /// When it is no valid lock, with the line.
    pub fn parse(text: &str, path: &Path) -> Result<Self, LockError> {
        form::read(text).map_err(|flaw| match flaw {
            Flaw::Version(found) => LockError::Version { path: path.to_owned(), found, known: form::VERSION },
            Flaw::Json(error) => LockError::syntax(path, text, &error),
        })
    }

    /// Demands that this lock, which lies at `path`, is of the base at `location`.
    ///
    /// # Errors
    /// When it is of another base, or holds another digest than `location` names.
    pub fn require_base(&self, path: &Path, location: &Location) -> Result<(), LockError> {
        let wanted = Self::name(location, path.parent().unwrap_or(Path::new("")));
        if self.base != wanted {
            return Err(LockError::OtherBase { path: path.to_owned(), locked: self.base.clone(), wanted });
        }
        match location {
            Location::Registry(reference) if reference.digest().is_some_and(|digest| *digest != self.digest) => {
                Err(LockError::OtherDigest { path: path.to_owned(), locked: self.digest.clone(), wanted: reference.to_string() })
            }
            _ => Ok(()),
        }
    }

    /// Writes the lock, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), LockError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = || {
            let mut file = tempfile::Builder::new().prefix(".imgbuild.lock.").permissions(readable()).tempfile_in(folder)?;
            file.write_all(self.to_string().as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(path).map_err(|error| error.error)
        };
        write().map(drop).map_err(|source| LockError::Write { path: path.to_owned(), source })
    }
}

/// A lock is no secret, and belongs to the sources: others may read it as far as the umask allows.
fn readable() -> std::fs::Permissions {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::Permissions::from_mode(0o666)
}
