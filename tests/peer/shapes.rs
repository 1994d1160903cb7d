//! Every shape of archive starts in every layout that is allowed for it, and finds its configuration.

use std::process::Command;

use imgbuild_testkit::fixtures;
use imgbuild_testkit::peers::{self, Engine, Unpacked};
use serde_json::Value;

use imgbuild_testkit::home::Home;

use crate::scenario::{GREETING, finished, home};

/// The small applications print their greeting and end.
const SHAPES: [&str; 9] = [
    "boot-2.7.jar",
    "boot-3.1.jar",
    "boot-3.2.jar",
    "boot-4.0.jar",
    "custom-layers.jar",
    "script.jar",
    "requires-unpack.jar",
    "signed.jar",
    "war.war",
];

const LAYOUTS: [Option<&str>; 4] = [None, Some("extracted"), Some("exploded"), Some("packaged")];

/// `imgbuild build` of an archive with the injected greeting.
fn build(home: &Home, jar: &str, layout: Option<&str>, base: &str, output: &str) -> Option<Command> {
    let jar = peers::jar(jar)?;
    home.write_config(GREETING);
    let mut command = home.command();
    command.arg("build").arg(jar).args(["--platform=linux/amd64", "--config=application.yml", "-o", output, base]);
    command.args(layout.map(|layout| format!("--layout={layout}")));
    Some(command)
}

#[test]
fn every_shape_starts_in_every_layout() {
    let Some(java) = peers::require("java") else { return };
    let base = format!("--base=oci:{}:17", fixtures::path("base").display());
    for jar in SHAPES {
        for layout in LAYOUTS {
            let home = home();
            let Some(mut command) = build(&home, jar, layout, &base, "type=oci,dest=image") else { return };
            finished(&mut command);
            let image = home.folder().join("image");
            let Some(unpacked) = Unpacked::from(&format!("oci:{}", image.display()), "amd64", None) else { return };
            // What the image would be told, on this machine's Java and below the unpacked root.
            let app = unpacked.root().join("app");
            let arguments: Vec<String> =
                entrypoint(&home).into_iter().skip(1).map(|word| word.replacen("/app", &app.display().to_string(), 1)).collect();
            let output = java.command().current_dir(&app).args(&arguments).output().unwrap_or_else(|error| panic!("java: {error}"));
            let said = String::from_utf8_lossy(&output.stdout);
            let failure = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.contains(&format!("greeting: {GREETING}")), "{jar} {layout:?}: {said}{failure}");
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn an_engine_runs_every_shape_in_every_layout() {
    let Some(engine) = Engine::start() else { return };
    let Some(base) = peers::base() else { return };
    let base = format!("--base=oci:{}:17", base.display());
    // One home: its cache knows the base after the first build.
    let home = home();
    for jar in SHAPES {
        for layout in LAYOUTS {
            let Some(mut command) = build(&home, jar, layout, &base, "type=docker-archive,dest=image.tar") else { return };
            finished(command.args(["-t", "koin/shape:1"]));
            let archive = home.folder().join("image.tar").display().to_string();
            engine.run(["load", "--quiet", "--input", &archive]);
            let said = engine.run(["run", "--rm", "--network=none", "koin/shape:1"]);
            assert!(said.contains(&format!("greeting: {GREETING}")), "{jar} {layout:?}: {said}");
        }
    }
}

/// ENTRYPOINT of the one image in the layout.
fn entrypoint(home: &Home) -> Vec<String> {
    let image = home.folder().join("image");
    let read = |digest: &str| -> Value {
        let bytes = std::fs::read(image.join("blobs").join(digest.replace(':', "/"))).unwrap_or_else(|error| panic!("{digest}: {error}"));
        serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{digest}: {error}"))
    };
    let digest = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let root = std::fs::read(image.join("index.json")).unwrap_or_else(|error| panic!("index.json: {error}"));
    let root: Value = serde_json::from_slice(&root).unwrap_or_else(|error| panic!("index.json: {error}"));
    let index = read(&digest(&root["manifests"][0]["digest"]));
    let manifest = read(&digest(&index["manifests"][0]["digest"]));
    let config = read(&digest(&manifest["config"]["digest"]));
    let words = config["config"]["Entrypoint"].as_array().cloned().unwrap_or_default();
    words.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}
