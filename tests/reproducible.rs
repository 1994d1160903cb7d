//! One digest for one input, on any machine and any day: builds by the binary that vary one thing each.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use imgbuild_testkit::fixtures;
use serde_json::Value;
use zip::write::SimpleFileOptions;

/// The digests that a release must keep. A change of this file changes every image of every user: say why in the changelog.
const GOLDEN: &str = include_str!("../fixtures/golden.json");

fn golden(name: &str) -> String {
    serde_json::from_str::<Value>(GOLDEN).unwrap()[name].as_str().unwrap().to_owned()
}

/// A folder with copies of the inputs, and a build of them.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["app.jar", "plain.jar", "application.yml"] {
            fs::copy(fixtures::path(name), folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The usual build, to be varied.
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_imgbuild"));
        command.current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path());
        command.args(["build", "app.jar", "--config", "application.yml", "--output", "type=oci,dest=image"]);
        command.arg("--base").arg(format!("oci:{}:17", fixtures::path("base").display()));
        command
    }

    fn digest(&self, command: &mut Command) -> String {
        let _ = fs::remove_dir_all(self.path("image"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let result = String::from_utf8(output.stdout).unwrap();
        result.trim_end().rsplit_once('@').unwrap().1.to_owned()
    }
}

/// The JAR again with other times; `change` may change the content of an entry.
fn rewrite(source: &Path, target: &Path, year: u16, change: impl Fn(&str, &mut Vec<u8>)) {
    let mut archive = zip::ZipArchive::new(File::open(source).unwrap()).unwrap();
    let mut writer = zip::ZipWriter::new(File::create(target).unwrap());
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).unwrap();
        let name = entry.name().unwrap().into_owned();
        let time = zip::DateTime::from_date_and_time(year, 2, 3, 4, 5, 6).unwrap();
        let options = SimpleFileOptions::default().compression_method(entry.compression()).last_modified_time(time);
        if entry.is_dir() {
            writer.add_directory(name, options).unwrap();
            continue;
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        change(&name, &mut content);
        writer.start_file(name, options).unwrap();
        writer.write_all(&content).unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn golden_digests_of_every_shape() {
    let bench = Bench::new();
    let cases: [(&str, &[&str]); 6] = [
        ("extracted", &[]),
        ("exploded", &["--layout", "exploded"]),
        ("packaged", &["--layout", "packaged"]),
        ("docker", &["--format", "docker"]),
        ("zstd", &["--compression", "zstd"]),
        ("uncompressed", &["--compression", "none"]),
    ];
    let found: Vec<(&str, String)> = cases.iter().map(|(name, flags)| (*name, bench.digest(bench.command().args(*flags)))).collect();
    let expected: Vec<(&str, String)> = cases.iter().map(|(name, _)| (*name, golden(name))).collect();
    assert_eq!(found, expected);
}

#[test]
fn one_digest_whatever_else_varies() {
    let expected = golden("extracted");
    let check = |what: &str, digest: String| assert_eq!(digest, expected, "varied: {what}");

    let bench = Bench::new();
    check("cold cache", bench.digest(&mut bench.command()));
    check("warm cache", bench.digest(&mut bench.command()));
    check("no cache", bench.digest(bench.command().arg("--no-cache")));
    for (name, value) in [("TZ", "Pacific/Kiritimati"), ("LANG", "tr_TR.UTF-8"), ("LC_ALL", "ar_EG"), ("TOKIO_WORKER_THREADS", "1")] {
        check(name, bench.digest(bench.command().arg("--no-cache").env(name, value)));
    }
    check("one transfer at a time", bench.digest(bench.command().args(["--no-cache", "--jobs", "1"])));

    let touched = Bench::new();
    for name in ["app.jar", "application.yml"] {
        let file = File::options().write(true).open(touched.path(name)).unwrap();
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_hours(24)).unwrap();
    }
    check("another folder, touched files", touched.digest(&mut touched.command()));
    rewrite(&fixtures::path("app.jar"), &touched.path("app.jar"), 2019, |_, _| {});
    check("times within the JAR", touched.digest(&mut touched.command()));

    let private = Bench::new();
    let mut command = Command::new("sh");
    let inner = private.command();
    let words: Vec<String> = inner.get_args().map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    command.current_dir(private.folder.path()).env_clear().env("HOME", private.folder.path());
    command.args(["-c", &format!("umask 077; exec '{}' {}", env!("CARGO_BIN_EXE_imgbuild"), words.join(" "))]);
    check("umask", private.digest(&mut command));
}

#[test]
fn one_core_and_many_give_one_digest() {
    let bench = Bench::new();
    let inner = bench.command();
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(env!("CARGO_BIN_EXE_imgbuild")).args(inner.get_args());
    command.current_dir(bench.folder.path()).env("HOME", bench.folder.path());
    if Command::new("taskset").arg("-V").output().is_err() {
        eprintln!("skipped: there is no `taskset` here");
        return;
    }
    assert_eq!(bench.digest(&mut command), golden("extracted"));
}

#[test]
fn a_byte_makes_another_digest() {
    let bench = Bench::new();
    let expected = golden("extracted");
    fs::write(bench.path("application.yml"), fs::read_to_string(bench.path("application.yml")).unwrap() + "\n").unwrap();
    assert_ne!(bench.digest(&mut bench.command()), expected, "a byte of the configuration");

    let bench = Bench::new();
    rewrite(&fixtures::path("app.jar"), &bench.path("app.jar"), 2020, |name, content| {
        if name == "BOOT-INF/classes/application.yml" {
            content.push(b'\n');
        }
    });
    assert_ne!(bench.digest(&mut bench.command()), expected, "a byte of the application");
}

#[test]
fn the_time_of_the_commit_changes_the_configurations_alone() {
    let bench = Bench::new();
    let layers = |command: &mut Command| -> Vec<Value> {
        command.arg("--metadata-file").arg(bench.path("metadata.json"));
        let digest = bench.digest(command);
        let metadata: Value = serde_json::from_slice(&fs::read(bench.path("metadata.json")).unwrap()).unwrap();
        let mut layers = metadata["layers"].as_array().unwrap().clone();
        layers.push(Value::from(digest));
        layers
    };
    let (plain, dated) = (layers(&mut bench.command()), layers(bench.command().env("SOURCE_DATE_EPOCH", "1700000000")));
    assert_eq!(plain[..plain.len() - 1], dated[..dated.len() - 1]);
    assert_ne!(plain.last(), dated.last());
    let again = layers(bench.command().args(["--created", "2023-11-14T22:13:20Z"]));
    assert_eq!(again, dated);
}
