//! Where base layers and finished layers are kept between builds.

use std::path::PathBuf;

use clap::Args;
use imgbuild::{Cache, cache};

use crate::face::Face;

/// The folder of the cache.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cache")]
pub(crate) struct CacheFolder {
    /// The folder that keeps base layers and finished layers [default: imgbuild in the user's cache folder]
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
}

impl CacheFolder {
    /// The folder, which need not be there.
    pub(crate) fn path(&self) -> Result<PathBuf, cache::Error> {
        self.cache_dir.clone().map_or_else(Cache::default_folder, Ok)
    }

    /// The cache in it.
    pub(crate) fn open(&self) -> Result<Cache, cache::Error> {
        self.path().and_then(Cache::open)
    }
}

/// Where layers are kept between builds.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cache")]
pub(crate) struct CacheArguments {
    #[command(flatten)]
    folder: CacheFolder,
    /// Keeps nothing and finds nothing from earlier builds
    #[arg(long, conflicts_with = "cache_dir")]
    no_cache: bool,
}

impl CacheArguments {
    /// The cache, unless it is not wanted. One that cannot be written to is a warning: a build works without.
    pub(crate) fn open(&self, face: &Face) -> Option<Cache> {
        if self.no_cache {
            return None;
        }
        self.folder.open().map_err(|error| face.warn(format!("{error}; this build keeps nothing"), error.hint().as_deref())).ok()
    }
}
