//! The guards' place in a build: behind what is known of the base, before anything is sent.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::OnceCell;

use super::injected::{ADDITIONS_LAYER, CONFIG_LAYER};
use super::ready::{Judged, Judging, Ready};
use super::{Error, Plan, PlannedLayer};
use crate::event::Event;
use crate::guard::{self, Confidential, ConfigFile, Finding, Findings, Subject, public_target};
use crate::layer::{EPOCH_1980, Kind};
use crate::oci::{Platform, Reference};
use crate::recipe::{Injected, Recipe};

/// The largest file that is looked at for keys: larger ones hold none.
const MAX_LOOKED_AT: u64 = 1 << 20;

/// What is put into the images beside the application, as the recipe places it.
pub(super) struct InjectedFiles {
    configs: Vec<(Platform, Vec<ConfigFile>)>,
    additions: Vec<ConfigFile>,
}

impl InjectedFiles {
    /// Reads them from the plan: what is judged is what is sent.
    pub(super) fn read(recipe: &Recipe, plan: &Plan) -> Result<Self, Error> {
        let mut read = Self { configs: Vec::new(), additions: Vec::new() };
        let injected = |layer: &PlannedLayer| matches!(layer.name.as_str(), CONFIG_LAYER | ADDITIONS_LAYER);
        for platform in &recipe.platforms {
            let layers = || plan.layers.iter().filter(|layer| layer.platforms.contains(platform));
            let mut configs = Vec::new();
            for layer in layers().filter(|layer| layer.name == CONFIG_LAYER) {
                configs.extend(files(layer, &recipe.configs, platform)?);
            }
            for layer in layers().filter(|layer| layer.name == ADDITIONS_LAYER) {
                read.additions.extend(files(layer, &recipe.additions, platform)?);
            }
            // What a Dockerfile copies beside JARs.
            for layer in layers().filter(|layer| plan.draft.is_some() && layer.private && !injected(layer)) {
                let (found, others): (Vec<_>, Vec<_>) = files(layer, &[], platform)?.into_iter().partition(ConfigFile::is_of_spring_boot);
                configs.extend(found);
                read.additions.extend(others);
            }
            read.configs.push((platform.clone(), configs));
        }
        Ok(read)
    }
}

/// What is judged, and where it is to go.
pub(super) struct Guards<'a> {
    ready: &'a Ready,
    judged: Vec<Judged>,
    confidential: Confidential,
    targets: Vec<Reference>,
}

impl<'a> Guards<'a> {
    /// Guards over what is ready to be made.
    pub(super) fn new(ready: &'a Ready, judged: Vec<Judged>) -> Self {
        let Ready { recipe, injected, targets, .. } = ready;
        let configs = distinct(injected.configs.iter().flat_map(|(_, configs)| configs));
        let additions = distinct(&injected.additions);
        let evidence = judged.iter().map(|judged| &judged.evidence);
        let confidential = if recipe.public { Confidential::default() } else { Confidential::of(evidence, &configs, &additions) };
        let targets = targets.iter().flat_map(|target| target.repositories()).collect();
        Self { ready, judged, confidential, targets }
    }

    /// Asks every guard.
    pub(super) async fn check(&self) -> Findings {
        let Ready { recipe, plan, client, events, standing, injected, .. } = self.ready;
        let (none, usual) = (BTreeSet::new(), super::application::path(recipe));
        let mut all: Vec<Finding> = Vec::new();
        for ((standing, overlay), (platform, configs)) in standing.iter().zip(&plan.overlays).zip(&injected.configs) {
            // A Dockerfile may put together an image without a JAR.
            let judged = self.judged.iter().find(|judged| judged.platforms.contains(platform));
            all.extend(guard::check(&Subject {
                platform,
                facts: standing.facts.as_ref(),
                start: &standing.start,
                env: &standing.env,
                evidence: judged.map(|judged| &judged.evidence),
                application: judged.map_or(&usual, |judged| &judged.path),
                configs,
                left_out: plan.left_out.iter().find(|(other, _)| other == platform).map_or(&none, |(_, libraries)| libraries),
                is_own_command: overlay.entrypoint.is_some() || overlay.cmd.is_some(),
                is_time_fixed: recipe.mtime == EPOCH_1980,
            }));
        }
        all.extend(public_target::check(client, &self.targets, &self.confidential).await);
        let findings = Findings::new(all, &recipe.allow);
        for finding in findings.iter() {
            events.emit(&Event::from(finding));
        }
        findings
    }

    /// Asks again who may pull, before a tag moves: whoever made the repository public meanwhile is noticed.
    pub(super) async fn check_again(&self) -> Result<(), Error> {
        let again = public_target::check(&self.ready.client, &self.targets, &self.confidential).await;
        let findings = Findings::new(again, &self.ready.recipe.allow);
        findings.refusing().for_each(|finding| self.ready.events.emit(&Event::from(finding)));
        refuse(findings)
    }
}

/// What the guards say, asked for once. Layers are made meanwhile; nothing is sent before.
pub(super) struct Verdict<'a> {
    ready: &'a Ready,
    judging: Mutex<Option<Judging>>,
    guards: OnceCell<Guards<'a>>,
}

impl<'a> Verdict<'a> {
    pub(super) fn new(ready: &'a Ready, judging: Judging) -> Self {
        Self { ready, judging: Mutex::new(Some(judging)), guards: OnceCell::new() }
    }

    /// The guards, where none of them refuses. Whoever asks first makes the others wait.
    pub(super) async fn passed(&self) -> Result<&Guards<'a>, Error> {
        let ask = || async {
            // Whoever got an error has ended the build.
            let judging = self.judging.lock().unwrap_or_else(PoisonError::into_inner).take().ok_or(Error::Thread)?;
            let guards = Guards::new(self.ready, judging.end().await?);
            // What is built again to be compared was judged when it was built.
            if !self.ready.is_again {
                refuse(guards.check().await)?;
            }
            Ok(guards)
        };
        self.guards.get_or_try_init(ask).await
    }
}

/// An error where a finding refuses.
fn refuse(findings: Findings) -> Result<(), Error> {
    if findings.refuse() { Err(Error::Refused(findings)) } else { Ok(()) }
}

/// Each file once, whichever platforms get it.
fn distinct<'f>(files: impl IntoIterator<Item = &'f ConfigFile>) -> Vec<ConfigFile> {
    let mut known: Vec<ConfigFile> = Vec::new();
    for file in files {
        if !known.iter().any(|other| other.destination == file.destination && other.content == file.content) {
            known.push(file.clone());
        }
    }
    known
}

/// The small files of a layer for `platform`; `injected` says where they come from.
fn files(layer: &PlannedLayer, injected: &[Injected], platform: &Platform) -> Result<Vec<ConfigFile>, Error> {
    let mut found = Vec::new();
    for (path, entry) in layer.content.entries() {
        let Kind::File(content) = &entry.kind else { continue };
        if content.size() > MAX_LOOKED_AT {
            continue;
        }
        let destination = format!("/{path}");
        let within =
            |one: &&Injected| destination.strip_prefix(&one.destination).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let source = injected
            .iter()
            .filter(|one| one.is_for(platform))
            .find(within)
            .map_or_else(|| content.place().trim_matches('`').to_owned(), |one| one.source.display().to_string());
        let mut bytes = Vec::new();
        let read = content.open().and_then(|mut reader| reader.read_to_end(&mut bytes));
        read.map_err(|error| Error::Injected { path: source.clone().into(), destination: destination.clone(), source: error })?;
        found.push(ConfigFile { source, destination, content: Bytes::from(bytes) });
    }
    Ok(found)
}
