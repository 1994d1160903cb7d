//! Whether a build uses, writes or only trusts a lock.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;

use super::Error;
use crate::base::facts::Facts;
use crate::base::{Base, Lock, LockError, LockedImage, Resolver};
use crate::oci::{Digest, Location, Platform};
use crate::recipe::{FactsFrom, Recipe};
use crate::source::Documents;

/// How long a registry may take to say what a base is now: a build does not need to know.
const ASKING_TIME: Duration = Duration::from_secs(5);

/// What a build does with its lock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LockMode {
    /// A lock that is there is used, and never written.
    #[default]
    Use,
    /// A lock that is there is used; what it lacks is added.
    Write,
    /// The lock is written anew, with what the base is now.
    Update,
    /// The lock must be there and must not change.
    Frozen,
}

/// The lock of a build.
pub(super) struct Held {
    path: Option<PathBuf>,
    mode: LockMode,
    name: String,
    /// The lock as it was read, unless it is written anew.
    lock: Option<Lock>,
}

impl Held {
    /// Reads the lock, which must be of the recipe's base.
    pub(super) fn read(lock: Option<(PathBuf, LockMode)>, recipe: &Recipe) -> Result<Self, Error> {
        let Some((path, mode)) = lock else {
            return Ok(Self { path: None, mode: LockMode::Use, name: String::new(), lock: None });
        };
        if recipe.facts == FactsFrom::Skip && mode != LockMode::Use {
            return Err(Error::LockWithoutFacts);
        }
        let name = Lock::name(&recipe.base, path.parent().unwrap_or(Path::new("")));
        let lock = if mode == LockMode::Update { None } else { Lock::read(&path)? };
        match &lock {
            Some(lock) => lock.require_base(&path, &recipe.base)?,
            None if mode == LockMode::Frozen => return Err(LockError::Missing(path).into()),
            None => {}
        }
        Ok(Self { path: Some(path), mode, name, lock })
    }

    /// What the base is now, where that is another than the lock holds. Nobody may be there to be asked: a build with a
    /// lock works without.
    pub(super) async fn moved(&self, resolver: &Resolver<'_>, location: &Location) -> Option<Digest> {
        let pinned = self.pin()?;
        let now = tokio::time::timeout(ASKING_TIME, resolver.named(location)).await.ok()?;
        now.inspect_err(|error| tracing::debug!("cannot ask what the base is now: {error}")).ok().filter(|now| now != pinned)
    }

    /// The digest that the base must have.
    pub(super) fn pin(&self) -> Option<&Digest> {
        self.lock.as_ref().map(|lock| &lock.digest)
    }

    /// The documents that are held.
    pub(super) fn documents(&self) -> Documents {
        let held = self.lock.iter().flat_map(|lock| &lock.documents);
        held.map(|(digest, text)| (digest.clone(), text.clone().into())).collect()
    }

    /// The documents that led to `base` and are not held.
    pub(super) fn lacking_documents(&self, base: &Base) -> Vec<String> {
        let Some(lock) = &self.lock else { return Vec::new() };
        let lacking = base.documents.keys().filter(|digest| !lock.documents.contains_key(digest));
        lacking.map(|digest| format!("the document `{digest}` is not in it")).collect()
    }

    /// What is held of the image with the manifest `found` for a platform.
    pub(super) fn image(&self, platform: &Platform, found: &Digest) -> Result<Option<&LockedImage>, Error> {
        let (Some(path), Some(lock)) = (&self.path, &self.lock) else { return Ok(None) };
        let image = lock.platforms.get(&Lock::key(platform));
        match image {
            Some(image) if image.manifest != *found => {
                let (platform, locked, found) = (platform.to_string(), image.manifest.clone(), found.clone());
                Err(LockError::Contradiction { path: path.clone(), platform, locked, found }.into())
            }
            image => Ok(image),
        }
    }

    /// Takes what the lock lacks: an error where it must not change, else what is to be said about it.
    pub(super) fn lacks(&self, changes: Vec<String>) -> Result<Option<String>, Error> {
        match (&self.path, self.mode) {
            _ if changes.is_empty() || self.lock.is_none() => Ok(None),
            (Some(path), LockMode::Frozen) => Err(LockError::WouldChange { path: path.clone(), changes }.into()),
            (Some(path), LockMode::Use) => {
                Ok(Some(format!("the lock `{}` does not know everything: {}", path.display(), changes.join(", "))))
            }
            _ => Ok(None),
        }
    }

    /// Writes the lock where it is to be written and would be another one. `facts` are narrowed, in the order of
    /// `platforms`; platforms that this build does not make stay as they are. Gives the path of what was written.
    pub(super) fn keep(&self, base: &Base, platforms: &[Platform], facts: &[Facts]) -> Result<Option<&Path>, Error> {
        let Some(path) = self.path.as_deref().filter(|_| matches!(self.mode, LockMode::Write | LockMode::Update)) else { return Ok(None) };
        let before = match &self.lock {
            Some(lock) => Some(lock.clone()),
            // One that is written anew may be damaged.
            None => Lock::read(path).ok().flatten(),
        };
        let same_base = before.as_ref().filter(|lock| (&lock.base, &lock.digest) == (&self.name, &base.digest));
        let (mut images, mut documents) = same_base.map(|lock| (lock.platforms.clone(), lock.documents.clone())).unwrap_or_default();
        for ((platform, image), facts) in platforms.iter().zip(&base.images).zip(facts) {
            images.insert(Lock::key(platform), LockedImage::new(image.digest.clone(), facts));
        }
        // What was read as JSON is text.
        let text = |raw: &Bytes| std::str::from_utf8(raw).ok().map(str::to_owned);
        documents.extend(base.documents.iter().filter_map(|(digest, raw)| Some((digest.clone(), text(raw)?))));
        let lock = Lock { base: self.name.clone(), digest: base.digest.clone(), platforms: images, documents };
        if before.as_ref() == Some(&lock) {
            return Ok(None);
        }
        lock.write(path)?;
        Ok(Some(path))
    }
}
