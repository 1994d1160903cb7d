//! `imgbuild copy`: an image from one place to another, byte for byte.

use clap::Args;
use imgbuild::{Copy, Location, Platform, target};

use crate::arguments::{CacheArguments, RegistryArguments};
use crate::face::{Exit, Face, Failure};

/// What is copied where.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where the image is: a reference, `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or `docker-archive:FILE[:REF]`; FILE may be `-`
    #[arg(value_name = "SRC")]
    source: Location,
    /// Where it goes, in the same words
    #[arg(value_name = "DST")]
    destination: Location,
    /// Copies the image of this platform alone, without the index around it
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<Platform>,
    /// Prints digests, platforms and the bytes sent and skipped as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Copies, and prints the name of the copy with its digest.
pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let Arguments { source, destination, platform, json, registry, cache } = arguments;
    let is_stdout = matches!(&destination, Location::Archive { file, .. } if imgbuild::oci::is_stdio(file));
    let written = match &destination {
        Location::Registry(reference) => Some(reference.clone()),
        _ => None,
    };
    let client = registry.client(face, &written)?;
    let mut copy = Copy::new(source, target::at(&destination)?).registry(client).cancel(face.cancel()).on_event(face.observer());
    if let Some(platform) = platform {
        copy = copy.platform(platform);
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
