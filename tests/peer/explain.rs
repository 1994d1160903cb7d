//! `diff` and `verify` of real Spring Boot archives of which one library, one class and one key were changed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::fs::File;
use std::io::{Cursor, Read, Seek, Write as _};
use std::path::Path;

use imgbuild_testkit::home::{Ended, Home};
use imgbuild_testkit::peers;
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;

use crate::scenario::home;

/// A value that must not be seen anywhere.
const CANARY: &str = "c4nary-Pa55word";
/// The library whose version changes; every archive has it.
const LIBRARY: &str = "jackson-databind-";

/// Writes an archive again; `change` gives an entry another name or content.
fn rewrite(archive: impl Read + Seek, added: Option<(&str, Vec<u8>)>, change: impl Fn(&str, Vec<u8>) -> (String, Vec<u8>)) -> Vec<u8> {
    let mut archive = zip::ZipArchive::new(archive).unwrap();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for at in 0..archive.len() {
        let mut entry = archive.by_index(at).unwrap();
        let name = entry.name().unwrap().into_owned();
        let options = SimpleFileOptions::default().compression_method(entry.compression());
        if entry.is_dir() {
            writer.add_directory(name, options).unwrap();
            continue;
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let (name, content) = change(&name, content);
        writer.start_file(name, options).unwrap();
        writer.write_all(&content).unwrap();
    }
    if let Some((name, content)) = added {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(&content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "nothing else moves");
    let mut bytes = bytes.to_vec();
    for at in 0..=bytes.len().saturating_sub(from.len()) {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    bytes
}

/// The version of the library in an archive, and one that is as long.
fn versions(archive: &Path) -> (String, String) {
    let archive = zip::ZipArchive::new(File::open(archive).unwrap()).unwrap();
    let name = archive.file_names().map(Result::unwrap).find(|name| name.contains(LIBRARY)).unwrap().into_owned();
    let version = name.rsplit_once(LIBRARY).unwrap().1.trim_end_matches(".jar").to_owned();
    let next = format!("{}9", &version[..version.len() - 1]);
    assert_ne!(version, next);
    (version, next)
}

/// The archive with a YAML file, and the same with another version of the library, another class and another value.
fn two(archive: &Path) -> [Vec<u8>; 2] {
    let root = if archive.extension().is_some_and(|extension| extension == "war") { "WEB-INF" } else { "BOOT-INF" };
    let place = format!("{root}/classes/application.yml");
    let yaml = |number: u8| format!("orders:\n  limit: 5\n  api-token: {CANARY}-{number}\n").into_bytes();
    let (version, next) = versions(archive);
    let (old, new) = (format!("{LIBRARY}{version}"), format!("{LIBRARY}{next}"));
    let library = |_: &str, content: Vec<u8>| replaced(&content, &version, &next);
    let change = |name: &str, content: Vec<u8>| {
        if name.contains(&old) {
            let texts = |inner: &str, content: Vec<u8>| {
                let is_text = inner.ends_with("MANIFEST.MF") || inner.ends_with("pom.properties");
                (inner.to_owned(), if is_text { library(inner, content) } else { content })
            };
            return (name.replace(&old, &new), rewrite(Cursor::new(content), None, texts));
        }
        if name.ends_with("peer/small/Application.class") {
            return (name.to_owned(), replaced(&content, "greeting: ", "Greeting: "));
        }
        (
            name.to_owned(),
            if ["classpath.idx", "layers.idx"].iter().any(|index| name.ends_with(index)) {
                replaced(&content, &old, &new)
            } else {
                content
            },
        )
    };
    let open = || File::open(archive).unwrap();
    let same = |name: &str, content: Vec<u8>| (name.to_owned(), content);
    [rewrite(open(), Some((&place, yaml(1))), same), rewrite(open(), Some((&place, yaml(2))), change)]
}

/// Runs `imgbuild`; whatever it says does not hold the canary.
fn run(home: &Home, words: &[&str]) -> Ended {
    let ended = Ended::of(home.command().args(words).arg("-v"));
    assert!(!ended.stdout.contains(CANARY) && !ended.stderr.contains(CANARY), "{words:?}: {}{}", ended.stdout, ended.stderr);
    ended
}

#[test]
fn one_library_one_class_and_one_key_of_a_real_archive_are_named_and_nothing_else() {
    let Some(base) = peers::base() else { return };
    let base = format!("--base=oci:{}:17", base.display());
    // One home: its cache knows the base after the first build.
    let home = home();
    home.write_config("the same in both");
    for name in ["boot-2.7.jar", "boot-3.2.jar", "boot-4.0.jar", "war.war"] {
        let Some(archive) = peers::jar(name) else { return };
        let (version, next) = versions(&archive);
        let [left, right] = two(&archive);
        let suffix = name.rsplit('.').next().unwrap();
        for (side, bytes) in [("left", left), ("right", right)] {
            let (file, output) = (format!("{side}.{suffix}"), format!("type=oci,dest={side}"));
            home.write(&file, bytes);
            drop(std::fs::remove_dir_all(home.path(side)));
            let built = run(&home, &["build", &file, &base, "--config=application.yml", "-o", &output]);
            assert_eq!(built.code, Some(0), "{name}: {}", built.stderr);
        }
        let found = run(&home, &["diff", "oci:left", "oci:right", "--json"]);
        assert_eq!(found.code, Some(6), "{name}: {}", found.stderr);
        let found: Value = serde_json::from_str(&found.stdout).unwrap();
        let platforms = found["platforms"].as_array().unwrap();
        assert_eq!(platforms.len(), 2);
        for platform in platforms {
            let changes = platform["changes"].as_array().unwrap();
            let part = |change: &Value, keys: &[&str]| keys.iter().map(|key| change[key].clone()).collect::<Vec<_>>();
            assert_eq!(changes.len(), 3, "{name}: {changes:?}");
            let dependency = part(&changes[0], &["kind", "name", "state", "from", "to"]);
            assert_eq!(
                dependency,
                [json!("dependency"), json!("jackson-databind"), json!("changed"), json!(version), json!(next)],
                "{name}"
            );
            let class = part(&changes[1], &["kind", "class", "library", "state"]);
            assert_eq!(class, [json!("class"), json!("peer.small.Application"), json!(null), json!("changed")], "{name}");
            let key = part(&changes[2], &["kind", "key", "state"]);
            assert_eq!(key, [json!("config-key"), json!("orders.api-token"), json!("changed")], "{name}");
            assert!(changes[2]["file"].as_str().unwrap().ends_with("application.yml"), "{name}: {}", changes[2]);
        }
        let said = run(&home, &["diff", "oci:left", "oci:right"]);
        assert!(said.stdout.contains(&format!("~ jackson-databind {version} → {next}")), "{name}: {}", said.stdout);

        let file = format!("left.{suffix}");
        let checked = run(&home, &["verify", "oci:left", &file, &base, "--config=application.yml"]);
        assert_eq!(checked.code, Some(0), "{name}: {}{}", checked.stdout, checked.stderr);
        let checked = run(&home, &["verify", "oci:right", &file, &base, "--config=application.yml"]);
        let gone = format!("{LIBRARY}{version}.jar: the image does not have it");
        assert!(checked.code == Some(6) && checked.stdout.contains(&gone), "{name}: {}{}", checked.stdout, checked.stderr);
    }
}
