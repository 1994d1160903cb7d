//! Images that would not run where they are meant to: `crane append` and Jib publish them without a word, and imgbuild refuses
//! each with what is wrong and what to do.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use imgbuild_testkit::base::{Base, PlatformImage};
use imgbuild_testkit::classfile::empty_class;
use imgbuild_testkit::elf::RunnableMachine;
use imgbuild_testkit::home::{Ended, Home};
use imgbuild_testkit::jar::SpringBoot;
use imgbuild_testkit::peer;
use imgbuild_testkit::peers::{self, Authentication, Registry, http_get};

use crate::scenario::home;

/// The libraries that `tests/peers/make` made.
const SQLITE: &str = "sqlite-jdbc-3.49.1.0.jar";
const NETTY: &str = "netty-tcnative-boringssl-static-2.0.75.Final-linux-x86_64.jar";

/// A registry with a base, and what is to be published.
struct Case {
    registry: Registry,
    home: Home,
}

impl Case {
    fn new(base: &Base, jar: &SpringBoot) -> Option<Self> {
        let case = Self { registry: Registry::start(&Authentication::None)?, home: home() };
        base.build().write_layout(&case.home.path("base"), "17").unwrap();
        let copied = case.home.run(["copy", "oci:base:17", &case.reference("base", "17")]);
        assert_eq!(copied.code, Some(0), "{}", copied.stderr);
        case.home.write("app.jar", jar.build());
        case.home.write("lib", "a file");
        Some(case)
    }

    fn reference(&self, repository: &str, tag: &str) -> String {
        format!("{}/{repository}:{tag}", self.registry.address())
    }

    /// The tags of a repository, as the registry lists them.
    fn tags(&self, repository: &str) -> String {
        http_get(self.registry.address(), &format!("/v2/{repository}/tags/list")).unwrap_or_default()
    }

    fn build(&self, more: &[&str]) -> Ended {
        let (base, target) = (self.reference("base", "17"), self.reference("ours", "1"));
        self.home.run([&["build", "app.jar", "--base", &base, "-t", &target, "--push"], more].concat())
    }

    /// That imgbuild refuses it with this finding, before anything is sent.
    fn assert_refused(&self, id: &str, place: &str, reason: &str, fix: &str, more: &[&str]) {
        let ended = self.build(more);
        assert!(ended.refused(3).contains(id), "{}", ended.stderr);
        let lines: Vec<&str> = ended.stderr.lines().collect();
        let at = lines.iter().position(|line| line.starts_with(&format!("error[{id}] `{place}`")));
        let at = at.unwrap_or_else(|| panic!("no finding about {place}: {}", ended.stderr));
        assert!(lines[at].contains(reason), "{}", lines[at]);
        assert!(lines[at + 1].trim_start().starts_with("hint: ") && lines[at + 1].contains(fix), "{}", lines[at + 1]);
        assert!(!self.tags("ours").contains("\"1\""), "nothing has the tag");
    }

    /// That `crane append` and Jib publish `file` in `folder` on both platforms, and warn of nothing.
    fn assert_published_by_others(&self, file: &str, folder: &str) {
        let (Some(crane), Some(java), Some(jib)) = (peers::require("crane"), peers::require("java"), peers::jib_core()) else { return };
        let base = self.reference("base", "17");
        let tar = self.tar(file, folder);
        let mut images = Vec::new();
        for platform in ["linux/amd64", "linux/arm64"] {
            let image = self.reference("crane", &platform.replace('/', "-"));
            let append = ["append", "--insecure", "--platform", platform, "-b", &base, "-t", &image, "-f"];
            silent(&crane.command().args(append).arg(&tar).output().unwrap(), "crane append");
            images.extend(["-m".to_owned(), image]);
        }
        let index = self.reference("crane", "1");
        silent(
            &crane.command().args(["index", "append", "--insecure", "-t", &index]).args(&images).output().unwrap(),
            "crane index append",
        );

        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/jib/Publish.java");
        let mut publish = java.command();
        publish.arg("-DsendCredentialsOverHttp=true").arg("-cp").arg(jib.join("*")).arg(source);
        publish.arg(&base).arg(self.home.path(file)).arg(folder).arg(self.reference("jib", "1")).arg(self.home.path("jib-cache"));
        silent(&publish.current_dir(self.home.folder()).output().unwrap(), "Jib");
        for repository in ["crane", "jib"] {
            assert!(self.tags(repository).contains("\"1\""), "{repository}: {}", self.tags(repository));
        }
    }

    /// A layer with one file, made by GNU tar.
    fn tar(&self, file: &str, folder: &str) -> PathBuf {
        let tar = self.home.path("layer.tar");
        let prefix =
            format!("s,^,{},", folder.trim_start_matches('/').trim_end_matches('/').to_owned() + if folder == "/" { "" } else { "/" });
        let mut command = Command::new("tar");
        command.current_dir(self.home.folder()).args(["--owner=0", "--group=0", "--transform", &prefix, "-cf"]).arg(&tar).arg(file);
        assert!(command.status().unwrap().success());
        tar
    }
}

/// That a program did what it was told and complained of nothing that is in the image: Jib does not like a registry without TLS
/// and a base without a digest.
fn silent(output: &Output, what: &str) {
    assert!(output.status.success(), "{what}: {}", peer::text(output));
    let said = String::from_utf8_lossy(&output.stderr).to_lowercase();
    let is_elsewhere = |line: &str| [" tls ", "over https", "specific image digest"].iter().any(|part| line.contains(part));
    let complaints = said.lines().filter(|line| ["warn", "error", "architecture"].iter().any(|word| line.contains(word)));
    let complaints: Vec<&str> = complaints.filter(|line| !is_elsewhere(line)).collect();
    assert!(complaints.is_empty(), "{what} does say something: {complaints:?}");
}

fn boot() -> SpringBoot {
    SpringBoot::new("3.4.1")
}

#[test]
fn a_base_whose_arm64_image_holds_a_java_for_x86_64() {
    let java = |platform: &str| PlatformImage::java(platform, RunnableMachine::Amd64, "17.0.12");
    let base = Base::new().platform(java("linux/amd64")).platform(java("linux/arm64"));
    let Some(case) = Case::new(&base, &boot()) else { return };
    let place = "/usr/lib/jvm/java-17-fixture/bin/java";
    case.assert_refused(
        "base-architecture",
        place,
        "it is a program for x86_64, which fails with `exec format error` on linux/arm64",
        "use a base",
        &[],
    );
    case.assert_published_by_others("app.jar", "/app");
}

#[test]
fn a_jar_whose_natives_are_for_x86_64_alone() {
    let Some(sqlite) = peers::one_sided(SQLITE) else { return };
    let Some(case) = Case::new(&Base::java(), &boot().library(SQLITE, &fs::read(sqlite).unwrap())) else { return };
    let place = format!("BOOT-INF/lib/{SQLITE}");
    let reason = "it has no native code for linux/arm64: `org/sqlite/native/Linux/x86_64/libsqlitejdbc.so` is for x86_64";
    for natives in ["all", "matching"] {
        case.assert_refused("native-library", &place, reason, "--allow native-library:", &["--natives", natives]);
    }
    case.assert_published_by_others("app.jar", "/app");
}

#[test]
fn netty_goes_on_without_its_natives_so_that_is_only_said() {
    let Some(netty) = peers::one_sided(NETTY) else { return };
    let Some(case) = Case::new(&Base::java(), &boot().library(NETTY, &fs::read(netty).unwrap())) else { return };
    let ended = case.build(&[]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let said = format!("warning[native-library] `BOOT-INF/lib/{NETTY}` (linux/arm64): ");
    assert!(ended.stderr.contains(&said) && ended.stderr.contains("the JDK's TLS instead of OpenSSL's"), "{}", ended.stderr);
}

#[test]
fn classes_for_java_21_on_java_17() {
    let jar = boot().file("com/example/New.class", &empty_class("com/example/New", 65));
    let Some(case) = Case::new(&Base::java(), &jar) else { return };
    let reason = "of version 65, which needs Java 21, and the base has Java 17";
    case.assert_refused("class-version", "com/example/New.class", reason, "compile for Java 17: `--release 17`", &[]);
    case.assert_published_by_others("app.jar", "/app");
}

#[test]
fn a_file_that_would_take_the_place_of_lib() {
    let Some(case) = Case::new(&Base::java(), &boot()) else { return };
    let reason = "`/lib` is a link to the folder `usr/lib` in the base, and a file would replace it";
    case.assert_refused("layer-path", "/lib", reason, "choose another destination, such as one below `/lib`", &["--add", "lib:/lib"]);
    case.assert_published_by_others("lib", "/");
}
