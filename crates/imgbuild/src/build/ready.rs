//! Everything that is known before anything is made: the plan, the base, what is in it, and what the JAR says.

use tokio::task::JoinHandle;

use super::ground::{Ground, Standing, Survey};
use super::guards::InjectedFiles;
use super::lock::Held;
use super::run::Sessions;
use super::{Application, Build, Error, Plan};
use crate::base::{Base, Resolver, Scanner};
use crate::cache::Cache;
use crate::event::{Event, Events};
use crate::guard::Evidence;
use crate::jar::{self, Jar};
use crate::recipe::{self, Recipe};
use crate::registry::Client;
use crate::target::Target;

/// What a build knows before it makes anything.
pub(super) struct Ready {
    pub(super) recipe: Recipe,
    pub(super) plan: Plan,
    pub(super) client: Client,
    pub(super) cache: Cache,
    pub(super) targets: Vec<Box<dyn Target>>,
    pub(super) events: Events,
    pub(super) base: Base,
    pub(super) standing: Vec<Standing>,
    pub(super) evidence: Option<Evidence>,
    pub(super) injected: InjectedFiles,
    pub(super) is_again: bool,
}

/// Reads the JAR, finds the base and looks into both.
///
/// With `sessions`, the right to push is proven as soon as the base is known.
pub(super) async fn ready(build: Build, sessions: Option<&Sessions>) -> Result<Ready, Error> {
    let Build { recipe, application, client, cache, base, bases, is_again, targets, lock, events, cancel: _ } = build;
    // Bad input is found before the network is asked; only steps of a Dockerfile may have to wait for the base.
    let plan = match plan_for(&recipe, &application, None).await {
        Err(Error::Recipe(recipe::Error::NeedsBase { .. })) => None,
        planned => Some(planned?),
    };
    let client = match client {
        Some(client) => client,
        None => Client::builder().events(events.clone()).build(),
    };
    let cache = cache.map_or_else(Cache::temporary, Ok)?;
    for target in &targets {
        target.connect(&client, &cache);
    }
    // The JAR's libraries are looked into while the registry is waited for.
    let early = plan.as_ref().map(|plan| look_into(plan, &cache));

    let held = Held::read(lock, &recipe)?;
    let resolver = Resolver::new(&client, Some(&cache)).once(bases.as_ref());
    let (base, moved) = if let Some(base) = base {
        (base, None)
    } else {
        let found = Box::pin(resolver.resolve(&recipe.base, held.pin(), &recipe.platforms));
        let (base, moved) = tokio::join!(found, Box::pin(held.moved(&resolver, &recipe.base)));
        (base?, moved)
    };
    let plan = match plan {
        Some(plan) => plan,
        None => plan_for(&recipe, &application, Some(&base)).await?,
    };
    if let Some(reason) = &plan.layout_reason {
        events.warn(format!("the JAR is laid out as `{}`: {reason}", plan.layout), None);
    }
    for warning in &plan.warnings {
        events.warn(warning, None);
    }
    let platforms = base.images.iter().map(|image| image.platform.clone()).collect();
    events.emit(&Event::BaseResolved { reference: plan.base.clone(), digest: base.digest.clone(), platforms });
    if base.images.iter().any(|image| image.config.has_onbuild()) {
        events.warn("the base has ONBUILD steps, which only a Dockerfile build runs; they are passed on as they are", None);
    }
    if let Some(now) = moved {
        let held = format!("the base `{}` is {now} now, the lock holds {}", plan.base, base.digest);
        events.warn(held, Some("`--update-lock` takes what it is now"));
    }

    if let Some(sessions) = sessions {
        sessions.prove(&targets, &events).await?;
    }

    let injected = InjectedFiles::read(&recipe, &plan.layers)?;
    let scanner = Scanner::new(&cache, &events);
    let survey = Survey { recipe: &recipe, plan: &plan, base: &base, scanner, held: &held, targets: &targets, events: &events };
    let Ground { layers, standing } = survey.run().await?;
    let plan = Plan { layers, ..plan };
    let evidence = early.unwrap_or_else(|| look_into(&plan, &cache)).await.map_err(|_| Error::Thread)??;
    Ok(Ready { recipe, plan, client, cache, targets, events, base, standing, evidence, injected, is_again })
}

/// What the JAR says; nothing where the image has none.
fn look_into(plan: &Plan, cache: &Cache) -> JoinHandle<Result<Option<Evidence>, jar::Error>> {
    let (bytes, cache) = (plan.jars.first().cloned(), cache.clone());
    tokio::task::spawn_blocking(move || {
        let Some(bytes) = bytes else { return Ok(None) };
        let name = bytes.path().map_or_else(|| "the JAR".to_owned(), |path| path.display().to_string());
        Evidence::read(&Jar::read(&name, bytes)?, Some(&cache)).map(Some)
    })
}

async fn plan_for(recipe: &Recipe, application: &Application, base: Option<&Base>) -> Result<Plan, Error> {
    let (recipe, application, base) = (recipe.clone(), application.clone(), base.cloned());
    tokio::task::spawn_blocking(move || Plan::new(&recipe, &application, base.as_ref())).await.map_err(|_| Error::Thread)?
}
