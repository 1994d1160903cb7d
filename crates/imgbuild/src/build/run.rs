//! The flow of a build, from the recipe to the report.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::Semaphore;

use super::ground::Survey;
use super::layers::{Found, Maker};
use super::lock::Held;
use super::{Application, Build, Error, LayerReport, Plan, Report};
use crate::base::{Base, Resolver, Scanner};
use crate::blob::Blob;
use crate::cache::Cache;
use crate::event::{Event, Events};
use crate::image::{Image, ImageIndex};
use crate::jar;
use crate::layer::{Layer, StopOnDrop};
use crate::recipe::{self, Recipe};
use crate::registry::Client;
use crate::target::{Receipt, Session, Target};

/// How long targets may take to forget what was begun, when a build ends early.
const ABORT_TIME: Duration = Duration::from_secs(2);
/// Blobs of the base that are sent at a time, beside the layers.
const BASE_BLOBS_AT_ONCE: usize = 4;

pub(super) async fn run(build: Build) -> Result<Report, Error> {
    let sessions = Sessions::default();
    let stop = StopOnDrop::default();
    let cancel = build.cancel.clone();
    let result = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(sessions.cancelled()),
        result = flow(build, &stop, &sessions) => result,
    };
    if result.is_err() {
        drop(stop);
        sessions.abort().await;
    }
    result
}

async fn flow(build: Build, stop: &StopOnDrop, sessions: &Sessions) -> Result<Report, Error> {
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
    // Who may not push learns it before anything is looked into or made. Where every name is there, nothing may have changed.
    let new = try_join_all(targets.iter().map(|target| target.is_new())).await?;
    if new.contains(&true) {
        sessions.open(&targets, &[], &events).await?;
    }
    let scanner = Scanner::new(&cache, &events);
    let survey = Survey { recipe: &recipe, plan: &plan, base: &base, scanner, held: &held, targets: &targets, events: &events };
    let plan = Plan { layers: survey.run().await?, ..plan };

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let maker = Maker {
        cache,
        is_again,
        encoding: recipe.encoding,
        stop: stop.stop().clone(),
        events: events.clone(),
        cores: Arc::new(Semaphore::new(cores)),
    };
    let compose = |layers: &[Layer]| compose(&recipe, &plan, &base, layers);
    let found = try_join_all(plan.layers.iter().map(|planned| maker.find(planned))).await?;
    if let Some(known) = all_known(&found) {
        let image = compose(&known)?;
        let receipts = try_join_all(targets.iter().map(|target| target.find(&image))).await?;
        if let Some(receipts) = receipts.into_iter().collect() {
            return Ok(report(&plan, &base, &image, &known, receipts, &events));
        }
    }

    let base_blobs = distinct(base.images.iter().flat_map(|image| &image.layers));
    if sessions.all().is_empty() {
        sessions.open(&targets, &base_blobs, &events).await?;
    }
    let make = plan.layers.iter().zip(found).map(|(planned, found)| {
        let maker = &maker;
        async move {
            let layer = match found {
                Found::Known(layer) => layer,
                Found::Unknown(outline) => maker.make(planned, &outline).await?,
            };
            sessions.send(layer.blob()).await?;
            Ok::<_, Error>(layer)
        }
    });
    let send_base = stream::iter(base_blobs.iter().map(|blob| sessions.send(blob)).collect::<Vec<_>>())
        .buffer_unordered(BASE_BLOBS_AT_ONCE)
        .try_collect::<()>();
    let (layers, ()) = tokio::try_join!(try_join_all(make), send_base)?;
    plan.jars.iter().try_for_each(jar::Bytes::verify_unchanged)?;

    let image = compose(&layers)?;
    let receipts = sessions.publish(&image).await?;
    Ok(report(&plan, &base, &image, &layers, receipts, &events))
}

async fn plan_for(recipe: &Recipe, application: &Application, base: Option<&Base>) -> Result<Plan, Error> {
    let (recipe, application, base) = (recipe.clone(), application.clone(), base.cloned());
    tokio::task::spawn_blocking(move || Plan::new(&recipe, &application, base.as_ref())).await.map_err(|_| Error::Thread)?
}

fn compose(recipe: &Recipe, plan: &Plan, base: &Base, layers: &[Layer]) -> Result<ImageIndex, Error> {
    let mut images = Vec::with_capacity(base.images.len());
    for ((parent, platform), overlay) in base.images.iter().zip(&recipe.platforms).zip(&plan.overlays) {
        let own = plan.layers.iter().zip(layers).filter(|(planned, _)| planned.platforms.contains(platform));
        let own: Vec<Layer> = own.map(|(_, layer)| layer.clone()).collect();
        let image = Image::compose(parent, &own, overlay, &recipe.created, recipe.format, &recipe.annotations);
        images.push(image.map_err(|source| Error::Image { platform: platform.to_string(), source })?);
    }
    ImageIndex::compose(images, recipe.format, &recipe.annotations).map_err(Error::Index)
}

fn all_known(found: &[Found]) -> Option<Vec<Layer>> {
    let layers = found.iter().map(|found| match found {
        Found::Known(layer) => Some(layer.clone()),
        Found::Unknown(_) => None,
    });
    layers.collect()
}

fn report(plan: &Plan, base: &Base, image: &ImageIndex, layers: &[Layer], receipts: Vec<Receipt>, events: &Events) -> Report {
    for receipt in &receipts {
        for target in receipt.references.clone() {
            events.emit(&Event::Published { target, digest: image.digest().clone(), unchanged: receipt.unchanged });
        }
    }
    Report::new(plan.base.clone(), base, image, layer_reports(plan, layers), receipts)
}

fn layer_reports(plan: &Plan, layers: &[Layer]) -> Vec<LayerReport> {
    let report = |(planned, layer): (&super::PlannedLayer, &Layer)| LayerReport {
        name: layer.name().to_owned(),
        digest: layer.blob().digest().clone(),
        diff_id: layer.diff_id().clone(),
        size: layer.blob().size(),
        platforms: planned.platforms.clone(),
    };
    plan.layers.iter().zip(layers).map(report).collect()
}

fn distinct<'a>(blobs: impl Iterator<Item = &'a Blob>) -> Vec<Blob> {
    let mut seen = std::collections::HashSet::new();
    blobs.filter(|blob| seen.insert(blob.digest().clone())).cloned().collect()
}

/// The targets that are being published to, held outside of the flow so that they can be told when it ends early.
#[derive(Default)]
struct Sessions {
    open: Mutex<Vec<Arc<dyn Session>>>,
    is_publishing: AtomicBool,
}

impl Sessions {
    async fn open(&self, targets: &[Box<dyn Target>], blobs: &[Blob], events: &Events) -> Result<(), Error> {
        for target in targets {
            let session = target.open(blobs, events).await?;
            self.open.lock().unwrap_or_else(PoisonError::into_inner).push(session.into());
        }
        Ok(())
    }

    async fn send(&self, blob: &Blob) -> Result<(), Error> {
        let all = self.all();
        try_join_all(all.iter().map(|session| session.send(blob))).await?;
        Ok(())
    }

    async fn publish(&self, image: &ImageIndex) -> Result<Vec<Receipt>, Error> {
        self.is_publishing.store(true, Ordering::Relaxed);
        let mut receipts = Vec::new();
        for session in self.all() {
            receipts.push(session.publish(image).await?);
        }
        Ok(receipts)
    }

    fn cancelled(&self) -> Error {
        if self.is_publishing.load(Ordering::Relaxed) { Error::CancelledLate } else { Error::Cancelled }
    }

    async fn abort(&self) {
        let all = self.all();
        let forget = futures_util::future::join_all(all.iter().map(|session| session.abort()));
        // The build has failed already; a target that cannot be told keeps an upload that expires by itself.
        let _ = tokio::time::timeout(ABORT_TIME, forget).await;
    }

    fn all(&self) -> Vec<Arc<dyn Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
