//! Where an image is: the spellings that skopeo uses, and a bare reference for a registry.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::{Reference, ReferenceError};

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
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(rest) = text.strip_prefix("oci:") {
            // A tag holds no `/`, so a colon in a folder's name is not mistaken for one.
            let (folder, tag) = match rest.rsplit_once(':') {
                Some((folder, tag)) if !tag.is_empty() && !tag.contains('/') => (folder, Some(tag.to_owned())),
                _ => (rest, None),
            };
            if folder.is_empty() {
                return Err(LocationError::NoPath(text.to_owned()));
            }
            return Ok(Self::Layout { folder: folder.into(), tag });
        }
        Ok(Self::Registry(text.strip_prefix("docker://").unwrap_or(text).parse()?))
    }
}

impl From<Reference> for Location {
    fn from(reference: Reference) -> Self {
        Self::Registry(reference)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(reference) => reference.fmt(formatter),
            Self::Layout { folder, tag: None } => write!(formatter, "oci:{}", folder.display()),
            Self::Layout { folder, tag: Some(tag) } => write!(formatter, "oci:{}:{tag}", folder.display()),
        }
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
        assert!("oci:".parse::<Location>().is_err());
        assert!("oci::17".parse::<Location>().is_err());
    }
}
