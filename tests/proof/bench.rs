//! An application of which a test changes one thing, and images of it wherever images lie.

use std::path::{Path, PathBuf};
use std::process::Command;

use imgbuild_testkit::base::{Base, PlatformImage};
use imgbuild_testkit::classfile::main_class;
use imgbuild_testkit::elf::RunnableMachine;
use imgbuild_testkit::fixtures;
use imgbuild_testkit::home::{Ended, Home};
use imgbuild_testkit::jar::{SpringBoot, library};
use imgbuild_testkit::registry::Registry;
use serde_json::{Value, json};

/// A value that must not be seen anywhere.
pub(crate) const CANARY: &str = "c4nary-Pa55word";

/// What goes into the JAR and the configuration beside it.
#[derive(Debug, Clone)]
pub(crate) struct Application {
    pub(crate) jackson: &'static str,
    /// What the one class prints.
    pub(crate) says: &'static str,
    pub(crate) password: String,
    pub(crate) build_time: &'static str,
    pub(crate) commit: &'static str,
}

impl Default for Application {
    fn default() -> Self {
        Self { jackson: "2.17.1", says: "one", password: format!("{CANARY}-1"), build_time: "1", commit: "a" }
    }
}

impl Application {
    pub(crate) fn jar(&self) -> Vec<u8> {
        let library_of = |name: &str, version: &str, class: &str| library(name, version, &[(class, version.as_bytes().to_vec())]);
        SpringBoot::empty("3.4.1")
            .start_class("com.example.Orders")
            .library("spring-core-6.2.9.jar", &library_of("spring-core", "6.2.9", "org/springframework/core/Core.txt"))
            .library(
                &format!("jackson-databind-{}.jar", self.jackson),
                &library_of("jackson-databind", self.jackson, "com/fasterxml/J.txt"),
            )
            .file("com/example/Orders.class", &main_class("com/example/Orders", 61, self.says))
            .file("application.yml", format!("api:\n  token: {CANARY}\n").as_bytes())
            .file("META-INF/build-info.properties", format!("build.time={}\n", self.build_time).as_bytes())
            .file("git.properties", format!("git.commit.id={}\n", self.commit).as_bytes())
            .build()
    }

    fn config(&self) -> String {
        format!("server:\n  port: 8080\nspring:\n  datasource:\n    password: {}\n", self.password)
    }
}

/// A build server and a registry, which has the base as `library/jdk:17`.
pub(crate) struct Bench {
    pub(crate) home: Home,
    pub(crate) registry: Registry,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self { home: Home::new(env!("CARGO_BIN_EXE_imgbuild")), registry: Registry::start() };
        bench.put_base("17", "17.0.12");
        bench.write(&Application::default());
        bench
    }

    /// Makes a tag of the base name this version of Java.
    pub(crate) fn put_base(&self, tag: &str, version: &str) {
        let platform = |name: &str, machine| {
            PlatformImage::java(name, machine, version).setting("Env", json!(["PATH=/usr/bin:/bin", format!("JAVA_VERSION={version}")]))
        };
        let base = Base::new()
            .platform(platform("linux/amd64", RunnableMachine::Amd64))
            .platform(platform("linux/arm64/v8", RunnableMachine::Arm64));
        let layout = tempfile::tempdir_in(self.home.folder()).unwrap();
        base.build().write_layout(layout.path(), tag).unwrap();
        self.registry.load_layout("library/jdk", layout.path()).unwrap();
    }

    /// Writes `app.jar` and `application.yml`.
    pub(crate) fn write(&self, application: &Application) {
        self.home.write("app.jar", application.jar());
        self.home.write("application.yml", application.config());
    }

    pub(crate) fn base(&self) -> String {
        self.registry.reference("library/jdk", "17")
    }

    /// The place of an image in the registry.
    pub(crate) fn name(&self, tag: &str) -> String {
        self.registry.reference("koin/api", tag)
    }

    /// `imgbuild` with a cache of its own for each run: nothing is known from before.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.home.command();
        command.args(words).env_remove("IMGBUILD_CACHE_DIR").env("IMGBUILD_NO_CACHE", "true");
        command
    }

    /// Runs `imgbuild`. What it says never holds the canary, not even where everything is logged.
    pub(crate) fn run(&self, words: &[&str]) -> Ended {
        let ended = Ended::of(self.command(words).arg("-vv"));
        assert!(!ended.stdout.contains(CANARY) && !ended.stderr.contains(CANARY), "{words:?}: {}{}", ended.stdout, ended.stderr);
        ended
    }

    /// The inputs of every build and check here, and more.
    pub(crate) fn with_inputs<'a>(words: &[&'a str], base: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        [words, &["app.jar", "--config=application.yml", "--base", base], more].concat()
    }

    /// Builds into the layout `tag`, the archive `tag.tar` and the registry, and gives the digest.
    pub(crate) fn build(&self, tag: &str, more: &[&str]) -> String {
        let (base, name) = (self.base(), self.name(tag));
        let outputs = [format!("type=oci,dest={tag}"), format!("type=oci-archive,dest={tag}.tar")];
        let to = ["--push", "-t", &name, "-o", &outputs[0], "-o", &outputs[1]];
        let ended = self.run(&Self::with_inputs(&["build"], &base, &[&to[..], more].concat()));
        ended.digest().to_owned()
    }

    /// The same as [`build`](Self::build), of this application.
    pub(crate) fn build_of(&self, application: &Application, tag: &str, more: &[&str]) -> String {
        self.write(application);
        self.build(tag, more)
    }

    /// Checks the image in the layout `tag` against `app.jar`.
    pub(crate) fn verify(&self, image: &str, more: &[&str]) -> Ended {
        self.run(&Self::with_inputs(&["verify", image], &self.base(), more))
    }

    /// The JSON that a command prints, with its exit code.
    pub(crate) fn json(&self, words: &[&str]) -> (Option<i32>, Value) {
        let ended = self.run(&[words, &["--json"]].concat());
        let value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}: {ended:?}"));
        (ended.code, value)
    }

    /// The digest of the layer of this name in the layout `tag`, for the first platform.
    pub(crate) fn layer(&self, tag: &str, name: &str) -> String {
        let (_, found) = self.json(&["inspect", &format!("oci:{tag}"), "--layers=none"]);
        let layers = found["platforms"][0]["layers"].as_array().unwrap();
        let layer = layers.iter().find(|layer| layer["name"] == name).unwrap_or_else(|| panic!("no layer `{name}`: {found}"));
        layer["digest"].as_str().unwrap().to_owned()
    }

    /// Where a layout keeps a blob.
    pub(crate) fn blob(&self, tag: &str, digest: &str) -> PathBuf {
        self.home.path(tag).join("blobs").join(digest.replace(':', "/"))
    }
}

/// The lines of an outline below a heading, without what explains them.
pub(crate) fn lines_below<'a>(text: &'a str, heading: &str) -> Vec<&'a str> {
    let mut lines = text.lines().skip_while(|line| line.trim() != heading);
    let depth = |line: &str| line.len() - line.trim_start().len();
    let start = depth(lines.next().unwrap_or_else(|| panic!("no `{heading}` in:\n{text}")));
    let below = lines.take_while(|line| depth(line) > start).map(str::trim);
    below.filter(|line| !line.starts_with("why it matters: ")).collect()
}

/// The base beside the fixtures, which nobody of ours made.
pub(crate) fn foreign() -> String {
    format!("oci:{}:17", fixtures::path("base").display())
}

/// Cuts a file in its middle.
pub(crate) fn cut(path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}
