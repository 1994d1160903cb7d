//! Files of this machine and their places in the image.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::Error;
use super::error::no;
use super::value::{absolute, mode};
use crate::oci::Platform;

/// A file of this machine and its place in the image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injected {
    /// The path on this machine; may be a folder for additions.
    pub source: PathBuf,
    /// The absolute path in the image.
    pub destination: String,
    /// Permission bits; `None` is 0644 for files and 0755 for folders.
    pub mode: Option<u32>,
    /// The platform whose image gets it; `None` is all of them.
    pub platform: Option<Platform>,
}

impl Injected {
    /// Whether the image of `platform` gets it.
    #[must_use]
    pub fn is_for(&self, platform: &Platform) -> bool {
        self.platform.as_ref().is_none_or(|only| only.matches(platform))
    }
}

/// A file as flags and recipes name it, before it has its place: `[PLATFORM=]SOURCE[:DESTINATION[:MODE]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Injection {
    /// The path on this machine.
    pub source: PathBuf,
    /// An absolute path; one that ends in `/` is the folder that the file goes into under its own name.
    pub destination: Option<String>,
    /// Permission bits.
    pub mode: Option<u32>,
    /// The platform whose image gets it; `None` is all of them.
    pub platform: Option<Platform>,
}

impl Injection {
    /// The same with a relative source taken from `folder`.
    #[must_use]
    pub(super) fn within(self, folder: &Path) -> Self {
        Self { source: folder.join(self.source), ..self }
    }

    /// Gives it its place; `folder` is where it goes when it names none.
    pub(super) fn place(self, folder: Option<&str>) -> Result<Injected, Error> {
        let fail = |reason| Error::Place { source_path: self.source.clone(), reason };
        let wanted = match (&self.destination, folder) {
            (Some(destination), _) => destination.clone(),
            (None, Some(folder)) => format!("{}/", folder.trim_end_matches('/')),
            (None, None) => return Err(fail("it has no destination; write `FILE:/PATH`")),
        };
        let destination = if wanted.ends_with('/') {
            let name = self.source.file_name().ok_or_else(|| fail("its path ends in no name; write the whole destination"))?;
            let name = name.to_str().ok_or_else(|| fail("its name is not UTF-8; write the whole destination"))?;
            format!("{wanted}{name}")
        } else {
            wanted
        };
        Ok(Injected { source: self.source, destination, mode: self.mode, platform: self.platform })
    }
}

impl FromStr for Injection {
    type Err = Error;

    /// Splits at the first `:/`, since a destination is absolute. A last part of three or more octal digits is the mode. A first part
    /// such as `linux/arm64=` is a platform; for a source of such a name write `./linux/…`.
    fn from_str(whole: &str) -> Result<Self, Self::Err> {
        const FORM: &str =
            "write `FILE` or `FILE:/PATH` or `FILE:/PATH:MODE`, with a platform such as `linux/arm64=` in front where it is for one";
        let error = |reason| no("file for the image", whole, reason);
        let (platform, text) = match whole.split_once('=') {
            Some((platform, text)) if platform.starts_with("linux/") && !platform.contains(':') => {
                (Some(platform.parse::<Platform>().map_err(|_| error("what stands before the `=` is no platform"))?), text)
            }
            _ => (None, whole),
        };
        let Some(at) = text.find(":/") else {
            if text.contains(':') {
                return Err(error("what follows the `:` must be an absolute path"));
            }
            return if text.is_empty() {
                Err(error(FORM))
            } else {
                Ok(Self { source: text.into(), destination: None, mode: None, platform })
            };
        };
        let (source, rest) = (&text[..at], &text[at + 1..]);
        if source.is_empty() {
            return Err(error(FORM));
        }
        let (path, bits) = match rest.rsplit_once(':') {
            Some((path, bits)) => (path, Some(mode(bits)?)),
            None => (rest, None),
        };
        Ok(Self { source: source.into(), destination: Some(absolute("destination", path)?), mode: bits, platform })
    }
}

/// Places `added` among `placed`: one for the same path and platform replaces what a weaker source put there.
pub(super) fn lay_over(placed: &mut Vec<Injected>, added: Vec<Injected>) -> Result<(), Error> {
    for (position, one) in added.iter().enumerate() {
        let same = |other: &&Injected| other.destination == one.destination && other.platform == one.platform;
        if let Some(other) = added[..position].iter().find(same) {
            return Err(Error::SamePlace { first: other.source.clone(), second: one.source.clone(), destination: one.destination.clone() });
        }
    }
    placed.retain(|old| !added.iter().any(|new| new.destination == old.destination && new.platform == old.platform));
    placed.extend(added);
    Ok(())
}
