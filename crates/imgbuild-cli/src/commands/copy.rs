//! `imgbuild copy`: an image from one place to another, byte for byte.

use clap::Args;
use imgbuild::{Copy, Location, Platform};

use crate::arguments::{CacheArguments, EngineArguments, RegistryArguments};
use crate::face::{Exit, Face, Failure};

/// What is copied where.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the image is: a reference, `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:REF]` or `docker-daemon:REF`; FILE
    /// may be `-`
    #[arg(value_name = "SRC")]
    source: Location,
    /// Where it goes, in the same words
    #[arg(value_name = "DST")]
    destination: Location,
    /// Copies the image of this platform alone, without the index around it
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<Platform>,
    /// Copies also what refers to the image and to its manifests, and what refers to that: signatures, SBOMs and the like
    #[arg(long)]
    referrers: bool,
    /// Prints digests, platforms and the bytes sent and skipped as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Copies, and prints the name of the copy with its digest.
pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let Arguments { source, destination, platform, referrers, json, engine, registry, cache } = arguments;
    let is_stdout = matches!(&destination, Location::Archive { file, .. } if imgbuild::oci::is_stdio(file));
    let written = match &destination {
        Location::Registry(reference) => Some(reference.clone()),
        _ => None,
    };
    if referrers && [&source, &destination].into_iter().any(|place| matches!(place, Location::Daemon(_))) {
        let failure = Failure::usage("`--referrers` has no meaning for a Docker Engine, which keeps none");
        return Err(failure.hint("leave `--referrers` away, or copy to `oci:DIR`"));
    }
    let client = registry.client(face, &written)?;
    // Whether there is a target is known sooner than what an engine packs.
    let target = face.until_cancelled(engine.target(&destination)).await?;
    let origin = face.until_cancelled(engine.origin(source)).await?;
    let mut copy = Copy::of(origin, target).registry(client).cancel(face.cancel()).on_event(face.observer());
    if let Some(platform) = platform {
        copy = copy.platform(platform);
    }
    if referrers {
        copy = copy.with_referrers();
    }
    if let Some(cache) = cache.open(face) {
        copy = copy.cache(cache);
    }
    let copied = copy.run().await?;
    if !is_stdout {
        super::show(face, json, &copied, &copied.reference())?;
    }
    Ok(Exit::DONE)
}
