//! A Dockerfile and its context → the layers of every platform, those that are equal made once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::application::jar_layers;
use super::context::Context;
use super::plan::Laid;
use super::steps::{Item, ItemKind, StepContent, StepLayer, StepLayers, lay_out};
use super::{Application, Error, PlannedLayer};
use crate::base::Base;
use crate::image::Overlay;
use crate::jar::{Jar, Layout};
use crate::layer::{Attributes, Entry, FileContent, Files, Kind};
use crate::oci::Platform;
use crate::recipe::{Dockerfile, Recipe, lay_overlay};

/// Lays out what the Dockerfile copies. `base` is needed where a step depends on it.
pub(super) fn lay(recipe: &Recipe, dockerfile: &Dockerfile, application: &Application, base: Option<&Base>) -> Result<Laid, Error> {
    let Application::File(folder) = application else { return Err(Error::NoContext) };
    if recipe.layout == Some(Layout::Exploded) {
        let reason = "`exploded` would need another ENTRYPOINT than the Dockerfile's; take `extracted` or leave the layout out".to_owned();
        return Err(Error::NoJarToLayOut { reason });
    }
    let context = Context::open(folder, dockerfile)?;
    let mut platforms: Vec<(Platform, Overlay, StepLayers)> = Vec::new();
    let mut warnings: Vec<String> = Vec::new();
    for (position, platform) in recipe.platforms.iter().enumerate() {
        let config = base.and_then(|base| base.images.get(position)).map(|image| &image.config);
        let found = dockerfile.evaluate(&recipe.build_args, platform, config)?;
        warnings.extend(found.warnings);
        let layers = lay_out(recipe, &context, &found.steps)?;
        platforms.push((platform.clone(), lay_overlay(found.overlay, recipe.overlay.clone()), layers));
    }
    warnings.sort_unstable();
    warnings.dedup();

    let mut maker = Maker::default();
    // The same instructions give the same number of layers on each platform.
    let count = platforms.first().map_or(0, |(_, _, found)| found.layers.len());
    for position in 0..count {
        let mut groups: Vec<(&StepLayer, Vec<Platform>)> = Vec::new();
        for (platform, _, found) in &platforms {
            let Some(layer) = found.layers.get(position) else { continue };
            match groups.iter_mut().find(|(known, _)| *known == layer) {
                Some((_, platforms)) => platforms.push(platform.clone()),
                None => groups.push((layer, vec![platform.clone()])),
            }
        }
        for (layer, platforms) in groups {
            maker.make(layer, &platforms)?;
        }
    }
    let own = platforms.first().map(|(_, _, found)| found.own.iter().cloned().collect()).unwrap_or_default();
    let overlays = platforms.into_iter().map(|(_, overlay, _)| overlay).collect();
    let layout = recipe.layout.unwrap_or(Layout::Packaged);
    Ok(Laid { layers: maker.layers, overlays, layout, layout_reason: None, own, jars: maker.jars, warnings })
}

#[derive(Default)]
struct Maker {
    layers: Vec<PlannedLayer>,
    jars: Vec<crate::jar::Bytes>,
}

impl Maker {
    fn make(&mut self, layer: &StepLayer, platforms: &[Platform]) -> Result<(), Error> {
        match &layer.content {
            StepContent::Files(items) if items.is_empty() => {}
            StepContent::Files(items) => {
                let files = files(&layer.name, items)?;
                // A configuration may hold secrets; a JAR is large, and none.
                let private = !items.iter().all(|(path, item)| !matches!(item.kind, ItemKind::File(_)) || jar_in_image(path));
                self.layers.push(PlannedLayer::new(layer.name.clone(), platforms.to_vec(), files, private));
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
        let arrangement = jar.arrange(Layout::Extracted, file)?;
        for (position, (layer, mut files)) in jar_layers(arrangement, folder, attributes)?.into_iter().enumerate() {
            if position == 0 {
                for (path, item) in folders {
                    add(name, &mut files, path, item)?;
                }
            }
            self.layers.push(PlannedLayer::new(layer, platforms.to_vec(), files, false));
        }
        self.jars.push(jar.archive().bytes().clone());
        Ok(())
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
