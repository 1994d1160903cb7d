//! The flow of a build, from the recipe to the report.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use futures_util::stream::{self, FuturesUnordered, StreamExt as _, TryStreamExt as _};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{OnceCell, Semaphore};

use super::guards::{Guards, Verdict};
use super::layers::{Found, Maker};
use super::ready::{Ready, ready};
use super::{Build, Error, LayerReport, Plan, Report};
use crate::base::Base;
use crate::blob::{Blob, BoxFuture};
use crate::event::{Event, Events};
use crate::guard::Findings;
use crate::image::{Image, ImageIndex};
use crate::layer::{Layer, StopOnDrop};
use crate::recipe::Recipe;
use crate::target::{Receipt, Session, Target};

/// How long targets may take to forget what was begun, when a build ends early.
const ABORT_TIME: Duration = Duration::from_secs(2);
/// Bytes of a layer that takes longer to be made than a registry to open an upload.
const LARGE: u64 = 1 << 20;
/// Blobs of the base that are sent at a time, beside the layers.
const BASE_BLOBS_AT_ONCE: usize = 4;

pub(super) async fn run(build: Build) -> Result<Report, Error> {
    let sessions = Sessions::default();
    let stop = StopOnDrop::default();
    let cancel = build.equipment.cancel.clone();
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

/// Asks the guards alone.
pub(super) async fn check(build: Build) -> Result<Findings, Error> {
    let cancel = build.equipment.cancel.clone();
    let asked = async {
        match ready(build, None).await {
            Ok((ready, judging)) => Ok(Guards::new(&ready, judging.end().await?).check().await),
            // Where layers cannot be put on the base there is no image yet that could be judged further.
            Err(Error::Refused(findings)) => Ok(findings),
            Err(error) => Err(error),
        }
    };
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(Error::Cancelled),
        result = asked => result,
    }
}

async fn flow(build: Build, stop: &StopOnDrop, sessions: &Sessions) -> Result<Report, Error> {
    let (ready, judging) = ready(build, Some(sessions)).await?;
    let verdict = Verdict::new(&ready, judging);
    let Ready { recipe, plan, cache, targets, events, base, is_again, .. } = &ready;

    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let maker = Maker {
        cache: cache.clone(),
        is_again: *is_again,
        encoding: recipe.encoding,
        stop: stop.stop().clone(),
        events: events.clone(),
        cores: Arc::new(Semaphore::new(cores)),
    };
    let compose = |layers: &[Layer]| compose(recipe, plan, base, layers);
    let found = try_join_all(plan.layers.iter().map(|planned| maker.find(planned))).await?;
    if let Some(known) = all_known(&found) {
        verdict.passed().await?;
        let image = compose(&known)?;
        let receipts = try_join_all(targets.iter().map(|target| target.find(&image))).await?;
        if let Some(receipts) = receipts.into_iter().collect() {
            return Ok(report(plan, base, &image, &known, receipts, events));
        }
    }

    if plan.layers.iter().zip(&found).any(|(planned, found)| matches!(found, Found::Unknown(_)) && planned.bytes >= LARGE) {
        sessions.expect_large();
    }
    let base_blobs = distinct(base.images.iter().flat_map(|image| &image.layers));
    let door = Door { sessions, verdict: &verdict, targets, base: &base_blobs, events, opened: OnceCell::new() };
    let (queue, queued) = unbounded_channel();
    let (maker, compose) = (&maker, &compose);
    let make = async move {
        // Where sending has failed, that is what ends the build.
        let enqueue = &|blob: &Blob| drop(queue.send(blob.clone()));
        let make = plan.layers.iter().zip(found).map(|(planned, found)| async move {
            let layer = match found {
                Found::Known(layer) => layer,
                Found::Unknown(outline) => return maker.make(planned, &outline, enqueue).await,
            };
            enqueue(layer.blob());
            Ok::<_, Error>(layer)
        });
        let layers = try_join_all(make).await?;
        plan.candidates.iter().try_for_each(|candidate| candidate.bytes.verify_unchanged())?;
        let image = compose(&layers)?;
        // Configurations are known while layers are still on their way.
        image.images.iter().for_each(|image| enqueue(&image.config));
        Ok((layers, image))
    };
    let send_base = stream::iter(base_blobs.iter().map(|blob| door.send(blob.clone())).collect::<Vec<_>>())
        .buffer_unordered(BASE_BLOBS_AT_ONCE)
        .try_collect::<()>();
    let ((layers, image), (), ()) = tokio::try_join!(make, door.send_all(queued), send_base)?;

    verdict.passed().await?.check_again().await?;
    let receipts = sessions.publish(&image).await?;
    Ok(report(plan, base, &image, &layers, receipts, events))
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

/// Where blobs go out: it is shut until the guards have spoken.
struct Door<'a, 'r> {
    sessions: &'a Sessions,
    verdict: &'a Verdict<'r>,
    targets: &'a [Box<dyn Target>],
    /// Blobs of the base, which can prove the right to push.
    base: &'a [Blob],
    events: &'a Events,
    opened: OnceCell<()>,
}

impl Door<'_, '_> {
    fn send(&self, blob: Blob) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            self.opened.get_or_try_init(|| self.open()).await?;
            self.sessions.send(&blob).await
        })
    }

    /// Sends what comes until nothing more can come.
    async fn send_all(&self, mut queued: UnboundedReceiver<Blob>) -> Result<(), Error> {
        let mut under_way = FuturesUnordered::new();
        loop {
            tokio::select! {
                Some(blob) = queued.recv() => under_way.push(self.send(blob)),
                Some(sent) = under_way.next() => sent?,
                else => return Ok(()),
            }
        }
    }

    async fn open(&self) -> Result<(), Error> {
        self.verdict.passed().await?;
        // The right to push may have been proven before.
        if self.sessions.all().is_empty() { self.sessions.open(self.targets, self.base, self.events).await } else { Ok(()) }
    }
}

/// The targets that are being published to, held outside of the flow so that they can be told when it ends early.
#[derive(Default)]
pub(super) struct Sessions {
    open: Mutex<Vec<Arc<dyn Session>>>,
    expects_large: AtomicBool,
    is_publishing: AtomicBool,
}

impl Sessions {
    /// Who may not push learns it before the base is looked into and anything is made; a session holds nothing yet, and is deleted
    /// where a guard refuses. Where every name is there, nothing may have changed.
    pub(super) async fn prove(&self, targets: &[Box<dyn Target>], events: &Events) -> Result<(), Error> {
        let new = try_join_all(targets.iter().map(|target| target.is_new())).await?;
        if new.contains(&true) { self.open(targets, &[], events).await } else { Ok(()) }
    }

    async fn open(&self, targets: &[Box<dyn Target>], blobs: &[Blob], events: &Events) -> Result<(), Error> {
        for target in targets {
            let session = target.open(blobs, events).await?;
            if self.expects_large.load(Ordering::Relaxed) {
                session.expect_large();
            }
            self.open.lock().unwrap_or_else(PoisonError::into_inner).push(session.into());
        }
        Ok(())
    }

    /// Tells the targets that a large layer is being made.
    fn expect_large(&self) {
        self.expects_large.store(true, Ordering::Relaxed);
        self.all().iter().for_each(|session| session.expect_large());
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
