//! `imgbuild build`: from a JAR to a published image.

use std::path::PathBuf;

use clap::Args;
use imgbuild::{Build, Recipe, Reference, RegistryTarget, Target};
use imgbuild_docker::service::{Changes, Outcome};
use imgbuild_docker::{Engine, LoadTarget};

use super::service::{shown, watched};
use super::services;
use crate::arguments::{
    CacheArguments, EngineArguments, Inputs, LockArguments, Output, RecipeArguments, RegistryArguments, RolloutArguments, published,
};
use crate::face::{Exit, Face, Failure, NewFile};

/// What is built, and where it goes.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The JAR or WAR that the build made; with a Dockerfile, its context; with services, which of them [default: all]
    #[arg(value_name = "JAR|CONTEXT|SERVICE")]
    pub(super) input: Vec<PathBuf>,
    /// Names the image; the whole name, with the registry where it is not Docker Hub
    #[arg(short, long, value_name = "REF", value_delimiter = ',')]
    pub(super) tag: Vec<Reference>,
    /// Pushes the image to the registry of each name
    #[arg(long)]
    pub(super) push: bool,
    /// Loads the image of the engine's platform into a Docker Engine
    #[arg(long)]
    pub(super) load: bool,
    /// Rolls the pushed image out to this Swarm service, as `imgbuild service update` does
    #[arg(long, value_name = "SERVICE", requires = "push")]
    pub(super) rollout: Option<String>,
    /// Writes the image: `type=oci,dest=DIR`, `type=oci-archive,dest=FILE` or `type=docker-archive,dest=FILE`
    #[arg(short, long, value_name = "type=TYPE,dest=PATH")]
    pub(super) output: Vec<Output>,
    /// Writes digests, layers and the bytes sent and skipped there, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) metadata_file: Option<PathBuf>,
    /// Stops at the first service that fails; without it the others are built all the same
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// Shows what would be built; asks no registry and writes nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) recipe: RecipeArguments,
    #[command(flatten)]
    swarm: RolloutArguments,
    #[command(flatten)]
    pub(super) engine: EngineArguments,
    #[command(flatten)]
    pub(super) lock: LockArguments,
    #[command(flatten)]
    pub(super) registry: RegistryArguments,
    #[command(flatten)]
    pub(super) cache: CacheArguments,
}

/// Builds, and prints the name of the image with its digest.
pub(crate) async fn run(mut arguments: Arguments, face: &Face) -> Result<Exit, Failure> {
    arguments.recipe.look_into(&arguments.input);
    let project = arguments.recipe.project()?;
    if !project.services.is_empty() {
        return services::run(arguments, &project, face).await;
    }
    let Inputs { mut recipe, application, tags, mirrors, lock } =
        arguments.recipe.inputs(&project, None, application(&arguments.input)?)?;
    arguments.registry.add_mirrors(mirrors);
    let names = if arguments.tag.is_empty() { tags } else { arguments.tag.clone() };
    if arguments.dry_run {
        return plan(recipe, application, face).await;
    }
    // What is mounted is no part of the image, which then holds nothing that must stay private.
    let files = if arguments.swarm.is_mounting() { std::mem::take(&mut recipe.configs) } else { Vec::new() };
    let mounts = arguments.swarm.mounts(files)?;
    if !mounts.is_empty() && arguments.rollout.is_none() {
        return Err(Failure::usage("`--config-as` mounts files into a service, and none is named").hint("add `--rollout SERVICE`"));
    }
    let engine = if arguments.load || arguments.rollout.is_some() { Some(arguments.engine.connect().await?) } else { None };
    let pushed: &[Reference] = if arguments.push { &names } else { &[] };
    let targets = targets(&arguments, &names, engine.as_ref().filter(|_| arguments.load))?;
    let client = arguments.registry.client(face, pushed)?;
    let metadata = arguments.metadata_file.as_deref().map(NewFile::create).transpose()?;
    let is_result_shown = !arguments.output.iter().any(Output::is_stdout);

    let mut build = arguments.lock.apply(Build::new(recipe, application), lock);
    build = build.registry(client).cancel(face.cancel()).on_event(face.observer());
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
    match (&arguments.rollout, engine) {
        // The index is confirmed: every reference of the report names what its registry has.
        (Some(name), Some(engine)) => {
            let limit = arguments.registry.timeout();
            let service = arguments.swarm.service(engine, name, &arguments.registry, limit, face)?.mounts(mounts);
            let image = published(&report.reference())?;
            let outcome = watched(face, name, Box::pin(service.update(Some(&image), &Changes::default()))).await?;
            rolled_out(face, &outcome)
        }
        _ => Ok(Exit::DONE),
    }
}

/// Stdout holds the image's name alone: an outcome that is good is one more line of what happened.
fn rolled_out(face: &Face, outcome: &Outcome) -> Result<Exit, Failure> {
    if outcome.is_good() {
        face.note(&outcome.to_string());
        return Ok(Exit::DONE);
    }
    shown(face, outcome, false)
}

/// The one JAR or context that is named.
fn application(input: &[PathBuf]) -> Result<Option<PathBuf>, Failure> {
    match input {
        [] => Ok(None),
        [one] => Ok(Some(one.clone())),
        [_, second, ..] => {
            let failure = Failure::usage(format!("one JAR makes one image, and `{}` is another one", second.display()));
            Err(failure.hint("write `services:` into imgbuild.yaml to build several images"))
        }
    }
}

/// Where the image goes; it must go somewhere.
pub(super) fn targets(arguments: &Arguments, names: &[Reference], load: Option<&Engine>) -> Result<Vec<Box<dyn Target>>, Failure> {
    let mut targets: Vec<Box<dyn Target>> = Vec::new();
    if arguments.push {
        if names.is_empty() {
            return Err(Failure::usage("`--push` has no name to push to").hint("name the image, such as `-t docker.io/koin/api:latest`"));
        }
        targets.extend(RegistryTarget::group(names.iter().cloned()).into_iter().map(Box::from));
    }
    targets.extend(load.map(|engine| Box::from(LoadTarget::new(engine.clone()).names(names.iter().cloned()))));
    targets.extend(arguments.output.iter().map(|output| output.target(names)));
    if targets.is_empty() {
        let hint = "add `--push` to send it to the registry of `-t`, `--load` to load it into Docker, or `-o type=oci,dest=DIR` to write it to a folder; \
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
