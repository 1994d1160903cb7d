//! Everything that is known before anything is made: the plan, the base and what is in it; and the look into the JARs.

use tokio::sync::oneshot::{Receiver, channel};

use super::ground::{Ground, Standing, Survey};
use super::guards::InjectedFiles;
use super::lock::Held;
use super::plan::Candidate;
use super::run::Sessions;
use super::{Application, Build, Error, Plan};
use crate::base::{Base, Resolver, Scanner};
use crate::cache::Cache;
use crate::event::{Event, Events};
use crate::guard::{self, Evidence};
use crate::jar::{self, Jar};
use crate::oci::Platform;
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
    pub(super) injected: InjectedFiles,
    pub(super) is_again: bool,
}

/// The application of some platforms, as far as it is known.
pub(super) struct Judged {
    /// Where its JAR lies in the image, or would lie as one file.
    pub(super) path: String,
    pub(super) platforms: Vec<Platform>,
    pub(super) evidence: Evidence,
}

/// A look into JARs that goes on beside everything else.
pub(super) struct Judging(Option<Receiver<Result<Vec<Judged>, jar::Error>>>);

impl Judging {
    /// What they say, once that is known.
    pub(super) async fn end(self) -> Result<Vec<Judged>, Error> {
        match self.0 {
            Some(looking) => Ok(looking.await.map_err(|_| Error::Thread)??),
            None => Ok(Vec::new()),
        }
    }
}

/// Reads the JAR, finds the base and looks into both. What is in the JAR's libraries may be known later than the rest.
///
/// With `sessions`, the right to push is proven while the base is found.
pub(super) async fn ready(build: Build, sessions: Option<&Sessions>) -> Result<(Ready, Judging), Error> {
    let Build { recipe, application, equipment, base, bases, is_again, targets, lock } = build;
    // Bad input is found before the network is asked; only steps of a Dockerfile may have to wait for the base.
    let plan = match plan_for(&recipe, &application, None).await {
        Err(Error::Recipe(recipe::Error::NeedsBase { .. })) => None,
        planned => Some(planned?),
    };
    let (client, cache, events) = (equipment.client(), equipment.cache()?, equipment.events);
    for target in &targets {
        target.connect(&client, &cache);
    }
    // The JAR's libraries are looked into while the registry is waited for and layers are made. What is built again was judged when it was built.
    let early = plan.as_ref().filter(|plan| plan.draft.is_none() && !is_again).map(|plan| look_into(&plan.candidates, &cache));

    let held = Held::read(lock, &recipe)?;
    let resolver = Resolver::new(&client, Some(&cache)).once(bases.as_ref()).knowing(held.documents());
    let find = async {
        if let Some(base) = base {
            return Ok((base, None));
        }
        let found = Box::pin(resolver.resolve(&recipe.base, held.pin(), &recipe.platforms));
        let (base, moved) = tokio::join!(found, Box::pin(held.moved(&resolver, &recipe.base)));
        Ok::<_, Error>((base?, moved))
    };
    let prove = async {
        match sessions {
            Some(sessions) => sessions.prove(&targets, &events).await,
            None => Ok(()),
        }
    };
    // Both are brought to their end: a session that is not known cannot be deleted.
    let (found, proven) = tokio::join!(find, prove);
    let (base, moved) = found?;
    proven?;
    // What a Dockerfile takes from its base's configuration is known by now.
    let plan = match plan {
        Some(plan) if plan.draft.is_none() => plan,
        _ => plan_for(&recipe, &application, Some(&base)).await?,
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

    let scanner = Scanner::new(&cache, &events);
    let survey = Survey { recipe: &recipe, plan: &plan, base: &base, scanner, held: &held, targets: &targets, events: &events };
    let Ground { plan, standing } = survey.run().await?;
    let injected = InjectedFiles::read(&recipe, &plan)?;
    let looking = early.or_else(|| (!is_again).then(|| look_into(&started(&plan, &standing), &cache)));
    Ok((Ready { recipe, plan, client, cache, targets, events, base, standing, injected, is_again }, Judging(looking)))
}

/// What the JARs say. What the cache did not know of them it is told when somebody else can go on: each library is a file to write.
fn look_into(candidates: &[Candidate], cache: &Cache) -> Receiver<Result<Vec<Judged>, jar::Error>> {
    let (candidates, cache) = (candidates.to_vec(), cache.clone());
    let (tell, told) = channel();
    tokio::task::spawn_blocking(move || {
        let judge = |Candidate { name, bytes, path, platforms }: Candidate| {
            let evidence = Evidence::read(&Jar::read(&name, bytes)?, Some(&cache))?;
            Ok(Judged { path, platforms, evidence })
        };
        let judged: Result<Vec<Judged>, _> = candidates.into_iter().map(judge).collect();
        let unknown = judged.iter().flatten().flat_map(|judged| judged.evidence.unknown());
        let unknown: Vec<_> = unknown.map(|(key, survey)| (key.clone(), survey.clone())).collect();
        // A build that has ended waits for nothing.
        let _ = tell.send(judged);
        for (key, survey) in unknown {
            // A cache that cannot be written to costs time and nothing else.
            let _ = cache.remember_record(&key, &survey);
        }
    });
    told
}

/// The JARs that a Dockerfile's images start; where a command does not say which, the only one there is.
fn started(plan: &Plan, standing: &[Standing]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = Vec::new();
    for (platform, standing) in plan.platforms.iter().zip(standing) {
        let of_platform: Vec<&Candidate> = plan.candidates.iter().filter(|one| one.platforms.contains(platform)).collect();
        let named = guard::started_jar(&standing.start);
        // Of two copies to one place the later counts.
        let named = named.and_then(|path| of_platform.iter().rev().find(|one| one.path == path).copied());
        let Some(one) = named.or_else(|| if let [one] = of_platform[..] { Some(one) } else { None }) else { continue };
        let same = |other: &&mut Candidate| (&other.path, &other.name, &other.platforms) == (&one.path, &one.name, &one.platforms);
        if found.iter_mut().find(same).is_none() {
            found.push(one.clone());
        }
    }
    found
}

async fn plan_for(recipe: &Recipe, application: &Application, base: Option<&Base>) -> Result<Plan, Error> {
    let (recipe, application, base) = (recipe.clone(), application.clone(), base.cloned());
    tokio::task::spawn_blocking(move || Plan::new(&recipe, &application, base.as_ref())).await.map_err(|_| Error::Thread)?
}
