//! What to build: the flags that have a key in `imgbuild.yaml`, and that file itself.

use std::path::{Path, PathBuf};

use clap::Args;
use imgbuild::guard::Allowance;
use imgbuild::image::{Created, Format, Overlay, Port};
use imgbuild::layer::Encoding;
use imgbuild::recipe::{
    Annotation, Assignment, DEFAULT_DOCKERFILE, Exec, FactsFrom, Injection, Owner, Project, Settings, mtime, source_date_epoch,
    stop_signal, volume,
};
use imgbuild::{Location, Platform, Recipe, jar};

use super::health::HealthArguments;
use super::value::{build_argument, user, working_directory};
use crate::face::Failure;

/// The recipe that is used when `-f` names none and it exists.
const DEFAULT_FILE: &str = "imgbuild.yaml";
/// When the sources were last changed, in seconds since 1970 (<https://reproducible-builds.org/specs/source-date-epoch/>).
const EPOCH_VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// What to build.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Image")]
pub(crate) struct RecipeArguments {
    /// The recipe: an imgbuild.yaml, or a Dockerfile without RUN [default: imgbuild.yaml where it exists; a context's own Dockerfile]
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The base image: a reference, or `oci:DIR[:TAG]` [default: amazoncorretto:17]
    #[arg(long, value_name = "REF")]
    base: Option<Location>,
    /// Sets an argument of the Dockerfile; without a value the variable of this name is taken
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = build_argument)]
    build_arg: Vec<Assignment>,
    /// The platforms, such as `linux/amd64` [default: linux/amd64,linux/arm64]
    #[arg(long, value_name = "OS/ARCH", value_delimiter = ',')]
    platform: Vec<Platform>,
    /// Injects a config file, at /app/config/NAME where no place is given; it is the last layer
    #[arg(long, value_name = "[OS/ARCH=]FILE[:DEST[:MODE]]")]
    config: Vec<Injection>,
    /// Adds a file or a folder, in a layer of its own; to the image of one platform with `linux/arm64=` in front
    #[arg(long, value_name = "[OS/ARCH=]SRC:DEST[:MODE]")]
    add: Vec<Injection>,
    /// How the JAR is laid out: `extracted`, `exploded` or `packaged` [default: the best that is safe for it]
    #[arg(long, value_name = "LAYOUT")]
    layout: Option<jar::Layout>,
    /// Whose native code libraries keep: that of `all` platforms, or only the `matching` one's [default: all]
    #[arg(long, value_name = "WHICH")]
    natives: Option<jar::Natives>,
    /// The entrypoint, as a JSON array [default: what starts the JAR]
    #[arg(long, value_name = "COMMAND")]
    entrypoint: Option<Exec>,
    /// The arguments of the entrypoint, as a JSON array
    #[arg(long, value_name = "COMMAND")]
    cmd: Option<Exec>,
    /// Sets a variable of the image
    #[arg(short, long, value_name = "NAME=VALUE")]
    env: Vec<Assignment>,
    /// Sets a label
    #[arg(long, value_name = "NAME=VALUE")]
    label: Vec<Assignment>,
    /// Sets an annotation of the manifests, or of the index with `index:` in front
    #[arg(long, value_name = "[index:]NAME=VALUE")]
    annotation: Vec<Annotation>,
    /// The user that the image runs as
    #[arg(short, long, value_name = "USER[:GROUP]", value_parser = user)]
    user: Option<String>,
    /// The working directory [default: /app]
    #[arg(short, long, value_name = "DIR", value_parser = working_directory)]
    workdir: Option<String>,
    /// Declares a port
    #[arg(long, value_name = "PORT[/PROTOCOL]", value_delimiter = ',')]
    expose: Vec<Port>,
    /// Declares a volume
    #[arg(long, value_name = "DIR", value_parser = volume)]
    volume: Vec<String>,
    /// The signal that stops a container
    #[arg(long, value_name = "SIGNAL", value_parser = stop_signal)]
    stop_signal: Option<String>,
    /// The owner of what is added, in numbers [default: 0:0]
    #[arg(long, value_name = "UID[:GID]")]
    chown: Option<Owner>,
    /// The time of modification of what is added: seconds since 1970, or RFC 3339 [default: 1980-01-01T00:00:00Z]
    #[arg(long, value_name = "TIME", value_parser = mtime)]
    mtime: Option<u64>,
    /// When the image was created: seconds since 1970, or RFC 3339 [default: `SOURCE_DATE_EPOCH`, else the base's]
    #[arg(long, value_name = "TIME", value_parser = Created::parse)]
    created: Option<Created>,
    /// The format of the documents: `oci` or `docker` [default: oci]
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
    /// How layers are compressed: `gzip`, `zstd` or `none`, with `:LEVEL` where wanted [default: gzip]
    #[arg(long, value_name = "FORM[:LEVEL]")]
    compression: Option<Encoding>,
    /// Lets a finding of a guard pass, with the reason; `native-library:JAR=REASON` for one library alone
    #[arg(long, value_name = "ID=REASON")]
    allow: Vec<Allowance>,
    /// Says that anybody may pull what the image holds: no registry is asked who may
    #[arg(long)]
    public: bool,
    /// Where the facts about the base come from: `scan` reads its layers once, `skip` trusts what it claims [default: scan]
    #[arg(long, value_name = "SOURCE")]
    facts: Option<FactsFrom>,
    #[command(flatten)]
    health: HealthArguments,
}

impl RecipeArguments {
    /// The folder of the recipe.
    pub(super) fn folder(&self) -> &Path {
        self.file.as_deref().and_then(Path::parent).unwrap_or(Path::new(""))
    }

    /// Takes the Dockerfile of a context that is to be built, where neither `-f` nor imgbuild.yaml names one.
    pub(crate) fn look_into(&mut self, input: &[PathBuf]) {
        // A file that cannot be read is told of where it is read in earnest.
        let names_one = || self.project().map_or(true, |project| project.defaults.dockerfile.is_some() || !project.services.is_empty());
        if let ([one], None) = (input, &self.file)
            && !names_one()
        {
            self.file = Some(one.join(DEFAULT_DOCKERFILE)).filter(|file| file.is_file());
        }
    }

    /// The whole file, with its services.
    pub(crate) fn project(&self) -> Result<Project, Failure> {
        match &self.file {
            Some(path) => Ok(Project::read(path)?),
            None if Path::new(DEFAULT_FILE).exists() => Ok(Project::read(DEFAULT_FILE)?),
            None => Ok(Project::default()),
        }
    }

    /// The recipe of the parts of a file and of the flags, the weakest first.
    pub(super) fn recipe_of<'a>(&self, parts: impl IntoIterator<Item = &'a Settings>) -> Result<Recipe, Failure> {
        Ok(Recipe::from_sources(parts.into_iter().cloned().chain([self.settings()?]))?)
    }

    fn settings(&self) -> Result<Settings, Failure> {
        let mut settings = Settings::default();
        settings.base.clone_from(&self.base);
        settings.platforms = Some(self.platform.clone()).filter(|platforms| !platforms.is_empty());
        settings.build_args.clone_from(&self.build_arg);
        settings.layout = self.layout;
        settings.natives = self.natives;
        settings.overlay = self.overlay()?;
        settings.annotations.clone_from(&self.annotation);
        settings.configs.clone_from(&self.config);
        settings.additions.clone_from(&self.add);
        settings.owner = self.chown;
        settings.mtime = self.mtime;
        settings.created = self.created()?;
        settings.format = self.format;
        settings.encoding = self.compression;
        settings.allow.clone_from(&self.allow);
        settings.public = Some(true).filter(|_| self.public);
        settings.facts = self.facts;
        Ok(settings)
    }

    fn overlay(&self) -> Result<Overlay, Failure> {
        let pairs = |assignments: &[Assignment]| assignments.iter().cloned().map(Into::into).collect();
        Ok(Overlay {
            entrypoint: self.entrypoint.clone().map(|Exec(words)| words),
            cmd: self.cmd.clone().map(|Exec(words)| words),
            env: pairs(&self.env),
            labels: pairs(&self.label),
            user: self.user.clone(),
            working_dir: self.workdir.clone(),
            exposed_ports: self.expose.clone(),
            volumes: self.volume.clone(),
            stop_signal: self.stop_signal.clone(),
            healthcheck: self.health.healthcheck()?,
            ..Overlay::default()
        })
    }

    /// `SOURCE_DATE_EPOCH` is weaker than the flag; one that is malformed is an error, as its specification asks.
    fn created(&self) -> Result<Option<Created>, Failure> {
        let Some(variable) = std::env::var_os(EPOCH_VARIABLE).filter(|_| self.created.is_none()) else {
            return Ok(self.created.clone());
        };
        let created = source_date_epoch(&variable.to_string_lossy());
        let hint = "export the commit's time, `git log -1 --pretty=%ct`, or unset it";
        created.map(Some).map_err(|error| Failure::usage(format!("cannot use {EPOCH_VARIABLE}")).because(error).hint(hint))
    }
}
