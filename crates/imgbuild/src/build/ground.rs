//! What a build stands on: the bases, what is known about them, and the layers as they lie there.

use super::lock::Held;
use super::place::{Placed, merge, unseen};
use super::{Error, Plan};
use crate::base::facts::{Facts, Start};
use crate::base::{Base, Conflict, Scanner};
use crate::event::{Event, Events};
use crate::guard::{Findings, layer_path};
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
    pub(super) plan: Plan,
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
            let plan = Plan { layers: unseen(self.plan, self.recipe)?, ..self.plan.clone() };
            return Ok(Ground { plan, standing: standing(vec![None; configs.len()]) });
        }
        let facts = self.facts(&starts).await?;
        let (plan, asked) = self.plan.on(self.recipe, &facts)?;
        let placed = self.place(&plan, &facts)?;
        let narrowed = starts.iter().zip(&facts).zip(placed.iter().zip(&asked)).map(|((start, facts), (placed, asked))| {
            facts.narrow(start, &placed.asked.union(&asked.paths).cloned().collect(), &asked.users)
        });
        let narrowed: Vec<Facts> = narrowed.collect();
        if let Some(path) = self.held.keep(self.base, &self.recipe.platforms, &narrowed)? {
            self.events.emit(&Event::LockWritten { path: path.to_owned() });
        }
        let plan = Plan { layers: merge(&plan.layers, &self.recipe.platforms, &placed), ..plan };
        let with_layers = facts.iter().zip(placed).zip(&starts).map(|((facts, placed), start)| Some(facts.over(placed.tree, start)));
        Ok(Ground { plan, standing: standing(with_layers.collect()) })
    }

    /// The facts about each base. Those of a lock are taken where they suffice.
    async fn facts(&self, starts: &[Start]) -> Result<Vec<Facts>, Error> {
        let mut known: Vec<Option<Facts>> = Vec::new();
        let mut changes = self.held.lacking_documents(self.base);
        for (number, ((platform, image), start)) in self.recipe.platforms.iter().zip(&self.base.images).zip(starts).enumerate() {
            let locked = self.held.image(platform, &image.digest)?.map(|locked| locked.facts(start));
            let gaps = match &locked {
                Some(facts) => self.gaps(number, facts, start)?,
                None => vec![format!("`{platform}` is not in it")],
            };
            known.push(locked.filter(|_| gaps.is_empty()));
            changes.extend(gaps);
        }
        if let Some(lack) = self.held.lacks(changes)? {
            self.events.warn(lack, Some("`--lock` adds what it lacks"));
        }
        let missing: Vec<usize> = known.iter().enumerate().filter(|(_, known)| known.is_none()).map(|(number, _)| number).collect();
        let images: Vec<_> = missing.iter().map(|&number| self.base.images[number].clone()).collect();
        let needed = |blob: &crate::blob::Blob| self.targets.iter().any(|target| target.needs(blob));
        let trees = Box::pin(self.scanner.trees(&self.plan.base, &images, needed)).await?;
        for (number, tree) in missing.into_iter().zip(trees) {
            known[number] = Some(Facts::new(tree, &starts[number]));
        }
        Ok(known.into_iter().flatten().collect())
    }

    /// What the facts of a lock are not enough for.
    fn gaps(&self, number: usize, facts: &Facts, start: &Start) -> Result<Vec<String>, Error> {
        let platform = &self.recipe.platforms[number];
        let mut gaps = facts.gaps(start);
        match self.plan.alone(self.recipe, number, facts)? {
            // Other conflicts are the base's, whoever tells of it, and are found again.
            Ok(layers) => {
                if let Err((_, Conflict::Unknown { path })) = Placed::on(facts.tree(), &layers, self.recipe, platform) {
                    gaps.push(format!("the path `/{path}`"));
                }
            }
            Err(what) => gaps.push(what),
        }
        Ok(gaps.into_iter().map(|gap| format!("`{platform}`: {gap} is not in it")).collect())
    }

    /// Puts the layers on each base. Where something of a base would go, nothing is built.
    fn place(&self, plan: &Plan, facts: &[Facts]) -> Result<Vec<Placed>, Error> {
        let (mut placed, mut findings) = (Vec::with_capacity(facts.len()), Vec::new());
        for (platform, facts) in self.recipe.platforms.iter().zip(facts) {
            match Placed::on(facts.tree(), &plan.layers, self.recipe, platform) {
                Ok(one) => placed.push(one),
                Err((layer, conflict)) => match layer_path::check(&layer, platform, &conflict) {
                    Some(finding) => findings.push(finding),
                    None => return Err(misplaced(platform, (layer, conflict))),
                },
            }
        }
        if findings.is_empty() {
            return Ok(placed);
        }
        let findings = Findings::new(findings, &[]);
        findings.iter().for_each(|finding| self.events.emit(&Event::from(finding)));
        Err(Error::Refused(findings))
    }
}

fn misplaced(platform: &Platform, (layer, source): (String, Conflict)) -> Error {
    Error::Misplaced { layer, platform: platform.to_string(), source }
}
