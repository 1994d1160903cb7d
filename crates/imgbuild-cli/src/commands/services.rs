//! `imgbuild build` of an `imgbuild.yaml` with `services:`: all of them, or those that are named.

use imgbuild::build::{Batch, Outcome};
use imgbuild::recipe::{Project, Service};
use imgbuild::{Build, Reference};
use serde_json::{Map, Value, json};

use super::build::{Arguments, targets};
use crate::arguments::Inputs;
use crate::face::{Exit, Face, Failure, NewFile};

/// A service that is ready to be built.
struct Job<'a> {
    service: &'a Service,
    names: Vec<Reference>,
    build: Build,
}

/// Builds the services, prints a line for each, and sums up what failed.
pub(super) async fn run(mut arguments: Arguments, project: &Project, face: &Face) -> Result<Exit, Failure> {
    let names: Vec<String> = arguments.input.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let chosen = project.select(&names)?;
    if chosen.len() > 1 || arguments.rollout.is_some() {
        refuse_what_is_for_one(&arguments)?;
    }
    arguments.registry.add_mirrors(project.defaults.mirrors.clone());
    let jobs = chosen.into_iter().map(|service| job(&arguments, project, service)).collect::<Result<Vec<_>, _>>()?;
    if arguments.dry_run {
        for Job { service, build, .. } in jobs {
            let plan = tokio::task::spawn_blocking(move || build.plan()).await.map_err(Failure::ended)??;
            face.result(&format!("{}:\n{}", service.name, plan.to_string().trim_end()))?;
        }
        return Ok(Exit::DONE);
    }
    let pushed: Vec<Reference> = if arguments.push { jobs.iter().flat_map(|job| job.names.clone()).collect() } else { Vec::new() };
    let engine = if arguments.load { Some(arguments.engine.connect().await?) } else { None };
    let client = arguments.registry.client(face, &pushed)?;
    let metadata = arguments.metadata_file.as_deref().map(NewFile::create).transpose()?;
    let cache = arguments.cache.open(face);
    let mut batch = Batch::new().fail_fast(arguments.fail_fast);
    for Job { service, names, build } in jobs {
        let mut build = build.registry(client.clone()).cancel(face.cancel()).on_event(face.observer());
        for target in targets(&arguments, &names, engine.as_ref())? {
            build = build.target(target);
        }
        if let Some(cache) = &cache {
            build = build.cache(cache.clone());
        }
        batch = batch.add(&service.name, build);
    }
    let outcomes = batch
        .run(|name, outcome| {
            if let Outcome::Failed(error) = outcome {
                face.warn(format!("the service `{name}` failed: {error}"), error.hint().as_deref());
            }
        })
        .await?;
    if let Some(file) = metadata {
        file.write_json(&summary(&outcomes))?;
    }
    conclude(outcomes, face)
}

fn job<'a>(arguments: &Arguments, project: &Project, service: &'a Service) -> Result<Job<'a>, Failure> {
    let Inputs { recipe, application, tags, lock, .. } = arguments.recipe.inputs(project, Some(service), None)?;
    let names = if arguments.tag.is_empty() { tags } else { arguments.tag.clone() };
    Ok(Job { service, names, build: arguments.lock.apply(Build::new(recipe, application), lock) })
}

/// One name or one file cannot be that of several images.
fn refuse_what_is_for_one(arguments: &Arguments) -> Result<(), Failure> {
    let flag = if !arguments.tag.is_empty() {
        "-t"
    } else if !arguments.output.is_empty() {
        "-o"
    } else if arguments.rollout.is_some() {
        "--rollout"
    } else if arguments.lock.names_file() {
        "--lock-file"
    } else {
        return Ok(());
    };
    let hint = "write `tags:` for each service, or name one service: `imgbuild build NAME`";
    Err(Failure::usage(format!("`{flag}` is for one image, and imgbuild.yaml has services")).hint(hint))
}

fn summary(outcomes: &[(String, Outcome)]) -> Value {
    let entry = |outcome: &Outcome| match outcome {
        Outcome::Done(report) => serde_json::to_value(report).unwrap_or_default(),
        Outcome::Failed(error) => json!({"error": error.to_string()}),
        Outcome::Skipped => json!({"skipped": true}),
    };
    let services: Map<String, Value> = outcomes.iter().map(|(name, outcome)| (name.clone(), entry(outcome))).collect();
    json!({"services": services})
}

/// Stdout gets the names of what was built, in the order of the file.
fn conclude(outcomes: Vec<(String, Outcome)>, face: &Face) -> Result<Exit, Failure> {
    let count = outcomes.len();
    let mut failed: Option<Failure> = None;
    let (mut broken, mut skipped) = (Vec::new(), Vec::new());
    for (name, outcome) in outcomes {
        match outcome {
            Outcome::Done(report) => face.result(&report.reference())?,
            Outcome::Skipped => skipped.push(format!("`{name}`")),
            Outcome::Failed(error) => {
                broken.push(format!("`{name}`"));
                failed = failed.or_else(|| Some(Failure::from(*error)));
            }
        }
    }
    let Some(first) = failed else { return Ok(Exit::DONE) };
    let skipped = if skipped.is_empty() { String::new() } else { format!("; not begun: {}", skipped.join(", ")) };
    let message = format!("{} of {count} services failed: {}{skipped}", broken.len(), broken.join(", "));
    Err(Failure::new(first.exit(), message).because(first.to_string().trim_start_matches("error: ").to_owned()))
}
