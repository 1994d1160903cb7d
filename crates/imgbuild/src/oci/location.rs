//! Where an image is: the spellings that skopeo uses, and a bare reference for a registry.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::{Reference, ReferenceError};

/// The scheme of what a Docker Engine has, without the colon.
const DAEMON: &str = "docker-daemon";

/// The place of an image, as a source or a target.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Location {
    /// A registry: a reference without a scheme, or `docker://REFERENCE`.
    Registry(Reference),
    /// An OCI image layout: `oci:DIR[:TAG]`.
    Layout {
        /// The folder.
        folder: PathBuf,
        /// The value of its `org.opencontainers.image.ref.name`; may be left out where the layout holds one image.
        tag: Option<String>,
    },
    /// A tar archive: `oci-archive:FILE[:TAG]` or `docker-archive:FILE[:REFERENCE]`.
    Archive {
        /// Which kind is written. What is read tells by itself which kind it is.
        form: ArchiveForm,
        /// The archive; `-` is stdin or stdout.
        file: PathBuf,
        /// The tag of the image, a whole reference in Docker's form; may be left out where the archive holds one image.
        tag: Option<String>,
    },
    /// An image of a Docker Engine: `docker-daemon:REFERENCE`. This crate speaks with none; who does opens it and hands it in.
    Daemon(Reference),
}

/// The two kinds of archives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArchiveForm {
    /// An OCI image layout in a tar.
    Oci,
    /// The same with a `manifest.json`, which `docker load` reads.
    Docker,
}

impl ArchiveForm {
    /// The scheme in front of the file, without the colon.
    #[must_use]
    pub const fn scheme(self) -> &'static str {
        match self {
            Self::Oci => "oci-archive",
            Self::Docker => "docker-archive",
        }
    }
}

/// Whether a path stands for stdin or stdout.
#[must_use]
pub fn is_stdio(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Why a string names no place of an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocationError {
    /// The reference is none.
    #[error(transparent)]
    Reference(#[from] ReferenceError),
    /// A path is missing.
    #[error("`{0}` names no folder: write `oci:DIR` or `oci:DIR:TAG`")]
    NoPath(String),
    /// A file is missing.
    #[error("`{text}` names no file: write `{scheme}:FILE`, or `{scheme}:-` for standard input or output")]
    NoFile {
        /// What was written.
        text: String,
        /// The scheme that it was written with.
        scheme: &'static str,
    },
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(rest) = text.strip_prefix("oci:") {
            let (folder, tag) = split_tag(rest);
            if folder.is_empty() {
                return Err(LocationError::NoPath(text.to_owned()));
            }
            return Ok(Self::Layout { folder: folder.into(), tag });
        }
        if let Some(rest) = text.strip_prefix(DAEMON).and_then(|rest| rest.strip_prefix(':')) {
            return Ok(Self::Daemon(rest.parse()?));
        }
        for form in [ArchiveForm::Oci, ArchiveForm::Docker] {
            let Some(rest) = text.strip_prefix(form.scheme()).and_then(|rest| rest.strip_prefix(':')) else { continue };
            let (file, tag) = match form {
                ArchiveForm::Oci => split_tag(rest),
                // A reference holds `/` and `:`, so the first colon ends the file's name, as it does for skopeo.
                ArchiveForm::Docker => rest.split_once(':').map_or((rest, None), |(file, tag)| (file, Some(tag.to_owned()))),
            };
            if file.is_empty() {
                return Err(LocationError::NoFile { text: text.to_owned(), scheme: form.scheme() });
            }
            return Ok(Self::Archive { form, file: file.into(), tag });
        }
        Ok(Self::Registry(text.strip_prefix("docker://").unwrap_or(text).parse()?))
    }
}

/// A tag holds no `/`, so a colon in a folder's name is not mistaken for one.
fn split_tag(text: &str) -> (&str, Option<String>) {
    match text.rsplit_once(':') {
        Some((path, tag)) if !tag.is_empty() && !tag.contains('/') => (path, Some(tag.to_owned())),
        _ => (text, None),
    }
}

impl From<Reference> for Location {
    fn from(reference: Reference) -> Self {
        Self::Registry(reference)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, path, tag) = match self {
            Self::Registry(reference) => return reference.fmt(formatter),
            Self::Layout { folder, tag } => ("oci", folder, tag),
            Self::Archive { form, file, tag } => (form.scheme(), file, tag),
            Self::Daemon(reference) => return write!(formatter, "{DAEMON}:{reference}"),
        };
        write!(formatter, "{scheme}:{}", path.display())?;
        tag.iter().try_for_each(|tag| write!(formatter, ":{tag}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_as_in_skopeo() {
        let layout = |folder: &str, tag: Option<&str>| Location::Layout { folder: folder.into(), tag: tag.map(str::to_owned) };
        assert_eq!("oci:fixtures/base:17".parse(), Ok(layout("fixtures/base", Some("17"))));
        assert_eq!("oci:fixtures/base".parse(), Ok(layout("fixtures/base", None)));
        assert_eq!("oci:/a:b/c".parse(), Ok(layout("/a:b/c", None)));
        let hub: Location = "amazoncorretto:17".parse().unwrap();
        assert_eq!(hub.to_string(), "docker.io/library/amazoncorretto:17");
        assert_eq!("docker://amazoncorretto:17".parse(), Ok(hub));
        let daemon: Location = "docker-daemon:koin/api:1".parse().unwrap();
        assert_eq!((daemon.to_string().as_str(), matches!(daemon, Location::Daemon(_))), ("docker-daemon:docker.io/koin/api:1", true));
        assert!("docker-daemon:".parse::<Location>().is_err());
        assert!("oci:".parse::<Location>().is_err());
        assert!("oci::17".parse::<Location>().is_err());
    }

    #[test]
    fn archives_as_in_skopeo() {
        let table = [
            ("oci-archive:a.tar", ArchiveForm::Oci, "a.tar", None),
            ("oci-archive:/b/a.tar:17", ArchiveForm::Oci, "/b/a.tar", Some("17")),
            ("docker-archive:a.tar", ArchiveForm::Docker, "a.tar", None),
            ("docker-archive:a.tar:koin/api:1", ArchiveForm::Docker, "a.tar", Some("koin/api:1")),
            ("docker-archive:-", ArchiveForm::Docker, "-", None),
        ];
        for (text, form, file, tag) in table {
            let location: Location = text.parse().unwrap();
            assert_eq!(location, Location::Archive { form, file: file.into(), tag: tag.map(str::to_owned) }, "{text}");
            assert_eq!(location.to_string(), text);
        }
        for bad in ["oci-archive:", "docker-archive:", "docker-archive::x"] {
            assert!(matches!(bad.parse::<Location>(), Err(LocationError::NoFile { .. })), "{bad}");
        }
    }
}
