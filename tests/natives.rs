//! `--natives matching` through the binary: each image has the native code of its platform, and what is the same for all is made
//! and sent once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeSet;
use std::fs;

use imgbuild_testkit::base::{Base, PlatformImage};
use imgbuild_testkit::classfile::empty_class;
use imgbuild_testkit::elf::{Machine, RunnableMachine, SharedObject};
use imgbuild_testkit::fixtures;
use imgbuild_testkit::home::{Ended, Home};
use imgbuild_testkit::jar::{SpringBoot, library};
use imgbuild_testkit::registry::Registry;
use serde_json::Value;

struct Bench {
    home: Home,
    registry: Registry,
}

fn native(machine: Machine) -> Vec<u8> {
    SharedObject::jni(machine).build()
}

/// A library for every platform in one JAR, as that of SQL databases is, and one in one JAR a platform, as Netty's is.
fn jar() -> SpringBoot {
    let netty = |machine| library("tcnative", "2", &[("META-INF/native/libnetty_tcnative.so", native(machine))]);
    let (amd64, arm64) = (native(Machine::Amd64), native(Machine::Arm64));
    let files = [("org/A.class", empty_class("org/A", 61)), ("org/amd64/a.so", amd64), ("org/arm64/a.so", arm64)];
    SpringBoot::new("3.4.1")
        .library("sqlite-1.jar", &library("sqlite", "1", &files))
        .library("netty-tcnative-2-linux-x86_64.jar", &netty(Machine::Amd64))
        .library("netty-tcnative-2-linux-aarch_64.jar", &netty(Machine::Arm64))
}

impl Bench {
    fn new() -> Self {
        let bench = Self { home: Home::new(env!("CARGO_BIN_EXE_imgbuild")), registry: Registry::start() };
        bench.registry.load_layout("library/jdk", fixtures::path("base")).unwrap();
        bench.home.write("app.jar", jar().build());
        bench.home.write_config("hello");
        bench
    }

    fn tag(&self, tag: &str) -> String {
        self.registry.reference("koin/api", tag)
    }

    /// `imgbuild build app.jar` with these arguments; the metadata of what came out.
    fn build(&self, tag: &str, arguments: &[&str]) -> Value {
        let ended = self.run(&[&["build", "--push", "--metadata-file", "m.json", "-t", &self.tag(tag)], arguments].concat());
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        serde_json::from_slice(&fs::read(self.home.path("m.json")).unwrap()).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let (command, rest) = arguments.split_first().unwrap();
        let base = format!("--base={}", self.registry.reference("library/jdk", "17"));
        self.home.run([&[*command, "app.jar", base.as_str(), "--config", "application.yml"], rest].concat())
    }
}

/// `name platforms` of each layer.
fn layers(metadata: &Value) -> Vec<String> {
    let platforms = |layer: &Value| layer["platforms"].as_array().unwrap().len();
    let layers = metadata["layers"].as_array().unwrap();
    layers.iter().map(|layer| format!("{} {}", layer["name"].as_str().unwrap(), platforms(layer))).collect()
}

fn digests(metadata: &Value, name: &str) -> BTreeSet<String> {
    let layers = metadata["layers"].as_array().unwrap().iter().filter(|layer| layer["name"] == name);
    layers.map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_depends_on_no_platform_is_made_and_sent_once() {
    let bench = Bench::new();
    let found = bench.build("1", &["--natives", "matching"]);
    let expected =
        ["dependencies 2", "dependencies-natives 1", "dependencies-natives 1", "snapshot-dependencies 2", "application 2", "config 2"];
    assert_eq!(layers(&found), expected);
    let blobs = found["targets"][0]["blobs"].as_array().unwrap();
    let own: Vec<&str> = found["layers"].as_array().unwrap().iter().map(|layer| layer["digest"].as_str().unwrap()).collect();
    for digest in own {
        assert_eq!(blobs.iter().filter(|blob| blob["digest"] == digest).count(), 1, "{digest} is sent once");
    }
    // A rebuild makes nothing, and a change of the application leaves the libraries alone.
    let again = bench.run(&["build", "--push", "-t", &bench.tag("1"), "--natives", "matching"]);
    assert!(again.stderr.contains("unchanged") && again.code == Some(0), "{}", again.stderr);
    bench.home.write("app.jar", jar().file("more.txt", b"more").build());
    let changed = bench.build("2", &["--natives", "matching"]);
    for name in ["dependencies", "dependencies-natives", "snapshot-dependencies"] {
        assert_eq!(digests(&changed, name), digests(&found, name), "{name}");
    }
    assert!(digests(&changed, "application").is_disjoint(&digests(&found, "application")));
}

#[test]
fn flag_variable_and_key_say_the_same_and_all_is_the_default() {
    let bench = Bench::new();
    let digest = |metadata: &Value| metadata["digest"].as_str().unwrap().to_owned();
    let by_flag = digest(&bench.build("1", &["--natives=matching"]));
    let base = format!("--base={}", bench.registry.reference("library/jdk", "17"));
    let mut command = bench.home.command();
    command.env("IMGBUILD_NATIVES", "matching").args([
        "build",
        "app.jar",
        &base,
        "--config",
        "application.yml",
        "-o",
        "type=oci,dest=image",
    ]);
    assert!(Ended::of(&mut command).result().contains(&by_flag));
    bench.home.write("imgbuild.yaml", "natives: matching\n");
    assert_eq!(digest(&bench.build("2", &[])), by_flag);
    let all = bench.build("3", &["--natives=all"]);
    fs::remove_file(bench.home.path("imgbuild.yaml")).unwrap();
    assert_eq!(digest(&all), digest(&bench.build("4", &[])));
    assert!(layers(&all).iter().all(|layer| layer.ends_with(" 2")), "{:?}", layers(&all));
    assert!(bench.run(&["build", "--natives=some", "-t", "x:1", "--push"]).refused(2).contains("`all` or `matching`"));
}

#[test]
fn an_image_verifies_alone_beside_others_locked_and_on_another_base() {
    let bench = Bench::new();
    let both = bench.build("1", &["--natives=matching", "--lock"]);
    for (number, platform) in ["linux/amd64", "linux/arm64"].into_iter().enumerate() {
        let alone = bench.build("alone", &["--natives=matching", "--locked", "--platform", platform]);
        assert_eq!(alone["platforms"][0]["manifest"], both["platforms"][number]["manifest"], "{platform}");
    }
    let verify = |arguments: &[&str]| {
        let base = format!("--base={}", bench.registry.reference("library/jdk", "17"));
        bench.home.run([&["verify", &bench.tag("1"), "app.jar", &base, "--config", "application.yml"][..], arguments].concat()).code
    };
    assert_eq!((verify(&["--natives=matching"]), verify(&[])), (Some(0), Some(6)));

    fs::remove_file(bench.home.path("imgbuild.lock")).unwrap();
    let java = |platform, machine| PlatformImage::java(platform, machine, "17.0.99");
    let base = Base::new().platform(java("linux/amd64", RunnableMachine::Amd64)).platform(java("linux/arm64/v8", RunnableMachine::Arm64));
    base.build().write_layout(&bench.home.path("patched"), "17").unwrap();
    bench.registry.load_layout("library/patched", bench.home.path("patched")).unwrap();
    let patched = bench.registry.reference("library/patched", "17");
    let rebased = bench.home.run(["rebase", &bench.tag("1"), "--base", &patched, "-t", &bench.tag("rebased")]);
    let fresh = bench.home.run([
        "build",
        "app.jar",
        "--base",
        &patched,
        "--config",
        "application.yml",
        "--natives=matching",
        "--push",
        "-t",
        &bench.tag("fresh"),
    ]);
    let digest = |ended: &Ended| ended.result().trim().rsplit_once('@').unwrap().1.to_owned();
    assert_eq!(digest(&rebased), digest(&fresh));
}

#[test]
fn guards_judge_what_each_platform_gets() {
    let bench = Bench::new();
    // Without the JAR for arm64 that image has no code of Netty's: it goes on without, which is said.
    bench.home.write("app.jar", jar().without_library("netty-tcnative-2-linux-aarch_64").build());
    let ended = bench.run(&["build", "--push", "-t", &bench.tag("1"), "--natives=matching"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let warned = ended.stderr.lines().find(|line| line.starts_with("warning[native-library]")).unwrap_or_default();
    assert!(warned.contains("(linux/arm64)") && warned.contains("which `--natives matching` leaves out"), "{}", ended.stderr);
    // A library of which nobody knows that it goes on is refused, whether its JAR stays or not.
    let only = library("rocks", "9", &[("librocks.so", native(Machine::Amd64))]);
    bench.home.write("app.jar", jar().library("rocksdbjni-9-linux64.jar", &only).build());
    let said = bench.run(&["build", "--push", "-t", &bench.tag("2"), "--natives=matching"]);
    assert!(said.refused(3).contains("native-library"), "{}", said.stderr);
    assert!(said.stderr.contains("error[native-library] `BOOT-INF/lib/rocksdbjni-9-linux64.jar` (linux/arm64)"), "{}", said.stderr);
}

#[test]
fn a_jar_that_is_kept_byte_for_byte_is_refused_with_a_way_out() {
    let bench = Bench::new();
    let said = bench.run(&["build", "--push", "-t", &bench.tag("1"), "--natives=matching", "--layout=packaged"]);
    let text = said.refused(1);
    assert!(text.contains("byte for byte") && text.contains("--layout extracted"), "{text}");
    assert_eq!(bench.registry.tags("koin/api"), Vec::<String>::new());
    assert_eq!(bench.run(&["build", "--push", "-t", &bench.tag("1"), "--natives=matching", "--layout=exploded"]).code, Some(0));
}
