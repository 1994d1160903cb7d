//! The file's form.

mod documents;

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Lock, LockedImage};
use crate::base::facts::{Java, Node, Tree};
use crate::elf::{Libc, Machine};
use crate::oci::Digest;

/// Changes whenever an older imgbuild would misread the file.
pub(super) const VERSION: u32 = 1;
/// What stands for a path or a user that is not there.
const ABSENT: &str = "absent";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Form {
    version: u32,
    base: String,
    digest: Digest,
    platforms: BTreeMap<String, FormImage>,
    #[serde(default, deserialize_with = "documents::read")]
    documents: BTreeMap<Digest, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FormImage {
    manifest: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    java: Option<FormJava>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    users: BTreeMap<String, Text<crate::base::facts::Identity>>,
    paths: BTreeMap<String, Text<Node>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FormJava {
    executable: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    machine: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    libc: Option<Libc>,
}

/// A value by its text, or `absent`.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "String", into = "String", bound = "T: Clone + fmt::Display + FromStr<Err = String>")]
struct Text<T: Clone + fmt::Display + FromStr<Err = String>>(Option<T>);

impl<T: Clone + fmt::Display + FromStr<Err = String>> Clone for Text<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: Clone + fmt::Display + FromStr<Err = String>> TryFrom<String> for Text<T> {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text == ABSENT { Ok(Self(None)) } else { text.parse().map(|value| Self(Some(value))) }
    }
}

impl<T: Clone + fmt::Display + FromStr<Err = String>> From<Text<T>> for String {
    fn from(text: Text<T>) -> Self {
        text.0.map_or_else(|| ABSENT.to_owned(), |value| value.to_string())
    }
}

/// Why a text is no lock.
pub(super) enum Flaw {
    /// It has the form of this version.
    Version(u32),
    /// It is no such JSON.
    Json(serde_json::Error),
}

impl From<serde_json::Error> for Flaw {
    fn from(error: serde_json::Error) -> Self {
        Self::Json(error)
    }
}

pub(super) fn read(text: &str) -> Result<Lock, Flaw> {
    use serde::de::Error as _;
    // A newer form may have keys that the strict reader would call wrong: its number is looked at first.
    #[derive(Deserialize)]
    struct Number {
        version: u32,
    }
    let Number { version } = serde_json::from_str(text)?;
    if version != VERSION {
        return Err(Flaw::Version(version));
    }
    let form: Form = serde_json::from_str(text)?;
    let platforms = form.platforms.into_iter().map(|(platform, image)| Ok((platform, image.locked().map_err(serde_json::Error::custom)?)));
    Ok(Lock {
        base: form.base,
        digest: form.digest,
        platforms: platforms.collect::<Result<_, serde_json::Error>>()?,
        documents: form.documents,
    })
}

impl FormImage {
    fn locked(self) -> Result<LockedImage, String> {
        let java = self.java.map(FormJava::java).transpose()?;
        let path =
            |path: &str| path.strip_prefix('/').map(str::to_owned).ok_or_else(|| format!("the path `{path}` does not start with `/`"));
        let nodes = self.paths.iter().map(|(at, node)| Ok((path(at)?, node.0.clone()))).collect::<Result<Vec<_>, String>>()?;
        let users = self.users.into_iter().map(|(user, identity)| (user, identity.0)).collect();
        Ok(LockedImage { manifest: self.manifest, java, tree: Tree::narrowed(nodes), users })
    }
}

impl FormJava {
    fn java(self) -> Result<Java, String> {
        Ok(Java {
            executable: self.executable,
            version: self.version.map(|version| version.parse()).transpose()?,
            machine: self.machine.map(|machine| machine.parse::<Machine>()).transpose()?,
            libc: self.libc,
        })
    }
}

impl From<&Lock> for Form {
    fn from(lock: &Lock) -> Self {
        let platforms = lock.platforms.iter().map(|(platform, image)| (platform.clone(), image.into()));
        let documents = lock.documents.clone();
        Self { version: VERSION, base: lock.base.clone(), digest: lock.digest.clone(), platforms: platforms.collect(), documents }
    }
}

impl From<&LockedImage> for FormImage {
    fn from(image: &LockedImage) -> Self {
        let java = image.java.as_ref().map(|java| FormJava {
            executable: java.executable.clone(),
            version: java.version.as_ref().map(ToString::to_string),
            machine: java.machine.as_ref().map(ToString::to_string),
            libc: java.libc,
        });
        Self {
            manifest: image.manifest.clone(),
            java,
            users: image.users.iter().map(|(user, identity)| (user.clone(), Text(*identity))).collect(),
            paths: image.tree.known_nodes().map(|(path, node)| (format!("/{path}"), Text(node.cloned()))).collect(),
        }
    }
}

/// The text of the file: JSON, two spaces a level, with a line end behind it.
impl fmt::Display for Lock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = serde_json::to_string_pretty(&Form::from(self)).map_err(|_| fmt::Error)?;
        writeln!(formatter, "{text}")
    }
}
