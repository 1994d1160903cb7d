//! A Dockerfile and its context → the layers of every platform, those that are equal made once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::application::{arrange, jar_layers};
use super::context::Context;
use super::plan::{Candidate, Laid};
use super::steps::{Failure, Item, ItemKind, StepContent, StepLayer, StepLayers, lay_out};
use super::{Application, Error, PlannedLayer};
use crate::base::Base;
use crate::base::facts::{Facts, Start};
use crate::image::Overlay;
use crate::jar::{Jar, Layout, Natives};
use crate::layer::{Attributes, Entry, FileContent, Files, Kind};
use crate::oci::Platform;
use crate::recipe::{Dockerfile, Recipe, Step, lay_overlay};

/// A Dockerfile as far as it does not matter what files its base has.
#[derive(Debug)]
pub(super) struct Draft {
    context: Context,
    platforms: Vec<DraftPlatform>,
    warnings: Vec<String>,
}

/// What a Dockerfile does on one platform.
#[derive(Debug)]
struct DraftPlatform {
    platform: Platform,
    overlay: Overlay,
    steps: Vec<Step>,
    /// USER of the base; empty where that is not known yet.
    base_user: String,
}

impl Draft {
    /// Reads what the Dockerfile does. `base` is needed where a step depends on its configuration.
    pub(super) fn new(recipe: &Recipe, dockerfile: &Dockerfile, application: &Application, base: Option<&Base>) -> Result<Self, Error> {
        let Application::File(folder) = application else { return Err(Error::NoContext) };
        if recipe.layout == Some(Layout::Exploded) {
            let reason =
                "`exploded` would need another ENTRYPOINT than the Dockerfile's; take `extracted` or leave the layout out".to_owned();
            return Err(Error::NoJarToLayOut { reason });
        }
        if recipe.natives == Natives::Matching && recipe.layout != Some(Layout::Extracted) {
            return Err(Error::NativesWithoutLayout);
        }
        let context = Context::open(folder, dockerfile)?;
        let mut platforms = Vec::with_capacity(recipe.platforms.len());
        let mut warnings: Vec<String> = Vec::new();
        for (position, platform) in recipe.platforms.iter().enumerate() {
            let config = base.and_then(|base| base.images.get(position)).map(|image| &image.config);
            let found = dockerfile.evaluate(&recipe.build_args, platform, config)?;
            warnings.extend(found.warnings);
            platforms.push(DraftPlatform {
                platform: platform.clone(),
                overlay: lay_overlay(found.overlay, recipe.overlay.clone()),
                steps: found.steps,
                base_user: config.map(|config| Start::of(config).user).unwrap_or_default(),
            });
        }
        Ok(Self { context, platforms, warnings })
    }

    /// The steps on the base of the platform with this number, as far as `facts` reach.
    pub(super) fn lay_out(&self, recipe: &Recipe, number: usize, facts: Option<&Facts>) -> Result<StepLayers, Failure> {
        let DraftPlatform { steps, base_user, .. } = &self.platforms[number];
        lay_out(recipe, &self.context, steps, base_user, facts)
    }

    /// The layers of some platforms, given by their numbers, each with its steps as they lie on the base.
    pub(super) fn lay(&self, recipe: &Recipe, laid_out: &[(usize, StepLayers)]) -> Result<Laid, Error> {
        let mut maker = Maker { recipe, layers: Vec::new(), candidates: Vec::new(), left_out: Vec::new(), warnings: self.warnings.clone() };
        // The same instructions give the same number of layers on each platform.
        let count = laid_out.first().map_or(0, |(_, found)| found.layers.len());
        for position in 0..count {
            let mut groups: Vec<(&StepLayer, Vec<Platform>)> = Vec::new();
            for (number, found) in laid_out {
                let Some(layer) = found.layers.get(position) else { continue };
                let platform = self.platforms[*number].platform.clone();
                match groups.iter_mut().find(|(known, _)| *known == layer) {
                    Some((_, platforms)) => platforms.push(platform),
                    None => groups.push((layer, vec![platform])),
                }
            }
            for (layer, platforms) in groups {
                maker.make(layer, &platforms)?;
            }
        }
        let Maker { layers, candidates, left_out, mut warnings, .. } = maker;
        warnings.sort_unstable();
        warnings.dedup();
        let own = laid_out.first().map(|(_, found)| found.own.iter().cloned().collect()).unwrap_or_default();
        let overlays = laid_out.iter().map(|(number, _)| self.platforms[*number].overlay.clone()).collect();
        let layout = recipe.layout.unwrap_or(Layout::Packaged);
        Ok(Laid { layers, overlays, layout, layout_reason: None, own, candidates, left_out, warnings })
    }
}

struct Maker<'a> {
    recipe: &'a Recipe,
    layers: Vec<PlannedLayer>,
    candidates: Vec<Candidate>,
    left_out: Vec<(Platform, BTreeSet<String>)>,
    warnings: Vec<String>,
}

impl Maker<'_> {
    fn make(&mut self, layer: &StepLayer, platforms: &[Platform]) -> Result<(), Error> {
        match &layer.content {
            StepContent::Files(items) if items.is_empty() => {}
            StepContent::Files(items) => {
                let files = files(&layer.name, items)?;
                // A configuration may hold secrets; a JAR is large, and none.
                let private = !items.iter().all(|(path, item)| !matches!(item.kind, ItemKind::File(_)) || jar_in_image(path));
                self.layers.push(PlannedLayer::new(layer.name.clone(), platforms.to_vec(), files, private));
                for (path, item) in items.iter().filter(|(path, _)| jar_in_image(path)) {
                    if let ItemKind::File(source) = &item.kind {
                        self.consider(path, source, platforms);
                    }
                }
            }
            StepContent::Jar { path, destination, attributes, folders } => {
                self.make_jar(&layer.name, path, destination, *attributes, folders, platforms)?;
            }
        }
        Ok(())
    }

    fn make_jar(
        &mut self,
        name: &str,
        path: &Path,
        destination: &str,
        attributes: Attributes,
        folders: &BTreeMap<String, Item>,
        platforms: &[Platform],
    ) -> Result<(), Error> {
        let jar = Jar::open(path)?;
        let (folder, file) = destination.rsplit_once('/').unwrap_or(("", destination));
        let mut arrangement = arrange(self.recipe, &jar, Layout::Extracted, file, platforms)?;
        self.left_out.append(&mut arrangement.left_out);
        self.warnings.append(&mut arrangement.kept);
        let mut layers = jar_layers(arrangement, folder, attributes, platforms)?;
        // The lowest that all these platforms share: there is one, the application's.
        if let Some(first) = layers.iter_mut().find(|layer| layer.platforms == platforms) {
            for (path, item) in folders {
                add(name, &mut first.content, path, item)?;
            }
        }
        self.layers.append(&mut layers);
        self.candidates.push(Candidate::new(&jar, destination, platforms));
        Ok(())
    }

    /// A JAR that is copied as it is may be the application; what is no JAR is copied all the same.
    fn consider(&mut self, destination: &str, source: &Path, platforms: &[Platform]) {
        if let Ok(jar) = Jar::open(source)
            && jar.require_executable().is_ok()
        {
            self.candidates.push(Candidate::new(&jar, destination, platforms));
        }
    }
}

fn files(name: &str, items: &BTreeMap<String, Item>) -> Result<Files, Error> {
    let mut files = Files::new();
    for (path, item) in items {
        add(name, &mut files, path, item)?;
    }
    Ok(files)
}

fn add(name: &str, files: &mut Files, path: &str, item: &Item) -> Result<(), Error> {
    let failed = |source| Error::Layer { name: name.to_owned(), source };
    let attributes = item.attributes;
    match &item.kind {
        ItemKind::Folder => files.add(path, Entry { kind: Kind::Folder, attributes }).map_err(failed),
        ItemKind::Symlink(target) => files.add(path, Entry { kind: Kind::Symlink(target.clone()), attributes }).map_err(failed),
        ItemKind::File(source) => {
            let unreadable = |error| Error::Injected { path: PathBuf::from(source), destination: path.to_owned(), source: error };
            files.add_file(path, FileContent::new(source).map_err(unreadable)?, attributes).map_err(failed)
        }
    }
}

/// Whether a path of the image is that of a JAR or WAR.
pub(super) fn jar_in_image(path: &str) -> bool {
    Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("jar") || extension.eq_ignore_ascii_case("war"))
}
