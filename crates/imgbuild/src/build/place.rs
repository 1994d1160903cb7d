//! Planned layers → layers as they lie on the bases, each once for all platforms on which it lies the same.

use std::collections::BTreeSet;

use super::{Error, Plan, PlannedLayer};
use crate::base::Conflict;
use crate::base::facts::Tree;
use crate::layer::{Attributes, Files};
use crate::oci::Platform;
use crate::recipe::Recipe;

/// The planned layers on the base of one platform.
pub(super) struct Placed {
    /// The files of each planned layer; nothing for a layer of other platforms.
    files: Vec<Option<Files>>,
    /// The base's files with the layers over them.
    pub(super) tree: Tree,
    /// The paths of the base that mattered.
    pub(super) asked: BTreeSet<String>,
}

impl Placed {
    /// Puts the layers of `platform` on `tree`, the lowest first.
    pub(super) fn on(tree: &Tree, layers: &[PlannedLayer], recipe: &Recipe, platform: &Platform) -> Result<Self, (String, Conflict)> {
        let folder = recipe.attributes(Attributes::FOLDER);
        let (mut tree, mut asked) = (tree.clone(), BTreeSet::new());
        let place = |planned: &PlannedLayer| {
            if !planned.platforms.contains(platform) {
                return Ok(None);
            }
            let placed = tree.place(&planned.content, folder, &mut asked);
            placed.map(Some).map_err(|conflict| (planned.name.clone(), conflict))
        };
        let files = layers.iter().map(place).collect::<Result<_, _>>()?;
        Ok(Self { files, tree, asked })
    }
}

/// The layers of all platforms: one that lies differently on the bases is split. `placed` is in the order of `platforms`.
pub(super) fn merge(layers: &[PlannedLayer], platforms: &[Platform], placed: &[Placed]) -> Vec<PlannedLayer> {
    let mut merged = Vec::new();
    for (number, planned) in layers.iter().enumerate() {
        let mut groups: Vec<(Vec<Platform>, &Files)> = Vec::new();
        for (platform, placed) in platforms.iter().zip(placed) {
            let Some(Some(files)) = placed.files.get(number) else { continue };
            match groups.iter_mut().find(|(_, other)| other.is_same(files)) {
                Some((platforms, _)) => platforms.push(platform.clone()),
                None => groups.push((vec![platform.clone()], files)),
            }
        }
        merged.extend(groups.into_iter().map(|(platforms, files)| planned.with(platforms, files.clone())));
    }
    merged
}

/// The layers where nobody looked into the base: folders of the image's own are 0755, those outside of them are left out,
/// so that they keep mode, owner and links wherever the engine lays a layer over the base's files.
pub(super) fn unseen(plan: &Plan, recipe: &Recipe) -> Result<Vec<PlannedLayer>, Error> {
    let lies_in = |path: &str, folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_own = |path: &str| plan.own.iter().any(|folder| lies_in(path, folder.trim_start_matches('/')));
    let add_parents = |planned: &PlannedLayer| {
        let mut files = planned.content.clone();
        let added = files.add_parents(recipe.attributes(Attributes::FOLDER), |path| !is_own(path));
        added.map_err(|source| Error::Layer { name: planned.name.clone(), source })?;
        Ok(planned.with(planned.platforms.clone(), files))
    };
    plan.layers.iter().map(add_parents).collect()
}
