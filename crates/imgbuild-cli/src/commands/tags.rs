//! `imgbuild tags`: the tags of a repository.

use clap::Args;
use imgbuild::{Cache, Reference, tags};

use crate::arguments::{CacheArguments, RegistryArguments};
use crate::face::{Exit, Face, Failure};

/// Which repository.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The repository, such as `docker.io/koin/api`
    #[arg(value_name = "REPO")]
    repository: Reference,
    /// Prints digests, platforms and what imgbuild recorded as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Prints one line a tag.
pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let Arguments { repository, json, registry, cache } = arguments;
    let client = registry.client(face, None)?;
    let cache = cache.open(face).map_or_else(Cache::temporary, Ok)?;
    let found = tags::list(&repository, &client, &cache).await?;
    let lines = found.iter().map(|tag| {
        let platforms: Vec<String> = tag.platforms.iter().map(ToString::to_string).collect();
        let base = tag.built_by_imgbuild.as_ref().map(|record| match &record.base {
            Some(base) => format!("  imgbuild on {base}"),
            None => "  imgbuild".to_owned(),
        });
        format!("{}  {}  {}{}", tag.tag, tag.digest, platforms.join(","), base.unwrap_or_default()).trim_end().to_owned()
    });
    let lines = lines.collect::<Vec<_>>().join("\n");
    if json || !lines.is_empty() {
        super::show(face, json, &found, &lines)?;
    }
    Ok(Exit::DONE)
}
