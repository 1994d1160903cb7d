//! `imgbuild diff`: what differs between two images, and why it matters.

use clap::Args;
use imgbuild::{Diff, Location, Platform};

use crate::arguments::{CacheArguments, EngineArguments, Layers, RegistryArguments};
use crate::face::{Exit, Face, Failure};

/// What is compared.
#[derive(Debug, Args)]
#[command(after_help = "\
Ends with 0 when both are the same, byte for byte, and with 6 when they differ. Layers that both have are not downloaded. \
Names of configuration keys, variables and labels are told; their values never are.")]
pub(crate) struct Arguments {
    /// What was: REF, `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:REF]` or `docker-daemon:REF`
    #[arg(value_name = "A")]
    left: Location,
    /// What is
    #[arg(value_name = "B")]
    right: Location,
    /// Compares the images of this platform alone
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<Platform>,
    /// Which of the layers that differ are downloaded to see what differs in them
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Layers::All)]
    layers: Layers,
    /// Prints everything as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Compares, and prints what differs.
pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let client = arguments.registry.client(face, [])?;
    let left = face.until_cancelled(arguments.engine.origin(arguments.left)).await?;
    let right = face.until_cancelled(arguments.engine.origin(arguments.right)).await?;
    let diff = Diff::of(left, right).reading(arguments.layers.into());
    let mut diff = diff.registry(client).on_event(face.observer());
    if let Some(platform) = arguments.platform {
        diff = diff.platform(platform);
    }
    if let Some(cache) = arguments.cache.open(face) {
        diff = diff.cache(cache);
    }
    let difference = face.until_cancelled(diff.run()).await?;
    if arguments.json {
        face.result_json(&difference)?;
    } else {
        face.outline(&difference.outline())?;
    }
    Ok(if difference.same { Exit::DONE } else { Exit::DIFFERENT })
}
