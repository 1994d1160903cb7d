//! Where base layers and finished layers are kept between builds.

use std::path::PathBuf;

use clap::Args;
use imgbuild::Cache;

use crate::face::Face;

/// Where layers are kept between builds.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Cache")]
pub(crate) struct CacheArguments {
    /// The folder that keeps base layers and finished layers [default: imgbuild in the user's cache folder]
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
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
        let opened = self.cache_dir.clone().map_or_else(Cache::default_folder, Ok).and_then(Cache::open);
        opened.map_err(|error| face.warn(format!("{error}; this build keeps nothing"), error.hint().as_deref())).ok()
    }
}
