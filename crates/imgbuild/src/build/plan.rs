//! What would be built, known without a network.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::dockerfile::Draft;
use super::injected::{ADDITIONS_LAYER, CONFIG_LAYER, additions, configs};
use super::steps::{Failure, StepLayers};
use super::{Application, Error, application};
use crate::base::Base;
use crate::base::facts::Facts;
use crate::image::Overlay;
use crate::jar::{Bytes, Jar, Layout};
use crate::layer::{Files, Kind};
use crate::oci::Platform;
use crate::recipe::Recipe;

/// What would be built: layers with their files, and how the base's configuration changes.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// The base.
    pub base: String,
    /// The platforms.
    pub platforms: Vec<Platform>,
    /// How the JAR is laid out.
    #[serde(serialize_with = "as_text")]
    pub layout: Layout,
    /// Why it is not `extracted`, where it could be expected.
    pub layout_reason: Option<String>,
    /// The layers that go on the base, lowest first.
    pub layers: Vec<PlannedLayer>,
    /// What changes in the base's configuration, for each platform in their order.
    pub overlays: Vec<Overlay>,
    /// What the user should know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Folders of the image's own, absolute: where nobody looks into the base, their modes and owners are ours, those of
    /// all others are the base's.
    #[serde(skip)]
    pub(super) own: Vec<String>,
    /// The JARs that may be the application: to be judged, and to be asked whether they were rewritten meanwhile.
    #[serde(skip)]
    pub(super) candidates: Vec<Candidate>,
    /// The libraries that are not put into the images of a platform, by their entries in the JAR.
    #[serde(skip)]
    pub(super) left_out: Vec<(Platform, BTreeSet<String>)>,
    /// The Dockerfile that it is of.
    #[serde(skip)]
    pub(super) draft: Option<Arc<Draft>>,
}

/// An executable JAR of an image.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// What messages call it.
    pub(super) name: String,
    pub(super) bytes: Bytes,
    /// Where it lies in the image, or would lie as one file.
    pub(super) path: String,
    pub(super) platforms: Vec<Platform>,
}

impl Candidate {
    pub(super) fn new(jar: &Jar, path: &str, platforms: &[Platform]) -> Self {
        let (name, bytes) = (jar.archive().name().to_owned(), jar.archive().bytes().clone());
        Self { name, bytes, path: path.to_owned(), platforms: platforms.to_vec() }
    }
}

/// A layer that is to be made.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedLayer {
    /// What it holds.
    pub name: String,
    /// The platforms that get it.
    pub platforms: Vec<Platform>,
    /// How many files it has.
    pub files: usize,
    /// How many bytes they have.
    pub bytes: u64,
    /// Whether it may hold secrets and is kept out of the cache.
    pub private: bool,
    /// The files, without the folders above them: those are known once the base is.
    #[serde(skip)]
    pub(super) content: Files,
}

/// What a JAR, or a Dockerfile with its context, becomes.
pub(super) struct Laid {
    pub(super) layers: Vec<PlannedLayer>,
    pub(super) overlays: Vec<Overlay>,
    pub(super) layout: Layout,
    pub(super) layout_reason: Option<String>,
    /// Folders of the image's own, absolute.
    pub(super) own: Vec<String>,
    pub(super) candidates: Vec<Candidate>,
    /// The libraries that are not put into the images of a platform, by their entries in the JAR.
    pub(super) left_out: Vec<(Platform, BTreeSet<String>)>,
    pub(super) warnings: Vec<String>,
}

impl Plan {
    /// The plan; `base` is only needed by a Dockerfile whose steps depend on it.
    pub(super) fn new(recipe: &Recipe, application: &Application, base: Option<&Base>) -> Result<Self, Error> {
        if recipe.platforms.is_empty() {
            return Err(Error::NoPlatforms);
        }
        let Some(dockerfile) = &recipe.dockerfile else {
            return Self::of(recipe, application::lay(recipe, application)?, None);
        };
        let draft = Draft::new(recipe, dockerfile, application, base)?;
        let laid_out = (0..recipe.platforms.len()).map(|number| Ok((number, draft.lay_out(recipe, number, None)?)));
        let laid = draft.lay(recipe, &laid_out.collect::<Result<Vec<_>, Error>>()?)?;
        Self::of(recipe, laid, Some(Arc::new(draft)))
    }

    /// The same on bases whose files are known, in the order of the platforms, and what their facts were asked for besides:
    /// where a Dockerfile's steps lead depends on them.
    pub(super) fn on(&self, recipe: &Recipe, facts: &[Facts]) -> Result<(Self, Vec<Asked>), Error> {
        let Some(draft) = &self.draft else { return Ok((self.clone(), vec![Asked::default(); facts.len()])) };
        let laid_out = facts.iter().enumerate().map(|(number, facts)| Ok((number, draft.lay_out(recipe, number, Some(facts))?)));
        let laid_out = laid_out.collect::<Result<Vec<(usize, StepLayers)>, Error>>()?;
        let asked = laid_out.iter().map(|(_, found)| Asked { paths: found.asked.clone(), users: found.users.clone() }).collect();
        Ok((Self::of(recipe, draft.lay(recipe, &laid_out)?, self.draft.clone())?, asked))
    }

    /// The layers for one platform alone, and what `facts` are not enough for, in words.
    pub(super) fn alone(&self, recipe: &Recipe, number: usize, facts: &Facts) -> Result<Result<Vec<PlannedLayer>, String>, Error> {
        let Some(draft) = &self.draft else { return Ok(Ok(self.layers.clone())) };
        match draft.lay_out(recipe, number, Some(facts)) {
            Ok(found) => {
                let laid = draft.lay(recipe, &[(number, found)])?;
                Ok(Ok(Self::of(recipe, laid, None)?.layers))
            }
            Err(Failure::Unknown(what)) => Ok(Err(what)),
            Err(Failure::Error(error)) => Err(error),
        }
    }

    fn of(recipe: &Recipe, laid: Laid, draft: Option<Arc<Draft>>) -> Result<Self, Error> {
        let Laid { mut layers, overlays, layout, layout_reason, own, candidates, left_out, warnings } = laid;
        for (name, make) in [(ADDITIONS_LAYER, additions as Injector), (CONFIG_LAYER, configs)] {
            for (platforms, files) in by_platform(recipe, make)? {
                layers.push(PlannedLayer::new(name.to_owned(), platforms, files, true));
            }
        }
        Ok(Self {
            base: recipe.base.to_string(),
            platforms: recipe.platforms.clone(),
            layout,
            layout_reason,
            layers,
            overlays,
            warnings,
            own,
            candidates,
            left_out,
            draft,
        })
    }
}

/// What the facts about a base were asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    pub(super) paths: BTreeSet<String>,
    pub(super) users: BTreeSet<String>,
}

type Injector = fn(&Recipe, &Platform) -> Result<Files, Error>;

/// What `make` gives for each platform, once for all platforms that get the same files.
fn by_platform(recipe: &Recipe, make: Injector) -> Result<Vec<(Vec<Platform>, Files)>, Error> {
    let depends_on_platform = recipe.configs.iter().chain(&recipe.additions).any(|injected| injected.platform.is_some());
    let groups = match recipe.platforms.split_first() {
        Some((first, _)) if !depends_on_platform => vec![(recipe.platforms.clone(), make(recipe, first)?)],
        _ => recipe.platforms.iter().map(|platform| Ok((vec![platform.clone()], make(recipe, platform)?))).collect::<Result<_, Error>>()?,
    };
    Ok(groups.into_iter().filter(|(_, files)| !files.is_empty()).collect())
}

impl PlannedLayer {
    pub(super) fn new(name: String, platforms: Vec<Platform>, files: Files, private: bool) -> Self {
        let sizes = files.entries().filter_map(|(_, entry)| match &entry.kind {
            Kind::File(content) => Some(content.size()),
            Kind::Folder | Kind::Symlink(_) => None,
        });
        let (count, bytes) = sizes.fold((0, 0), |(count, bytes), size| (count + 1, bytes + size));
        Self { name, platforms, files: count, bytes, private, content: files }
    }

    /// The same layer for `platforms`, with its files where they lie on the base.
    pub(super) fn with(&self, platforms: Vec<Platform>, content: Files) -> Self {
        Self { name: self.name.clone(), platforms, files: self.files, bytes: self.bytes, private: self.private, content }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands references to `serialize_with`")]
fn as_text<S: serde::Serializer>(layout: &Layout, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(layout)
}

impl fmt::Display for Plan {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let platforms: Vec<String> = self.platforms.iter().map(ToString::to_string).collect();
        writeln!(formatter, "base       {} for {}", self.base, platforms.join(", "))?;
        let reason = self.layout_reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        writeln!(formatter, "layout     {}{reason}", self.layout)?;
        if let Some(entrypoint) = self.overlays.first().and_then(|overlay| overlay.entrypoint.as_ref()) {
            writeln!(formatter, "entrypoint {}", serde_json::json!(entrypoint))?;
        }
        for layer in &self.layers {
            let bytes = crate::event::Bytes(layer.bytes);
            write!(formatter, "layer      {}: {} files, {bytes}", layer.name, layer.files)?;
            if layer.platforms.len() < self.platforms.len() {
                let only: Vec<String> = layer.platforms.iter().map(ToString::to_string).collect();
                write!(formatter, ", only for {}", only.join(", "))?;
            }
            writeln!(formatter)?;
            for (path, entry) in layer.content.entries() {
                if matches!(entry.kind, Kind::File(_) | Kind::Symlink(_)) {
                    writeln!(formatter, "             /{path}")?;
                }
            }
        }
        Ok(())
    }
}
