//! JARs and WARs, read without a JVM: what they hold, what starts them, and which files they become.
//!
//! Holds the archive (strictly read), its manifest, Spring Boot's indexes, its libraries, and the three
//! layouts of an image. It refuses archives about which Java, unzip and Python disagree, and knows
//! nothing of tar, layers' digests or registries. Memory stays bounded whatever the JAR's size: only the
//! list of entries is kept.

mod archive;
mod arrange;
mod bytes;
mod classifier;
mod error;
mod index;
mod layers;
mod library;
mod manifest;
mod matching;
mod shape;
mod survey;

use std::path::{Path, PathBuf};

use crate::oci::Platform;

pub use self::archive::{Archive, Contents, Entry, Method, Part, Place, limits, local_header_len, places};
pub use self::arrange::{Arrangement, Choice, Content, Launch, Layer, Layout, Placed};
pub use self::bytes::{Bytes, BytesReader};
pub(crate) use self::classifier::artifact;
pub use self::error::Error;
pub use self::index::{ClasspathIndex, LayersIndex};
pub use self::layers::Layers;
pub use self::library::Library;
pub use self::manifest::{Attributes, Manifest};
pub use self::matching::Natives;
pub use self::shape::{Packaging, Shape, SpringBoot};
pub use self::survey::{Classes, Native, Survey, java_release};

/// A JAR or WAR: its archive, its manifest and what they make of it.
#[derive(Debug, Clone)]
pub struct Jar {
    archive: Archive,
    manifest: Option<Manifest>,
    shape: Shape,
}

impl Jar {
    /// Opens a JAR file.
    ///
    /// # Errors
    /// As [`Jar::read`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        Self::read(&path.display().to_string(), Bytes::open(path)?)
    }

    /// Reads a JAR from bytes; `name` is what errors call it.
    ///
    /// # Errors
    /// Those of [`Archive::open`]; [`Error::Text`] when manifest or indexes do not parse.
    pub fn read(name: &str, bytes: Bytes) -> Result<Self, Error> {
        let archive = Archive::open(name, bytes)?;
        let manifest = Manifest::of(&archive)?;
        let shape = Shape::of(&archive, manifest.as_ref())?;
        Ok(Self { archive, manifest, shape })
    }

    /// The archive.
    #[must_use]
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The manifest, if there is one.
    #[must_use]
    pub fn manifest(&self) -> Option<&Manifest> {
        self.manifest.as_ref()
    }

    /// What kind of JAR it is.
    #[must_use]
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The class that runs the application: Start-Class of a Spring Boot JAR, else Main-Class.
    #[must_use]
    pub fn application_class(&self) -> Option<&str> {
        match &self.shape {
            Shape::SpringBoot(boot) => boot.start_class(),
            Shape::Executable { main_class } => Some(main_class),
            Shape::Library => None,
        }
    }

    /// Demands that `java -jar` can start it.
    ///
    /// # Errors
    /// [`Error::PlainJar`] for Gradle's `*-plain.jar`, with the boot JAR beside it; else
    /// [`Error::NoMainClass`].
    pub fn require_executable(&self) -> Result<(), Error> {
        if !matches!(self.shape, Shape::Library) {
            return Ok(());
        }
        if let Some((jar, boot_jar)) = self.archive.bytes().path().and_then(plain) {
            return Err(Error::PlainJar { jar, boot_jar });
        }
        let reason = if self.manifest.is_some() { "its manifest has no Main-Class" } else { "it has no manifest" };
        Err(Error::NoMainClass { archive: self.archive.name().to_owned(), reason: reason.to_owned() })
    }

    /// The layout that it gets when none is asked for, with the reason where that is not `extracted`.
    ///
    /// # Errors
    /// When entries that have to be compared cannot be read.
    pub fn default_layout(&self) -> Result<Choice, Error> {
        arrange::choose(&self.archive, self.manifest.as_ref(), &self.shape)
    }

    /// Computes the files of each layer. `application` is the path of the application's JAR below the
    /// application's folder, `app.jar` as a rule.
    ///
    /// # Errors
    /// [`Error::Layout`] where the JAR would not start that way; errors of [`Jar::require_executable`].
    pub fn arrange(&self, layout: Layout, application: &str) -> Result<Arrangement, Error> {
        self.require_executable()?;
        let refuse = |refusal: arrange::Refusal| refusal.within(self.archive.name(), layout);
        match (layout, &self.shape, &self.manifest) {
            (Layout::Packaged, ..) => Ok(self.packaged(application)),
            (Layout::Extracted, Shape::SpringBoot(boot), Some(manifest)) => {
                arrange::extract(&self.archive, manifest, boot, application).map_err(refuse)
            }
            (Layout::Exploded, Shape::SpringBoot(boot), _) => Ok(arrange::explode(&self.archive, boot)),
            _ => Err(refuse(arrange::Refusal::Because("it is not a Spring Boot JAR".to_owned()))),
        }
    }

    /// The same for some platforms, each without the native code of others: libraries of which nothing would be left stay
    /// out, the others are written again without it. What depends on the platform comes in layers of its own.
    ///
    /// # Errors
    /// Those of [`arrange`](Self::arrange); [`Error::Natives`] where the libraries are not files of their own, or a platform
    /// is not Linux.
    pub fn arrange_for(&self, layout: Layout, application: &str, platforms: &[Platform]) -> Result<Arrangement, Error> {
        let arrangement = self.arrange(layout, application)?;
        let refuse = |reason: String| Error::Natives { archive: self.archive.name().to_owned(), reason };
        if let Some(other) = platforms.iter().find(|platform| platform.os() != "linux") {
            return Err(refuse(format!("what `{other}` loads is not known")));
        }
        match &self.shape {
            Shape::SpringBoot(boot) if layout != Layout::Packaged => matching::split(arrangement, &self.archive, boot, platforms),
            _ => Err(refuse(format!("as `{layout}` it is put into the image byte for byte"))),
        }
    }

    fn packaged(&self, application: &str) -> Arrangement {
        let content = Content::Bytes(self.archive.bytes().clone());
        let files = vec![Placed { path: application.to_owned(), content }];
        let layers = vec![Layer { name: "application".to_owned(), files, platforms: Vec::new() }];
        Arrangement::new(layers, Launch::Jar(application.to_owned()))
    }
}

/// Gradle's plain JAR, and the executable JAR or WAR beside it.
fn plain(path: &Path) -> Option<(PathBuf, Option<PathBuf>)> {
    let stem = path.file_name()?.to_str()?.strip_suffix("-plain.jar").or_else(|| path.file_name()?.to_str()?.strip_suffix("-plain.war"))?;
    let beside = ["jar", "war"].map(|extension| path.with_file_name(format!("{stem}.{extension}")));
    Some((path.to_owned(), beside.into_iter().find(|candidate| candidate.is_file())))
}

#[cfg(test)]
mod tests;
