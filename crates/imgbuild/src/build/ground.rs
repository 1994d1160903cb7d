//! What a build stands on: the bases, what is known about them, and the layers as they lie there.

use super::lock::Held;
use super::place::{Placed, merge, unseen};
use super::{Error, Plan, PlannedLayer};
use crate::base::facts::{Facts, Start};
use crate::base::{Base, Conflict, Scanner};
use crate::event::{Event, Events};
use crate::oci::Platform;
use crate::recipe::{FactsFrom, Recipe};
use crate::target::Target;

/// Learns what is to be known about `base` from the lock, from the cache, or from its layers.
pub(super) struct Survey<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) plan: &'a Plan,
    pub(super) base: &'a Base,
    pub(super) scanner: Scanner<'a>,
    pub(super) held: &'a Held,
    pub(super) targets: &'a [Box<dyn Target>],
    pub(super) events: &'a Events,
}

/// The layers as they lie on the bases, and what each image then is.
pub(super) struct Ground {
    pub(super) layers: Vec<PlannedLayer>,
    /// In the order of the platforms.
    pub(super) standing: Vec<Standing>,
}

/// The image of one platform before it is made.
pub(super) struct Standing {
    pub(super) start: Start,
    pub(super) env: Vec<(String, String)>,
    /// The base's files with the layers over them; nothing where nobody looked.
    pub(super) facts: Option<Facts>,
}

impl Survey<'_> {
    /// The layers as they lie on the bases. What is known is asked first, and kept in the lock.
    pub(super) async fn run(&self) -> Result<Ground, Error> {
        let images = self.base.images.iter().zip(&self.plan.overlays);
        let configs: Vec<_> = images.map(|(image, overlay)| image.config.patched(overlay)).collect();
        let starts: Vec<Start> = configs.iter().map(Start::of).collect();
        let standing = |facts: Vec<Option<Facts>>| {
            let images = configs.iter().zip(&starts).zip(facts);
            images.map(|((config, start), facts)| Standing { start: start.clone(), env: config.variables(), facts }).collect()
        };
        if self.recipe.facts == FactsFrom::Skip {
            let claim = "nobody looks into the base: its architecture and its Java are what its documents claim";
            self.events.warn(claim, Some("leave `--facts skip` away"));
            let layers = unseen(self.plan, self.recipe)?;
            return Ok(Ground { layers, standing: standing(vec![None; configs.len()]) });
        }
        let known = self.facts(&starts).await?;
        let (facts, placed): (Vec<Facts>, Vec<Placed>) = known.into_iter().unzip();
        let narrowed = starts.iter().zip(&facts).zip(&placed).map(|((start, facts), placed)| facts.narrow(start, &placed.asked));
        let narrowed: Vec<Facts> = narrowed.collect();
        if let Some(path) = self.held.keep(self.base, &self.recipe.platforms, &narrowed)? {
            self.events.emit(&Event::LockWritten { path: path.to_owned() });
        }
        let layers = merge(&self.plan.layers, &self.recipe.platforms, &placed);
        let with_layers = facts.iter().zip(placed).zip(&starts).map(|((facts, placed), start)| Some(facts.over(placed.tree, start)));
        Ok(Ground { layers, standing: standing(with_layers.collect()) })
    }

    async fn facts(&self, starts: &[Start]) -> Result<Vec<(Facts, Placed)>, Error> {
        let mut known: Vec<Option<(Facts, Placed)>> = Vec::new();
        let mut changes = Vec::new();
        for ((platform, image), start) in self.recipe.platforms.iter().zip(&self.base.images).zip(starts) {
            let locked = self.held.image(platform, &image.digest)?;
            if locked.is_none() {
                changes.push(format!("`{platform}` is not in it"));
            }
            let found = locked.map(|locked| self.locked(platform, locked.facts(start), start, &mut changes)).transpose()?.flatten();
            known.push(found);
        }
        if let Some(lack) = self.held.lacks(changes)? {
            self.events.warn(lack, Some("`--lock` adds what it lacks"));
        }
        let missing: Vec<usize> = known.iter().enumerate().filter(|(_, known)| known.is_none()).map(|(number, _)| number).collect();
        let images: Vec<_> = missing.iter().map(|&number| self.base.images[number].clone()).collect();
        let needed = |blob: &crate::blob::Blob| self.targets.iter().any(|target| target.needs(blob));
        let trees = Box::pin(self.scanner.trees(&self.plan.base, &images, needed)).await?;
        for (number, tree) in missing.into_iter().zip(trees) {
            let platform = &self.recipe.platforms[number];
            let placed = Placed::on(&tree, &self.plan.layers, self.recipe, platform).map_err(|conflict| misplaced(platform, conflict))?;
            known[number] = Some((Facts::new(tree, &starts[number]), placed));
        }
        Ok(known.into_iter().flatten().collect())
    }

    /// The facts of a lock, if they suffice; what they lack is a change of the lock.
    fn locked(
        &self,
        platform: &Platform,
        facts: Facts,
        start: &Start,
        changes: &mut Vec<String>,
    ) -> Result<Option<(Facts, Placed)>, Error> {
        let mut gaps = facts.gaps(start);
        let placed = match Placed::on(facts.tree(), &self.plan.layers, self.recipe, platform) {
            Ok(placed) => Some(placed),
            Err((_, Conflict::Unknown { path })) => {
                gaps.push(format!("the path `/{path}`"));
                None
            }
            Err(conflict) => return Err(misplaced(platform, conflict)),
        };
        let suffices = gaps.is_empty();
        changes.extend(gaps.into_iter().map(|gap| format!("`{platform}`: {gap} is not in it")));
        Ok(placed.filter(|_| suffices).map(|placed| (facts, placed)))
    }
}

fn misplaced(platform: &Platform, (layer, source): (String, Conflict)) -> Error {
    Error::Misplaced { layer, platform: platform.to_string(), source }
}
