//! The guards' place in a build: behind what is known of the base, before anything is sent.

use std::io::Read as _;

use bytes::Bytes;

use super::injected::{ADDITIONS_LAYER, CONFIG_LAYER};
use super::ready::Ready;
use super::{Error, PlannedLayer};
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
    pub(super) fn read(recipe: &Recipe, layers: &[PlannedLayer]) -> Result<Self, Error> {
        let mut injected = Self { configs: Vec::new(), additions: Vec::new() };
        for platform in &recipe.platforms {
            injected.configs.push((platform.clone(), files(layers, CONFIG_LAYER, &recipe.configs, platform)?));
            injected.additions.extend(files(layers, ADDITIONS_LAYER, &recipe.additions, platform)?);
        }
        Ok(injected)
    }
}

/// What is judged, and where it is to go.
pub(super) struct Guards<'a> {
    ready: &'a Ready,
    confidential: Confidential,
    targets: Vec<Reference>,
}

impl<'a> Guards<'a> {
    /// Guards over what is ready to be made.
    pub(super) fn new(ready: &'a Ready) -> Self {
        let Ready { recipe, evidence, injected, targets, .. } = ready;
        let configs = distinct(injected.configs.iter().flat_map(|(_, configs)| configs));
        let additions = distinct(&injected.additions);
        let confidential = match evidence {
            Some(evidence) if !recipe.public => Confidential::of(evidence, &configs, &additions),
            _ => Confidential::default(),
        };
        let targets = targets.iter().flat_map(|target| target.repositories()).collect();
        Self { ready, confidential, targets }
    }

    /// Asks every guard.
    pub(super) async fn check(&self) -> Findings {
        let Ready { recipe, client, events, standing, evidence, injected, .. } = self.ready;
        let mut all: Vec<Finding> = Vec::new();
        // A Dockerfile may put together an image without a JAR.
        let judged = evidence.iter().flat_map(|evidence| standing.iter().zip(&injected.configs).map(move |one| (evidence, one)));
        for (evidence, (standing, (platform, configs))) in judged {
            all.extend(guard::check(&Subject {
                platform,
                facts: standing.facts.as_ref(),
                start: &standing.start,
                env: &standing.env,
                evidence,
                application: &super::application::path(recipe),
                configs,
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

/// An error where a finding refuses.
pub(super) fn refuse(findings: Findings) -> Result<(), Error> {
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

/// The files of a layer for `platform`.
fn files(layers: &[PlannedLayer], name: &str, injected: &[Injected], platform: &Platform) -> Result<Vec<ConfigFile>, Error> {
    let mut found = Vec::new();
    for layer in layers.iter().filter(|layer| layer.name == name && layer.platforms.contains(platform)) {
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
                .map_or_else(|| destination.clone(), |one| one.source.display().to_string());
            let mut bytes = Vec::new();
            let read = content.open().and_then(|mut reader| reader.read_to_end(&mut bytes));
            read.map_err(|error| Error::Injected { path: source.clone().into(), destination: destination.clone(), source: error })?;
            found.push(ConfigFile { source, destination, content: Bytes::from(bytes) });
        }
    }
    Ok(found)
}
