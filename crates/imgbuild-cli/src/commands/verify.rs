//! `imgbuild verify`: is an image what these inputs give?

use clap::Args;
use imgbuild::{Location, Verify};

use crate::arguments::{CacheArguments, InputArguments, Inputs, LockedArguments, RegistryArguments};
use crate::face::{Exit, Face, Failure};

/// What is checked, and what it should be made of.
#[derive(Debug, Args)]
#[command(after_help = "\
Builds again from the JAR, the recipe and the flags of `imgbuild build`, on the base that the image records, and compares. Ends with 0 when \
the image is the same, byte for byte, and with 6 when it differs: then the first layer, entry and bytes that differ are named. A lock is \
used and never written; an image on another base than the lock holds is different.")]
pub(crate) struct Arguments {
    /// The image: REF, `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]` or `docker-archive:FILE[:REF]`
    #[arg(value_name = "IMAGE")]
    image: Location,
    /// Prints everything as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    input: InputArguments,
    #[command(flatten)]
    lock: LockedArguments,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Builds again, compares, and prints what came out.
pub(crate) async fn run(mut arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let Inputs { recipe, application, mirrors, lock, .. } = arguments.input.inputs()?;
    arguments.registry.add_mirrors(mirrors);
    let client = arguments.registry.client(face, [])?;
    let verify = arguments.lock.apply(Verify::new(arguments.image, recipe, application), lock);
    let mut verify = verify.registry(client).on_event(face.observer());
    if let Some(cache) = arguments.cache.open(face) {
        verify = verify.cache(cache);
    }
    let found = face.until_cancelled(verify.run()).await?;
    if arguments.json {
        face.result_json(&found)?;
    } else {
        face.outline(&found.outline())?;
    }
    Ok(if found.same { Exit::DONE } else { Exit::DIFFERENT })
}
