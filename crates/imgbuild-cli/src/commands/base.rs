//! `imgbuild base`: whether an image is behind its base.

use clap::Args;
use imgbuild::rebase::{BaseStatus, Freshness};
use imgbuild::{Cache, Location};

use crate::arguments::{CacheArguments, RegistryArguments};
use crate::face::{Exit, Face, Failure};

/// Which image.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The image: a reference, or `oci:DIR[:TAG]`
    #[arg(value_name = "REF")]
    image: Location,
    /// Compares with this base instead of the one that the image names
    #[arg(long, value_name = "REF")]
    base: Option<Location>,
    /// Prints the digests of every platform as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Prints one line a platform; the exit code says whether one of them is behind.
pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let Arguments { image, base, json, registry, cache } = arguments;
    let client = registry.client(face, None)?;
    let cache = cache.open(face).map_or_else(Cache::temporary, Ok)?;
    let status = BaseStatus::of(&image, base.as_ref(), &client, &cache).await?;
    let lines = status.platforms.iter().map(|one| match one.freshness {
        Freshness::Current => format!("{} is on {} as it is now ({})", one.platform, one.base, one.current.short()),
        Freshness::Behind => format!("{} is on {}, which is {} now", one.platform, one.built_on.short(), one.current.short()),
    });
    super::show(face, json, &status, &lines.collect::<Vec<_>>().join("\n"))?;
    Ok(match status.freshness() {
        Freshness::Current => Exit::DONE,
        Freshness::Behind => Exit::DIFFERENT,
    })
}
