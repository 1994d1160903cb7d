//! `imgbuild.yaml`: the keys of the flags, read strictly.
//!
//! Unknown and repeated keys are refused with their line. Relative paths start at the file's folder. A plain scalar
//! where a text belongs is taken as it is written: `PORT: 8080` is `8080`, `VERSION: 1.10` stays `1.10`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::health::healthcheck;
use super::project::services;
use super::shape::{exec, injections, one_or_more, pairs, scalar};
use super::syntax::syntax;
use super::{
    Annotation, Assignment, Dockerfile, Error, FactsFrom, Injection, Layout, Natives, Owner, Project, Recipe, Service, Settings, value,
};
use crate::guard::Allowance;
use crate::image::{Assumed, Created, Format, Healthcheck, Overlay, Port};
use crate::layer::Encoding;
use crate::oci::{Location, Platform, Reference, is_stdio};
use crate::registry::Mirror;

/// The most bytes of a recipe; a larger file is something else, such as the JAR.
const MAX_BYTES: u64 = 1 << 20;

impl Recipe {
    /// Reads `imgbuild.yaml`.
    ///
    /// # Errors
    /// When the file cannot be read or is no valid recipe.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_sources([Settings::read(path)?])
    }

    /// Reads the text of an `imgbuild.yaml` that lies in `folder`.
    ///
    /// # Errors
    /// When it is no valid recipe.
    pub fn parse(text: &str, folder: impl AsRef<Path>) -> Result<Self, Error> {
        Self::from_sources([Settings::parse(text, folder)?])
    }
}

impl Settings {
    /// Reads what an `imgbuild.yaml` asks for, or a Dockerfile: any file whose name does not end in `.yaml` or `.yml`.
    ///
    /// # Errors
    /// When the file cannot be read or is no valid recipe.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        read_file(path)?.single(&format!("`{}`", path.display()))
    }

    /// Reads the text of an `imgbuild.yaml` that lies in `folder`.
    ///
    /// # Errors
    /// When it is no valid recipe.
    pub fn parse(text: &str, folder: impl AsRef<Path>) -> Result<Self, Error> {
        read_text(text, folder.as_ref(), "the recipe")?.single("the recipe")
    }
}

/// Reads a recipe of either kind.
pub(super) fn read_file(path: &Path) -> Result<Project, Error> {
    if Dockerfile::is_named_so(path) {
        let defaults = Settings { dockerfile: Some(Dockerfile::read(path)?), ..Settings::default() };
        return Ok(Project { defaults, services: Vec::new() });
    }
    let text = read_recipe(path)?;
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    read_text(&text, &folder, &format!("`{}`", path.display()))
}

/// The text of a recipe.
pub(super) fn read_recipe(path: &Path) -> Result<String, Error> {
    let fail = |source| Error::Read { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    File::open(path).map_err(fail)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::TooLarge { path: path.to_owned(), limit: MAX_BYTES });
    }
    String::from_utf8(bytes).map_err(|error| fail(io::Error::new(io::ErrorKind::InvalidData, error.utf8_error())))
}

/// Reads the text of an `imgbuild.yaml`.
pub(super) fn read_text(text: &str, folder: &Path, file: &str) -> Result<Project, Error> {
    let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true, reject_unsupported_tags: true };
    // A file of nothing but comments asks for nothing.
    let keys = match serde_saphyr::from_str_with_options::<Option<Keys>>(text, options) {
        Ok(keys) => keys.unwrap_or_default(),
        Err(error) => return Err(syntax(file, &error)),
    };
    let mut keys = keys;
    let services = std::mem::take(&mut keys.services);
    let service = |(name, keys): (String, Keys)| Ok(Service { settings: keys.settings(folder, file)?, name });
    let services = services.into_iter().map(service).collect::<Result<_, Error>>()?;
    Ok(Project { defaults: keys.settings(folder, file)?, services })
}

/// The keys, in the order of the documentation. The name of the flag is a second spelling where it differs.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Keys {
    #[serde(deserialize_with = "scalar")]
    jar: Option<PathBuf>,
    #[serde(deserialize_with = "scalar")]
    dockerfile: Option<PathBuf>,
    #[serde(deserialize_with = "scalar")]
    context: Option<PathBuf>,
    #[serde(alias = "build-arg", deserialize_with = "pairs")]
    build_args: Vec<(String, String)>,
    #[serde(deserialize_with = "services")]
    services: Vec<(String, Keys)>,
    #[serde(deserialize_with = "scalar")]
    base: Option<Location>,
    #[serde(alias = "platform", deserialize_with = "one_or_more")]
    platforms: Option<Vec<Platform>>,
    #[serde(deserialize_with = "scalar")]
    layout: Option<Layout>,
    #[serde(deserialize_with = "scalar")]
    natives: Option<Natives>,
    #[serde(alias = "config", deserialize_with = "injections")]
    configs: Vec<Injection>,
    #[serde(deserialize_with = "injections")]
    add: Vec<Injection>,
    #[serde(deserialize_with = "exec")]
    entrypoint: Option<Vec<String>>,
    #[serde(deserialize_with = "exec")]
    cmd: Option<Vec<String>>,
    #[serde(deserialize_with = "pairs")]
    env: Vec<(String, String)>,
    #[serde(alias = "label", deserialize_with = "pairs")]
    labels: Vec<(String, String)>,
    #[serde(alias = "annotation", deserialize_with = "annotations")]
    annotations: Vec<Annotation>,
    #[serde(deserialize_with = "user")]
    user: Option<String>,
    #[serde(deserialize_with = "workdir")]
    workdir: Option<String>,
    #[serde(deserialize_with = "one_or_more")]
    expose: Option<Vec<Port>>,
    #[serde(alias = "volume", deserialize_with = "volumes")]
    volumes: Vec<String>,
    #[serde(deserialize_with = "stop_signal")]
    stop_signal: Option<String>,
    #[serde(deserialize_with = "healthcheck")]
    healthcheck: Option<Healthcheck>,
    #[serde(deserialize_with = "exec")]
    shell: Option<Vec<String>>,
    #[serde(deserialize_with = "scalar")]
    chown: Option<Owner>,
    #[serde(deserialize_with = "mtime")]
    mtime: Option<u64>,
    #[serde(deserialize_with = "created")]
    created: Option<Created>,
    #[serde(deserialize_with = "scalar")]
    format: Option<Format>,
    #[serde(deserialize_with = "scalar")]
    compression: Option<Encoding>,
    #[serde(deserialize_with = "allowances")]
    allow: Vec<Allowance>,
    public: Option<bool>,
    #[serde(deserialize_with = "scalar")]
    facts: Option<FactsFrom>,
    #[serde(alias = "tag", deserialize_with = "one_or_more")]
    tags: Option<Vec<Reference>>,
    #[serde(alias = "mirror", deserialize_with = "one_or_more")]
    mirrors: Option<Vec<Mirror>>,
}

impl Keys {
    pub(super) const fn has_services(&self) -> bool {
        !self.services.is_empty()
    }

    /// What is built, and the Dockerfile that says how: the one is named by `jar`, both by `dockerfile`, whose own folder is its context
    /// where no other is named.
    fn application(&self, folder: &Path, file: &str) -> Result<(Option<PathBuf>, Option<Dockerfile>), Error> {
        let no = |key, with| Error::Together { file: file.to_owned(), key, with };
        match (&self.jar, &self.dockerfile, &self.context) {
            (Some(_), Some(_), _) => Err(no("jar", "dockerfile")),
            (Some(_), _, Some(_)) => Err(no("jar", "context")),
            (_, None, Some(_)) => Err(Error::ContextAlone { file: file.to_owned() }),
            (jar, None, None) => Ok((jar.as_ref().map(|jar| folder.join(jar)), None)),
            (None, Some(dockerfile), context) => {
                let dockerfile = folder.join(dockerfile);
                let own = || dockerfile.parent().filter(|own| !own.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
                let context = context.as_ref().map_or_else(own, |context| folder.join(context));
                Ok((Some(context), Some(Dockerfile::read(&dockerfile)?)))
            }
        }
    }

    fn settings(self, folder: &Path, file: &str) -> Result<Settings, Error> {
        let (application, dockerfile) = self.application(folder, file)?;
        let build_args = self.build_args.into_iter().map(|(name, value)| Assignment { name, value }).collect();
        let within = |list: Vec<Injection>| list.into_iter().map(|one| one.within(folder)).collect();
        let base = self.base.map(|base| match base {
            Location::Layout { folder: layout, tag } => Location::Layout { folder: PathBuf::from(folder).join(layout), tag },
            Location::Archive { form, file, tag } if !is_stdio(&file) => {
                Location::Archive { form, file: PathBuf::from(folder).join(file), tag }
            }
            elsewhere => elsewhere,
        });
        Ok(Settings {
            application,
            base,
            platforms: self.platforms,
            layout: self.layout,
            natives: self.natives,
            overlay: Overlay {
                entrypoint: self.entrypoint,
                cmd: self.cmd,
                env: self.env,
                labels: self.labels,
                user: self.user,
                working_dir: self.workdir,
                exposed_ports: self.expose.unwrap_or_default(),
                volumes: self.volumes,
                stop_signal: self.stop_signal,
                healthcheck: self.healthcheck,
                shell: self.shell,
                assumed: Assumed::default(),
            },
            annotations: self.annotations,
            configs: within(self.configs),
            additions: within(self.add),
            owner: self.chown,
            mtime: self.mtime,
            created: self.created,
            dockerfile,
            build_args,
            format: self.format,
            encoding: self.compression,
            allow: self.allow,
            public: self.public,
            facts: self.facts,
            tags: self.tags.unwrap_or_default(),
            mirrors: self.mirrors.unwrap_or_default(),
        })
    }
}

fn checked<'de, D, T, E>(deserializer: D, check: impl Fn(&str) -> Result<T, E>) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    E: std::fmt::Display,
{
    let text = String::deserialize(deserializer)?;
    check(&text).map(Some).map_err(serde::de::Error::custom)
}

fn user<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, |text| value::line("user", text))
}

fn workdir<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, |text| value::line("working directory", text))
}

fn stop_signal<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    checked(deserializer, value::stop_signal)
}

fn mtime<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    checked(deserializer, value::mtime)
}

fn created<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Created>, D::Error> {
    checked(deserializer, Created::parse)
}

fn volumes<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let volumes: Option<Vec<String>> = one_or_more(deserializer)?;
    volumes.unwrap_or_default().iter().map(|text| value::volume(text).map_err(serde::de::Error::custom)).collect()
}

/// `ID=REASON`, or a map of them; a reason may hold commas.
fn allowances<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Allowance>, D::Error> {
    let allowance = |(id, reason): (String, String)| format!("{id}={reason}").parse().map_err(serde::de::Error::custom);
    pairs(deserializer)?.into_iter().map(allowance).collect()
}

fn annotations<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Annotation>, D::Error> {
    let annotation = |(key, value): (String, String)| Annotation::new(&key, &value).map_err(serde::de::Error::custom);
    pairs(deserializer)?.into_iter().map(annotation).collect()
}
