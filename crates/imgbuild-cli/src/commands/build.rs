//! `imgbuild build`: from a JAR to a published image.

use std::path::PathBuf;

use clap::Args;
use imgbuild::{Build, Recipe, Reference, RegistryTarget, Target};

use crate::arguments::{CacheArguments, Output, RecipeArguments, RegistryArguments};
use crate::face::{Exit, Face, Failure, NewFile};

/// What is built, and where it goes.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The JAR or WAR that the build made
    #[arg(value_name = "JAR")]
    jar: PathBuf,
    /// Names the image; the whole name, with the registry where it is not Docker Hub
    #[arg(short, long, value_name = "REF", value_delimiter = ',')]
    tag: Vec<Reference>,
    /// Pushes the image to the registry of each name
    #[arg(long)]
    push: bool,
    /// Writes the image: `type=oci,dest=DIR`, `type=oci-archive,dest=FILE` or `type=docker-archive,dest=FILE`
    #[arg(short, long, value_name = "type=TYPE,dest=PATH")]
    output: Vec<Output>,
    /// Writes digests, layers and the bytes sent and skipped there, as JSON
    #[arg(long, value_name = "FILE")]
    metadata_file: Option<PathBuf>,
    /// Shows what would be built; asks no registry and writes nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    recipe: RecipeArguments,
    #[command(flatten)]
    registry: RegistryArguments,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Builds, and prints the name of the image with its digest.
pub(crate) async fn run(mut arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    let (recipe, tags, mirrors) = arguments.recipe.recipe()?;
    arguments.registry.add_mirrors(mirrors);
    let names = if arguments.tag.is_empty() { tags } else { arguments.tag.clone() };
    if arguments.dry_run {
        return plan(recipe, arguments.jar, face).await;
    }
    let pushed: &[Reference] = if arguments.push { &names } else { &[] };
    let targets = targets(&arguments, &names)?;
    let client = arguments.registry.client(face, pushed)?;
    let metadata = arguments.metadata_file.as_deref().map(NewFile::create).transpose()?;
    let is_result_shown = !arguments.output.iter().any(Output::is_stdout);

    let mut build = Build::new(recipe, arguments.jar).registry(client).cancel(face.cancel()).on_event(face.observer());
    for target in targets {
        build = build.target(target);
    }
    if let Some(cache) = arguments.cache.open(face) {
        build = build.cache(cache);
    }
    let report = build.run().await?;
    if let Some(file) = metadata {
        file.write_json(&report)?;
    }
    if is_result_shown {
        face.result(&report.reference())?;
    }
    Ok(Exit::DONE)
}

/// Where the image goes; it must go somewhere.
fn targets(arguments: &Arguments, names: &[Reference]) -> Result<Vec<Box<dyn Target>>, Failure> {
    let mut targets: Vec<Box<dyn Target>> = Vec::new();
    if arguments.push {
        if names.is_empty() {
            return Err(Failure::usage("`--push` has no name to push to").hint("name the image, such as `-t docker.io/koin/api:latest`"));
        }
        targets.extend(RegistryTarget::group(names.iter().cloned()).into_iter().map(Box::from));
    }
    targets.extend(arguments.output.iter().map(|output| output.target(names)));
    if targets.is_empty() {
        let hint = "add `--push` to send it to the registry of `-t`, or `-o type=oci,dest=DIR` to write it to a folder; \
                    `--dry-run` shows what would be built";
        return Err(Failure::usage("the image would go nowhere").hint(hint));
    }
    Ok(targets)
}

async fn plan(recipe: Recipe, jar: PathBuf, face: &Face) -> Result<Exit, Failure> {
    let build = Build::new(recipe, jar);
    let plan = tokio::task::spawn_blocking(move || build.plan()).await.map_err(Failure::ended)??;
    face.result(plan.to_string().trim_end())?;
    Ok(Exit::DONE)
}
