//! What can be wrong with a JAR, by kind, and what the user can do about it.

use std::io;
use std::path::PathBuf;

use super::Layout;

/// Why a JAR could not be read or laid out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system failed while bytes were read.
    #[error("cannot read `{what}`: {source}")]
    Io {
        /// The file, or the archive and its entry.
        what: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is no ZIP at all.
    #[error("`{archive}` is no JAR: {reason}")]
    NotAJar {
        /// The file.
        archive: String,
        /// What is there instead.
        reason: String,
    },
    /// The archive ends before its own records say so.
    #[error("`{archive}` is cut off: {reason}")]
    Truncated {
        /// The archive.
        archive: String,
        /// Which record reaches past the end.
        reason: String,
    },
    /// A record is malformed, or contradicts another one.
    #[error("`{archive}` is damaged{}: {reason}", at(entry.as_deref()))]
    Format {
        /// The archive.
        archive: String,
        /// The entry, where one is concerned.
        entry: Option<String>,
        /// What contradicts what.
        reason: String,
    },
    /// Readers disagree about the archive, or it would do harm when it is unpacked.
    #[error("`{archive}` is refused{}: {reason}", at(entry.as_deref()))]
    Hostile {
        /// The archive.
        archive: String,
        /// The entry, where one is concerned.
        entry: Option<String>,
        /// Which rule it breaks.
        reason: String,
    },
    /// A ZIP feature that JARs do not use.
    #[error("`{archive}` uses what a JAR cannot{}: {reason}", at(entry.as_deref()))]
    Unsupported {
        /// The archive.
        archive: String,
        /// The entry, where one is concerned.
        entry: Option<String>,
        /// The feature.
        reason: String,
    },
    /// The file was written to, replaced or removed while it was read.
    #[error("`{path}` changed while it was read", path = path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// A text inside the JAR (manifest, `layers.idx`, `classpath.idx`) does not parse.
    #[error("cannot parse `{text}` of `{archive}`: {reason}")]
    Text {
        /// The archive.
        archive: String,
        /// The entry that holds the text.
        text: String,
        /// What is wrong, with its line.
        reason: String,
    },
    /// Gradle's plain JAR, which holds no dependencies, was given instead of the boot JAR.
    #[error("`{jar}` is the plain JAR: it has no Main-Class and no dependencies", jar = jar.display())]
    PlainJar {
        /// What was given.
        jar: PathBuf,
        /// The executable JAR beside it, if there is one.
        boot_jar: Option<PathBuf>,
    },
    /// The JAR cannot be started with `java -jar`.
    #[error("`{archive}` cannot be started: {reason}")]
    NoMainClass {
        /// The archive.
        archive: String,
        /// What is missing.
        reason: String,
    },
    /// The JAR cannot be laid out in the way that was asked for.
    #[error("`{archive}` cannot be laid out as `{layout}`: {reason}")]
    Layout {
        /// The archive.
        archive: String,
        /// The layout that was asked for.
        layout: Layout,
        /// Why it would not start, or not behave the same.
        reason: String,
    },
    /// Native code of other platforms cannot be kept out.
    #[error("the native code of other platforms cannot be kept out of `{archive}`: {reason}")]
    Natives {
        /// The archive.
        archive: String,
        /// Why not.
        reason: String,
    },
}

impl Error {
    /// What the user can do about it, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Some("build the JAR first, or check the path".to_owned())
            }
            Self::NotAJar { .. } => Some("name the JAR or WAR that the build made, not a folder's or a download's placeholder".to_owned()),
            Self::Truncated { .. } | Self::Format { .. } => Some("the file is damaged or still being written: build it again".to_owned()),
            Self::Hostile { .. } => {
                Some("Java, unzip and Python read this archive differently: pack it again with Maven, Gradle or `jar`".to_owned())
            }
            Self::Unsupported { .. } => Some("pack it again with Maven, Gradle or `jar`, which only store and deflate".to_owned()),
            Self::Changed { .. } => Some("wait for the build that writes it, then run again".to_owned()),
            Self::PlainJar { boot_jar: Some(boot_jar), .. } => Some(format!("use `{}`", boot_jar.display())),
            Self::PlainJar { boot_jar: None, .. } => Some("run `gradle bootJar` and use the JAR without `-plain` in its name".to_owned()),
            Self::NoMainClass { .. } => {
                Some("use the executable JAR (Spring Boot's bootJar or repackage, or a JAR whose manifest has Main-Class)".to_owned())
            }
            Self::Layout { layout: Layout::Extracted, .. } => Some("use `--layout exploded` or `--layout packaged`".to_owned()),
            Self::Layout { .. } => Some("use `--layout packaged`".to_owned()),
            Self::Natives { .. } => {
                Some("leave `--natives matching` away, or lay a Spring Boot JAR out with `--layout extracted` or `exploded`".to_owned())
            }
            Self::Io { .. } | Self::Text { .. } => None,
        }
    }

    /// Passes the error through `Read`, whose errors are the operating system's.
    pub(super) fn into_io(self) -> io::Error {
        io::Error::new(io::ErrorKind::InvalidData, self)
    }

    /// Takes back what `into_io` wrapped, so that a caller sees the kind again.
    pub(super) fn from_io(what: &str, source: io::Error) -> Self {
        match source.downcast::<Self>() {
            Ok(error) => error,
            Err(source) => Self::Io { what: what.to_owned(), source },
        }
    }
}

fn at(entry: Option<&str>) -> String {
    entry.map(|entry| format!(" at `{}`", entry.escape_debug())).unwrap_or_default()
}
