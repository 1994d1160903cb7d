//! What an image is read from before anything was asked.

use std::fmt;

use super::{Error, Source};
use crate::cache::Cache;
use crate::oci::Location;
use crate::registry::Client;

/// A place to open, or a source that somebody opened already: what a Docker Engine has comes from another crate.
#[derive(Debug, Clone)]
pub enum Origin {
    /// A place.
    At(Location),
    /// An open source.
    Open(Source),
}

impl Origin {
    /// Where it is.
    #[must_use]
    pub const fn location(&self) -> &Location {
        match self {
            Self::At(location) => location,
            Self::Open(source) => source.location(),
        }
    }

    /// The source. Registries are read with `client`, and what they give is kept in `cache`.
    ///
    /// # Errors
    /// As [`Source::open`].
    pub async fn open(&self, client: &Client, cache: Option<&Cache>) -> Result<Source, Error> {
        match self {
            Self::At(location) => Source::open(location, client, cache).await,
            Self::Open(source) => Ok(source.clone()),
        }
    }
}

impl From<Location> for Origin {
    fn from(location: Location) -> Self {
        Self::At(location)
    }
}

impl From<Source> for Origin {
    fn from(source: Source) -> Self {
        Self::Open(source)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.location().fmt(formatter)
    }
}
