//! Real libraries with the native code of one platform alone: a JVM loads it, and the other platform's image has its own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use imgbuild_testkit::fixtures;
use imgbuild_testkit::home::Home;
use imgbuild_testkit::peer;
use imgbuild_testkit::peers::{self, Engine, Unpacked};

use crate::scenario::{GREETING, finished, home};

/// What the application prints once the native code of all libraries has answered, and its class path was searched.
const ANSWERS: [&str; 4] = ["sqlite: 42", "snappy: 600", "openssl: true", "searched: 1"];

fn build(home: &Home, layout: &str, base: &str, platforms: &str, output: &str) -> Option<Command> {
    let jar = peers::jar("natives.jar")?;
    home.write_config(GREETING);
    let mut command = home.command();
    command.arg("build").arg(jar).args(["--natives=matching", "--config=application.yml", "--layout", layout, "--base", base]);
    command.args(["--platform", platforms, "-o", output]);
    Some(command)
}

fn assert_answers(said: &str, what: &str) {
    for answer in ANSWERS.into_iter().chain([format!("greeting: {GREETING}").as_str()]) {
        assert!(said.contains(answer), "{what}: `{answer}` is missing in {said}");
    }
}

/// The entries of a library's JAR that are native code, and the machine that `readelf` says each is for.
fn natives(root: &Path, name: &str) -> BTreeSet<String> {
    let found = walk(root).into_iter().find(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(name)));
    let path = found.unwrap_or_else(|| panic!("no {name}"));
    let entries = peers::zip_entries(&path);
    let is_code = |content: &[u8]| {
        [&b"\x7fELF"[..], b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe\0\0\0\x02"].iter().any(|start| content.starts_with(start))
    };
    let folder = tempfile::tempdir().unwrap();
    let mut machines = BTreeSet::new();
    for entry in entries.iter().filter(|entry| is_code(&entry.content)) {
        let file = folder.path().join("code");
        std::fs::write(&file, &entry.content).unwrap();
        let header = peer::output(Command::new("readelf").arg("-h").arg(&file));
        let machine = header.lines().find_map(|line| line.trim().strip_prefix("Machine:")).unwrap_or_default();
        machines.insert(machine.trim().to_owned());
    }
    machines
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.flat_map(|file| if file.is_dir() && !file.is_symlink() { walk(&file) } else { vec![file] }).collect()
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_jvm_loads_the_native_code_of_its_platform_and_no_other_is_there() {
    let (Some(java), Some(_)) = (peers::require("java"), peers::require("readelf")) else { return };
    let base = format!("oci:{}:17", fixtures::path("base").display());
    for layout in ["extracted", "exploded"] {
        let home = home();
        let Some(mut command) = build(&home, layout, &base, "linux/amd64,linux/arm64", "type=oci,dest=image") else { return };
        finished(&mut command);
        let source = format!("oci:{}", home.folder().join("image").display());
        let Some(amd64) = Unpacked::from(&source, "amd64", None) else { return };
        let Some(arm64) = Unpacked::from(&source, "arm64", None) else { return };
        for (unpacked, machine, own, other) in [
            (&amd64, "Advanced Micro Devices X86-64", "linux-x86_64", "linux-aarch_64"),
            (&arm64, "AArch64", "linux-aarch_64", "linux-x86_64"),
        ] {
            let app = unpacked.root().join("app");
            for library in ["sqlite-jdbc-", "snappy-java-"] {
                assert_eq!(natives(&app, library), BTreeSet::from([machine.to_owned()]), "{layout} {library}");
            }
            let jars: Vec<String> =
                walk(&app).iter().map(|path| path.display().to_string()).filter(|path| path.contains("tcnative-boringssl")).collect();
            assert!(jars.len() == 1 && jars[0].contains(own) && !jars[0].contains(other), "{layout} {jars:?}");
        }
        // What the image would be told, on this machine's Java and below the unpacked root.
        let app = amd64.root().join("app");
        let mut command = java.command();
        match layout {
            "extracted" => command.arg("-jar").arg(app.join("app.jar")),
            _ => command.arg("-cp").arg(&app).arg("org.springframework.boot.loader.launch.JarLauncher"),
        };
        let output = command.current_dir(&app).output().unwrap();
        assert!(output.status.success(), "{layout}: {}", peer::text(&output));
        assert_answers(&String::from_utf8_lossy(&output.stdout), layout);
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn an_engine_runs_it_on_a_real_base() {
    let Some(engine) = Engine::start() else { return };
    let Some(base) = peers::base() else { return };
    let base = format!("oci:{}:17", base.display());
    let home = home();
    let Some(mut command) = build(&home, "extracted", &base, "linux/amd64", "type=docker-archive,dest=image.tar") else { return };
    finished(command.args(["-t", "koin/natives:1"]));
    engine.run(["load", "--quiet", "--input", &home.path("image.tar").display().to_string()]);
    assert_answers(&engine.run(["run", "--rm", "--network=none", "koin/natives:1"]), "the engine");
}
