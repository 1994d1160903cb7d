//! Images that other tools made, changed or copied: explained as any other, and verified only where they are what imgbuild made.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::path::Path;
use std::process::Command;

use imgbuild_testkit::fixtures;
use imgbuild_testkit::home::{Ended, Home};
use imgbuild_testkit::peer;
use imgbuild_testkit::peers::{self, Authentication, Peer, Registry};
use serde_json::{Value, json};

use crate::scenario::{finished, home};

struct Site {
    registry: Registry,
    home: Home,
    crane: Peer,
    skopeo: Peer,
    base: String,
}

impl Site {
    /// A registry with the JDK base, and an image of ours: `koin/api:1`.
    fn start() -> Option<Self> {
        let (base, crane, skopeo) = (peers::base()?, peers::require("crane")?, peers::require("skopeo")?);
        let registry = Registry::start(&Authentication::None)?;
        let from = format!("oci:{}:17", base.display());
        let base = format!("{}/library/jdk:17", registry.address());
        skopeo.run(["copy", "--quiet", "--all", "--preserve-digests", "--dest-tls-verify=false", &from, &format!("docker://{base}")]);
        let site = Self { registry, home: home(), crane, skopeo, base };
        site.home.write_config("a greeting");
        let name = site.name("api", "1");
        let built = site.run(&site.inputs("build", &[&"--push", &"-t", &name]));
        assert_eq!(built.code, Some(0), "{}", built.stderr);
        Some(site)
    }

    fn name(&self, repository: &str, tag: &str) -> String {
        format!("{}/koin/{repository}:{tag}", self.registry.address())
    }

    fn inputs(&self, command: &str, more: &[&dyn AsRef<str>]) -> Vec<String> {
        let jar = fixtures::path("app.jar").display().to_string();
        let own = [command.to_owned(), jar, format!("--base={}", self.base), "--config=application.yml".to_owned()];
        own.into_iter().chain(more.iter().map(|word| word.as_ref().to_owned())).collect()
    }

    /// Checks the image at `place` against the inputs of ours.
    fn verify(&self, place: &str, more: &[&dyn AsRef<str>]) -> Ended {
        let mut words = self.inputs("verify", more);
        words.insert(1, place.to_owned());
        self.run(&words)
    }

    fn run<W: AsRef<std::ffi::OsStr>>(&self, words: &[W]) -> Ended {
        Ended::of(self.home.command().args(words))
    }

    fn json(&self, words: &[&str]) -> Value {
        let ended = self.run(&[words, &["--json"]].concat());
        serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{words:?}: {error}: {ended:?}"))
    }

    /// Puts a layer with the JAR at `opt/tool.jar` on top of `base`, as `crane append` does.
    fn append(&self, base: &str, target: &str) {
        let folder = self.home.path("layer");
        std::fs::create_dir_all(folder.join("opt")).unwrap();
        std::fs::copy(fixtures::path("plain.jar"), folder.join("opt/tool.jar")).unwrap();
        let tar = self.home.path("layer.tar");
        finished(Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(&folder).arg("opt"));
        finished(self.crane.command().args(["append", "--platform=linux/amd64", "-b", base, "-t", target, "-f"]).arg(&tar));
    }

    fn crane(&self, words: &[&str]) -> Vec<u8> {
        finished(self.crane.command().args(words)).stdout
    }

    fn layout(&self, name: &str) -> String {
        format!("oci:{}", self.home.path(name).display())
    }
}

/// Bytes of the layers of a manifest.
fn layers_of(manifest: &[u8]) -> (usize, u64) {
    let manifest: Value = serde_json::from_slice(manifest).unwrap();
    let layers = manifest["layers"].as_array().unwrap();
    (layers.len(), layers.iter().map(|layer| layer["size"].as_u64().unwrap()).sum())
}

#[test]
fn what_is_inspected_is_what_crane_says() {
    let Some(site) = Site::start() else { return };
    let name = site.name("api", "1");
    let index = site.crane(&["manifest", &name]);
    let raw = site.home.command().args(["inspect", &name, "--raw"]).output().unwrap();
    assert_eq!(raw.stdout, index);
    let found = site.json(&["inspect", &name]);
    assert_eq!(found["digest"], String::from_utf8(site.crane(&["digest", &name])).unwrap().trim());
    for (platform, image) in ["linux/amd64", "linux/arm64/v8"].iter().zip(found["platforms"].as_array().unwrap()) {
        let child = site.crane(&["manifest", &format!("{name}@{}", image["manifest"].as_str().unwrap())]);
        let raw = site.home.command().args(["inspect", &name, "--raw", "--platform", platform]).output().unwrap();
        assert_eq!(raw.stdout, child);
        let layers = image["layers"].as_array().unwrap().len();
        assert_eq!((layers, image["size"].as_u64().unwrap()), layers_of(&child));
        let config: Value = serde_json::from_slice(&site.crane(&["config", &name, "--platform", platform])).unwrap();
        assert_eq!(image["settings"]["entrypoint"], config["config"]["Entrypoint"]);
    }
}

#[test]
fn an_image_of_crane_is_inspected_and_compared_and_not_verified() {
    let Some(site) = Site::start() else { return };
    let name = site.name("crane", "1");
    site.append(&site.base, &name);
    let found = site.json(&["inspect", &name, "--layers=all"]);
    let [image] = &found["platforms"].as_array().unwrap()[..] else { panic!("{found}") };
    assert_eq!(
        (&image["madeByImgbuild"], &image["platform"]),
        (&json!(false), &json!({"architecture": "amd64", "os": "linux"})),
        "{found}"
    );
    let layers = image["layers"].as_array().unwrap();
    assert_eq!((layers.len(), image["size"].as_u64().unwrap()), layers_of(&site.crane(&["manifest", &name])));
    assert_eq!(layers.last().unwrap()["contents"]["jars"][0]["path"], "opt/tool.jar");
    assert!(layers.iter().any(|layer| layer["contents"]["java"].as_str().is_some_and(|version| version.starts_with("17."))), "{found}");

    let ended = site.run(&["diff", &site.base, &name, "--platform=linux/amd64"]);
    assert!(ended.code == Some(6) && ended.stdout.contains("+ tool"), "{ended:?}");
    let refused = site.verify(&name, &[]);
    let said = refused.refused(1);
    assert!(said.contains("imgbuild did not make its image for `linux/amd64`") && said.contains("imgbuild diff"), "{said}");
}

#[test]
fn what_crane_adds_to_an_image_of_ours_is_found() {
    let Some(site) = Site::start() else { return };
    let (name, more) = (site.name("api", "1"), site.name("api", "more"));
    site.append(&name, &more);
    let ended = site.verify(&more, &[&"--platform=linux/amd64"]);
    assert_eq!(ended.code, Some(6), "{ended:?}");
    let layers = layers_of(&site.crane(&["manifest", &more])).0;
    let expected = format!("layer {layers} ");
    assert!(ended.stdout.contains(&expected) && ended.stdout.contains("the inputs give no such layer"), "{}", ended.stdout);
    let ended = site.run(&["diff", &name, &more, "--platform=linux/amd64"]);
    assert!(ended.code == Some(6) && ended.stdout.contains("+ tool"), "{ended:?}");

    let mutated = site.name("api", "mutated");
    site.crane(&["mutate", "--platform=linux/amd64", "--env=ADDED=canary", "--user=nobody", "-t", &mutated, &name]);
    let ended = site.run(&["diff", &name, &mutated, "--platform=linux/amd64"]);
    assert_eq!(ended.code, Some(6), "{ended:?}");
    for part in ["+ ADDED", "USER none → nobody"] {
        assert!(ended.stdout.contains(part) && !ended.stdout.contains("canary"), "`{part}` is missing: {}", ended.stdout);
    }
    let ended = site.verify(&mutated, &[&"--platform=linux/amd64"]);
    assert!(ended.code == Some(6) && ended.stdout.contains("- ADDED"), "{ended:?}");
}

#[test]
fn copies_of_skopeo_are_the_same_where_their_bytes_are() {
    let Some(site) = Site::start() else { return };
    let name = site.name("api", "1");
    let copy = |more: &[&str], to: &Path| {
        let target = format!("oci:{}:1", to.display());
        let from = format!("docker://{name}");
        finished(site.skopeo.command().args(["copy", "--quiet", "--src-tls-verify=false"]).args(more).args([&from, &target]));
    };
    copy(&["--all", "--preserve-digests"], &site.home.path("whole"));
    let whole = format!("{}:1", site.layout("whole"));
    let ended = site.run(&["diff", &name, &whole]);
    assert!(ended.code == Some(0) && ended.stdout.starts_with("the same: sha256:"), "{ended:?}");
    assert_eq!(site.verify(&whole, &[]).code, Some(0));

    // One platform's image alone: its manifest is the same, the index around it is not.
    copy(&["--override-arch=amd64", "--override-os=linux"], &site.home.path("single"));
    let single = format!("{}:1", site.layout("single"));
    let ended = site.run(&["diff", &name, &single, "--platform=linux/amd64"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let ended = site.verify(&single, &[&"--platform=linux/amd64"]);
    assert!(ended.code == Some(6) && ended.stdout.contains("linux/amd64: the same"), "{ended:?}");
    assert!(ended.stdout.contains("the indexes around them are not"), "{}", ended.stdout);

    let archive = site.home.path("docker.tar");
    let to = format!("docker-archive:{}:koin/api:1", archive.display());
    let from = format!("docker://{name}");
    finished(site.skopeo.command().args([
        "--override-arch=amd64",
        "--override-os=linux",
        "copy",
        "--quiet",
        "--src-tls-verify=false",
        &from,
        &to,
    ]));
    let place = format!("docker-archive:{}", archive.display());
    let found = site.json(&["diff", &name, &place, "--platform=linux/amd64"]);
    assert_eq!((&found["same"], &found["verdict"]), (&json!(false), &json!("only-packing")), "{found}");
    drop(peer::output(site.home.command().args(["inspect", &place, "--layers=all"])));
}
