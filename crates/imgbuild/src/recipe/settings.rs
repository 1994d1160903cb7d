//! What one source asks for: the file, the environment or the flags. Laid over each other they make the recipe.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::injected::lay_over;
use super::{Annotation, Assignment, DEFAULT_WORKING_DIR, Dockerfile, Error, FactsFrom, Injection, Layout, Natives, Owner, Recipe};
use crate::guard::Allowance;
use crate::image::{Annotations, Created, Format, Overlay};
use crate::layer::Encoding;
use crate::oci::{Location, Platform, Reference};
use crate::registry::Mirror;

/// What one source asks for. Everything may be missing.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// The application's JAR, or the context of its Dockerfile. Not part of the recipe: the same recipe may be applied to any.
    pub application: Option<PathBuf>,
    /// The base image.
    pub base: Option<Location>,
    /// The platforms, in the order of the index.
    pub platforms: Option<Vec<Platform>>,
    /// How the JAR is laid out.
    pub layout: Option<Layout>,
    /// Whose native code the libraries keep.
    pub natives: Option<Natives>,
    /// Changes of the base's configuration.
    pub overlay: Overlay,
    /// Annotations of manifests and index.
    pub annotations: Vec<Annotation>,
    /// Configuration files; without a destination they go into `config` under the working directory.
    pub configs: Vec<Injection>,
    /// Other files, which need a destination.
    pub additions: Vec<Injection>,
    /// Owner of what is put into layers.
    pub owner: Option<Owner>,
    /// Time of modification of what is put into layers, in seconds since 1970.
    pub mtime: Option<u64>,
    /// When the image says that it was created.
    pub created: Option<Created>,
    /// OCI or Docker documents.
    pub format: Option<Format>,
    /// How layers are compressed.
    pub encoding: Option<Encoding>,
    /// Findings that are let pass.
    pub allow: Vec<Allowance>,
    /// Whether it is meant that anybody can pull what the image holds.
    pub public: Option<bool>,
    /// Where the facts about the base come from.
    pub facts: Option<FactsFrom>,
    /// A Dockerfile, whose steps take the place of the JAR's layout.
    pub dockerfile: Option<Dockerfile>,
    /// Values for the Dockerfile's ARGs; of two for one name the later counts.
    pub build_args: Vec<Assignment>,
    /// Where a push goes. Not part of the recipe: the same image may be pushed anywhere.
    pub tags: Vec<Reference>,
    /// Where bases are looked for first. Not part of the recipe: a mirror has the same image.
    pub mirrors: Vec<Mirror>,
}

impl Recipe {
    /// Makes a recipe of the defaults and of `sources`, the weakest first.
    ///
    /// A single value, and a list whose order matters, replaces the weaker one. Variables, labels, annotations and
    /// files replace the weaker one of the same name or place and keep the others.
    ///
    /// # Errors
    /// When a platform is named twice, two files of one source have the same place, or a file can be given none.
    pub fn from_sources(sources: impl IntoIterator<Item = Settings>) -> Result<Self, Error> {
        let mut sources: Vec<Settings> = sources.into_iter().collect();
        let says_what = sources.iter().rposition(|settings| settings.application.is_some() || settings.dockerfile.is_some());
        // A JAR takes the place of a weaker source's Dockerfile.
        sources.iter_mut().take(says_what.unwrap_or_default()).for_each(|weaker| weaker.dockerfile = None);
        // FROM is as strong as the source of its Dockerfile: a base that is named beside it or later takes its place.
        let names_base = sources[says_what.unwrap_or_default()..].iter().any(|settings| settings.base.is_some());
        let working_dir = match sources.iter().rev().find_map(|settings| settings.overlay.working_dir.clone()) {
            None => dockerfile_working_dir(&sources)?,
            named => named,
        };
        // A relative WORKDIR joins the base's, which a recipe does not know.
        let config_folder = match working_dir.as_deref() {
            None if sources.iter().any(|settings| settings.dockerfile.is_some()) => None,
            None => Some(format!("{DEFAULT_WORKING_DIR}/config")),
            Some(path) if path.starts_with('/') => Some(format!("{}/config", path.trim_end_matches('/'))),
            Some(_) => None,
        };
        let mut recipe =
            sources.into_iter().try_fold(Self::default(), |recipe, settings| recipe.apply(settings, config_folder.as_deref()))?;
        if let Some(dockerfile) = recipe.dockerfile.as_ref().filter(|_| !names_base) {
            recipe.base = dockerfile.base(&recipe.build_args, &recipe.platforms)?;
        }
        if recipe.format == Format::Docker && recipe.annotations != Annotations::default() {
            return Err(Error::AnnotationsInDocker);
        }
        Ok(recipe)
    }

    fn apply(mut self, settings: Settings, config_folder: Option<&str>) -> Result<Self, Error> {
        let configs = settings.configs.into_iter().map(|config| config.place(config_folder));
        lay_over(&mut self.configs, configs.collect::<Result<_, _>>()?)?;
        let additions = settings.additions.into_iter().map(|addition| addition.place(None));
        lay_over(&mut self.additions, additions.collect::<Result<_, _>>()?)?;
        self.build_args.extend(settings.build_args);
        for annotation in settings.annotations {
            annotate(&mut self.annotations, annotation);
        }
        Ok(Self {
            base: settings.base.unwrap_or(self.base),
            platforms: settings.platforms.map_or(Ok(self.platforms), distinct)?,
            layout: settings.layout.or(self.layout),
            natives: settings.natives.unwrap_or(self.natives),
            dockerfile: settings.dockerfile.or(self.dockerfile),
            overlay: lay_overlay(self.overlay, settings.overlay),
            owner: settings.owner.unwrap_or(self.owner),
            mtime: settings.mtime.unwrap_or(self.mtime),
            created: settings.created.unwrap_or(self.created),
            format: settings.format.unwrap_or(self.format),
            encoding: settings.encoding.unwrap_or(self.encoding),
            allow: self.allow.into_iter().chain(settings.allow).collect(),
            public: settings.public.unwrap_or(self.public),
            facts: settings.facts.unwrap_or(self.facts),
            ..self
        })
    }
}

/// The working directory of a Dockerfile, where it is known without the base.
fn dockerfile_working_dir(sources: &[Settings]) -> Result<Option<String>, Error> {
    let Some(dockerfile) = sources.iter().rev().find_map(|settings| settings.dockerfile.as_ref()) else { return Ok(None) };
    let build_args: Vec<Assignment> = sources.iter().flat_map(|settings| settings.build_args.clone()).collect();
    match dockerfile.evaluate(&build_args, &Platform::LINUX_AMD64, None) {
        Ok(steps) => Ok(steps.overlay.working_dir),
        Err(Error::NeedsBase { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn distinct(platforms: Vec<Platform>) -> Result<Vec<Platform>, Error> {
    if platforms.is_empty() {
        return Err(Error::NoPlatform);
    }
    for (position, platform) in platforms.iter().enumerate() {
        if platforms[..position].iter().any(|other| other.matches(platform)) {
            return Err(Error::SamePlatform(platform.to_string()));
        }
    }
    Ok(platforms)
}

fn annotate(annotations: &mut Annotations, annotation: Annotation) {
    let Assignment { name, value } = annotation.assignment;
    let insert = |map: &mut BTreeMap<String, String>| drop(map.insert(name.clone(), value.clone()));
    if annotation.on_index {
        insert(&mut annotations.index);
    }
    if annotation.on_manifests {
        insert(&mut annotations.manifest);
    }
}

/// An entrypoint takes the weaker CMD away with it, as it does with the base's: it belonged to another command.
pub(crate) fn lay_overlay(weaker: Overlay, stronger: Overlay) -> Overlay {
    let cmd = if stronger.entrypoint.is_some() { stronger.cmd } else { stronger.cmd.or(weaker.cmd) };
    Overlay {
        cmd,
        entrypoint: stronger.entrypoint.or(weaker.entrypoint),
        env: lay_pairs(weaker.env, stronger.env),
        labels: lay_pairs(weaker.labels, stronger.labels),
        user: stronger.user.or(weaker.user),
        working_dir: stronger.working_dir.or(weaker.working_dir),
        exposed_ports: union(weaker.exposed_ports, stronger.exposed_ports),
        volumes: union(weaker.volumes, stronger.volumes),
        stop_signal: stronger.stop_signal.or(weaker.stop_signal),
        healthcheck: stronger.healthcheck.or(weaker.healthcheck),
        shell: stronger.shell.or(weaker.shell),
        assumed: weaker.assumed.and(stronger.assumed),
    }
}

fn lay_pairs(mut pairs: Vec<(String, String)>, stronger: Vec<(String, String)>) -> Vec<(String, String)> {
    for (name, value) in stronger {
        match pairs.iter_mut().find(|(known, _)| *known == name) {
            Some(pair) => pair.1 = value,
            None => pairs.push((name, value)),
        }
    }
    pairs
}

fn union<T: PartialEq>(mut list: Vec<T>, more: Vec<T>) -> Vec<T> {
    for one in more {
        if !list.contains(&one) {
            list.push(one);
        }
    }
    list
}
