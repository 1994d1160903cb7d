//! Whether an image may go on its new base: its layers lie on it as they are, and no guard objects.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::Error;
use super::image::OwnImage;
use super::layer::OwnLayer;
use crate::base::facts::{Facts, Permissions, Start, Tree};
use crate::base::{Base, Scanner};
use crate::event::{Event, Events};
use crate::guard::{self, Allowance, Confidential, ConfigFile, Evidence, Finding, Findings, Subject, layer_path, public_target};
use crate::image::Parent;
use crate::layer::{Attributes, Entry, Files, Kind, scan};
use crate::oci::{Digest, Reference};
use crate::registry::Client;
use crate::target::Target;

/// Where the application lies where no JAR is started.
const FOLDER: &str = "/app/app.jar";

/// What is judged, and what is let pass.
pub(super) struct Judge<'a> {
    pub(super) name: &'a str,
    pub(super) own: &'a [OwnImage],
    pub(super) base: &'a Base,
    /// How the new base was named.
    pub(super) base_name: &'a str,
    pub(super) scanner: Scanner<'a>,
    pub(super) client: &'a Client,
    pub(super) targets: &'a [Box<dyn Target>],
    pub(super) allow: &'a [Allowance],
    pub(super) public: bool,
    pub(super) events: &'a Events,
}

/// One platform's image on its new base.
struct Ground {
    findings: Vec<Finding>,
    evidence: Evidence,
    configs: Vec<ConfigFile>,
}

impl Judge<'_> {
    /// Asks every guard that a base matters to, and who may pull.
    pub(super) async fn run(&self) -> Result<(), Error> {
        let needed = |blob: &crate::blob::Blob| self.targets.iter().any(|target| target.needs(blob));
        let trees = Box::pin(self.scanner.trees(self.base_name, &self.base.images, needed)).await?;
        let mut layers = HashMap::new();
        let (mut findings, mut evidence, mut configs) = (Vec::new(), Vec::new(), Vec::<ConfigFile>::new());
        for ((own, parent), tree) in self.own.iter().zip(&self.base.images).zip(trees) {
            let ground = self.ground(own, parent, tree, &mut layers).await?;
            findings.extend(ground.findings);
            evidence.push(ground.evidence);
            configs.extend(ground.configs);
        }
        if !self.public {
            configs.dedup_by(|one, other| one.destination == other.destination && one.content == other.content);
            let targets: Vec<Reference> = self.targets.iter().flat_map(|target| target.repositories()).collect();
            let confidential = Confidential::of(&evidence, &configs, &[]);
            findings.extend(public_target::check(self.client, &targets, &confidential).await);
        }
        let findings = Findings::new(findings, self.allow);
        findings.iter().for_each(|finding| self.events.emit(&Event::from(finding)));
        if findings.refuse() { Err(Error::Refused(findings)) } else { Ok(()) }
    }

    async fn ground(
        &self,
        own: &OwnImage,
        parent: &Parent,
        tree: Tree,
        known: &mut HashMap<(Digest, Option<String>), Arc<OwnLayer>>,
    ) -> Result<Ground, Error> {
        let overlay = &own.record.overlay;
        let config = parent.config.patched(overlay);
        let start = Start::of(&config);
        let started = guard::started_jar(&start);
        let base = Facts::new(tree.clone(), &start);
        let (mut tree, mut findings, mut layers) = (tree, Vec::new(), Vec::new());
        for layer in own.layers() {
            let key = (layer.blob().digest().clone(), started.clone());
            let read = if let Some(read) = known.get(&key) {
                Arc::clone(read)
            } else {
                let started = started.clone();
                let work = move |scan: &mut crate::layer::Scan| OwnLayer::read(scan, started.as_deref());
                let found = scan(layer.blob(), Some(layer.diff_id()), work).await;
                let failed = |source| Error::Layer { image: self.name.to_owned(), layer: layer.name().to_owned(), source };
                Arc::clone(known.entry(key).or_insert(Arc::new(found.map_err(failed)?)))
            };
            match tree.place(&read.files, Attributes::FOLDER, &mut BTreeSet::new()) {
                Ok(placed) => self.assert_same(own, &read.files, &placed)?,
                Err(conflict) => findings.extend(layer_path::check(layer.name(), &own.platform, &conflict)),
            }
            layers.push(read);
        }
        let facts = base.over(tree, &start);
        let mut evidence = (crate::jar::Survey::default(), Vec::new());
        let mut configs = Vec::new();
        for layer in &layers {
            evidence.0.merge(&layer.application);
            evidence.1.extend(layer.libraries.iter().cloned());
            configs.extend(layer.configs.iter().cloned());
        }
        let evidence = Evidence::of_image(self.name.to_owned(), evidence.0, evidence.1);
        findings.extend(guard::check(&Subject {
            platform: &own.platform,
            facts: Some(&facts),
            start: &start,
            env: &config.variables(),
            evidence: Some(&evidence),
            application: started.as_deref().unwrap_or(FOLDER),
            configs: &configs,
            left_out: &BTreeSet::new(),
            is_own_command: overlay.entrypoint.is_some() || overlay.cmd.is_some(),
            is_time_fixed: false,
        }));
        Ok(Ground { findings, evidence, configs })
    }

    /// A layer is what a build on this base would make only where it would lie on it as it does: the folders above its files
    /// have mode and owner of a base, and a link of the base would be followed.
    fn assert_same(&self, own: &OwnImage, files: &Files, placed: &Files) -> Result<(), Error> {
        let shown = |files: &Files| files.entries().map(|(path, entry)| (path.to_owned(), permissions(entry))).collect::<Vec<_>>();
        let (files, placed) = (shown(files), shown(placed));
        let other = files.iter().find(|file| !placed.contains(file)).or_else(|| placed.iter().find(|file| !files.contains(file)));
        match other {
            Some((path, _)) => {
                Err(Error::OtherFolder { image: self.name.to_owned(), platform: own.platform.clone(), path: format!("/{path}") })
            }
            None => Ok(()),
        }
    }
}

fn permissions(entry: &Entry) -> (bool, Permissions) {
    let Attributes { mode, uid, gid, .. } = entry.attributes;
    (matches!(entry.kind, Kind::Folder), Permissions { mode, uid, gid })
}
