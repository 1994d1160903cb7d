//! `imgbuild inspect`: what an image is made of.

use clap::Args;
use imgbuild::{Inspect, Location, Platform};

use crate::arguments::{CacheArguments, EngineArguments, Layers, RegistryArguments};
use crate::face::{Exit, Face, Failure};

/// What is looked at.
#[derive(Debug, Args)]
#[command(after_help = "\
Variables are shown with their values only where these are known to be harmless, and what looks secret is shown as `***`.")]
pub(crate) struct Arguments {
    /// The image: REF, `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`, `docker-archive:FILE[:REF]` or `docker-daemon:REF`
    #[arg(value_name = "IMAGE")]
    image: Location,
    /// Looks at the image of this platform alone
    #[arg(long, value_name = "OS/ARCH")]
    platform: Option<Platform>,
    /// Which layers are downloaded to see the files and the JARs in them
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Layers::Own)]
    layers: Layers,
    /// Prints everything as JSON
    #[arg(long, conflicts_with = "raw")]
    json: bool,
    /// Prints the bytes of the index, or of the manifest of `--platform`, exactly as they are stored
    #[arg(long)]
    raw: bool,
    #[command(flatten)]
    engine: EngineArguments,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Looks at the image, and prints what was found.
pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let client = arguments.registry.client(face, [])?;
    let origin = face.until_cancelled(arguments.engine.origin(arguments.image)).await?;
    let mut inspect = Inspect::of(origin).reading(arguments.layers.into()).registry(client).on_event(face.observer());
    if let Some(platform) = arguments.platform {
        inspect = inspect.platform(platform);
    }
    if let Some(cache) = arguments.cache.open(face) {
        inspect = inspect.cache(cache);
    }
    if arguments.raw {
        face.bytes(&face.until_cancelled(inspect.raw()).await?)?;
        return Ok(Exit::DONE);
    }
    let found = face.until_cancelled(inspect.run()).await?;
    if arguments.json {
        face.result_json(&found)?;
    } else {
        face.outline(&found.outline())?;
    }
    Ok(Exit::DONE)
}
