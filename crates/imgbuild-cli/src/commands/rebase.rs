//! `imgbuild rebase`: an image that imgbuild built on another base, without its JAR.

use clap::Args;
use imgbuild::guard::Allowance;
use imgbuild::{Location, Rebase, Reference, RegistryTarget, Target, target};

use crate::arguments::{CacheArguments, RegistryArguments};
use crate::face::{Exit, Face, Failure};

/// Which image goes on which base, and where the result goes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The image: a reference, or `oci:DIR[:TAG]`
    #[arg(value_name = "REF")]
    image: Location,
    /// The new base
    #[arg(long, value_name = "REF")]
    base: Location,
    /// Names the result [default: the image's own name]
    #[arg(short, long, value_name = "REF", value_delimiter = ',')]
    tag: Vec<Reference>,
    /// Lets a finding of a guard pass, with the reason; `native-library:JAR=REASON` for one library alone
    #[arg(long, value_name = "ID=REASON")]
    allow: Vec<Allowance>,
    /// Says that anybody may pull what the image holds: no registry is asked who may
    #[arg(long)]
    public: bool,
    /// Prints digests, platforms and the bytes sent and skipped as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Rebases, and prints the name of the result with its digest.
pub(crate) async fn run(arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let Arguments { image, base, mut tag, allow, public, json, registry, cache } = arguments;
    let mut targets: Vec<Box<dyn Target>> = Vec::new();
    match &image {
        Location::Registry(reference) if tag.is_empty() && reference.digest().is_none() => tag.push(reference.clone()),
        Location::Registry(reference) if tag.is_empty() => {
            let hint = "add `-t NAME:TAG`: a digest names the image that is there, not the new one";
            return Err(Failure::usage(format!("`{reference}` is no name for the result")).hint(hint));
        }
        elsewhere if tag.is_empty() => targets.push(target::at(elsewhere)?),
        _ => {}
    }
    let client = registry.client(face, &tag)?;
    targets.extend(RegistryTarget::group(tag).into_iter().map(Box::from));
    let rebase = Rebase::new(image, base).allow(allow).public(public).registry(client).cancel(face.cancel()).on_event(face.observer());
    let mut rebase = targets.into_iter().fold(rebase, Rebase::target);
    if let Some(cache) = cache.open(face) {
        rebase = rebase.cache(cache);
    }
    let rebased = rebase.run().await?;
    super::show(face, json, &rebased, &rebased.reference())?;
    Ok(Exit::DONE)
}
