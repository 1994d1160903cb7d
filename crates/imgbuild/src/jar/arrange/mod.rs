//! From a JAR to the files of an image's layers: three layouts, computed without a JVM.
//!
//! Holds which file goes where and what starts it; it knows nothing of tar. It refuses a layout in
//! which the application would not start or would not find what it finds in the fat JAR.

mod choice;
mod content;
mod exploded;
mod extracted;
mod thin;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::Error;
use super::layers::Layers;
use crate::oci::Platform;

pub use self::choice::Choice;
pub(super) use self::choice::choose;
pub use self::content::Content;
pub(super) use self::content::thin_jar;
pub(super) use self::exploded::explode;
pub(super) use self::extracted::extract;

/// How a JAR is laid out in the image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Layout {
    /// A thin JAR beside its libraries, started with `java -jar`.
    Extracted,
    /// The JAR's entries as files, started through Spring Boot's launcher.
    Exploded,
    /// The JAR byte for byte.
    Packaged,
}

/// The files of one layer, sorted by path.
#[derive(Debug, Clone)]
pub struct Layer {
    /// The layer's name in `layers.idx`.
    pub name: String,
    /// Its files; folders are those that their paths need.
    pub files: Vec<Placed>,
    /// The platforms that it is for; every one where there are none.
    pub platforms: Vec<Platform>,
}

/// A file of a layer.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Where it goes, below the application's folder: `lib/x.jar`.
    pub path: String,
    /// What is in it.
    pub content: Content,
}

/// What `java` is given to start the application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Launch {
    /// `-jar` and this file of the application's folder.
    Jar(String),
    /// This class, with the application's folder as class path.
    Class(String),
}

/// A JAR laid out: layers that hold something, least often changed first, and how it starts.
#[derive(Debug, Clone)]
pub struct Arrangement {
    /// Layers in the order in which they are put on each other; none is empty.
    pub layers: Vec<Layer>,
    /// What starts the application.
    pub launch: Launch,
    /// The entries of libraries that are left out, by platform.
    pub left_out: Vec<(Platform, BTreeSet<String>)>,
    /// Libraries that keep native code of other platforms, and why.
    pub kept: Vec<String>,
}

/// Why a layout is impossible, before the JAR's name is put to it.
#[derive(Debug)]
pub(super) enum Refusal {
    Because(String),
    Broken(Error),
}

impl Refusal {
    pub(super) fn within(self, archive: &str, layout: Layout) -> Error {
        match self {
            Self::Because(reason) => Error::Layout { archive: archive.to_owned(), layout, reason },
            Self::Broken(error) => error,
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Broken(error)
    }
}

impl Layer {
    fn empty(name: &str) -> Self {
        Self { name: name.to_owned(), files: Vec::new(), platforms: Vec::new() }
    }
}

impl Arrangement {
    /// Every file for every platform.
    pub(super) const fn new(layers: Vec<Layer>, launch: Launch) -> Self {
        Self { layers, launch, left_out: Vec::new(), kept: Vec::new() }
    }
}

impl Layout {
    /// The name that the user writes.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Extracted => "extracted",
            Self::Exploded => "exploded",
            Self::Packaged => "packaged",
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Extracted, Self::Exploded, Self::Packaged]
            .into_iter()
            .find(|layout| layout.as_str() == text)
            .ok_or_else(|| format!("`{text}` is no layout; there are `extracted`, `exploded` and `packaged`"))
    }
}

/// Puts files into their layers: `placed` comes with the name of each file's layer.
pub(super) fn into_layers(layers: &Layers, placed: impl IntoIterator<Item = (String, Placed)>) -> Vec<Layer> {
    let mut filled: Vec<Layer> = layers.names().into_iter().map(Layer::empty).collect();
    for (name, file) in placed {
        match filled.iter_mut().find(|layer| layer.name == name) {
            Some(layer) => layer.files.push(file),
            None => filled.push(Layer { files: vec![file], ..Layer::empty(&name) }),
        }
    }
    filled.retain(|layer| !layer.files.is_empty());
    for layer in &mut filled {
        layer.files.sort_by(|one, other| one.path.cmp(&other.path));
    }
    filled
}

#[cfg(test)]
mod peers;
#[cfg(test)]
mod tests;
