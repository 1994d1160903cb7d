//! Boot's own `jarmode=tools` as the oracle: the same layers, files, bytes and manifest.
//!
//! Runs where `IMGBUILD_PEERS` is set, over the JARs and WARs that `tests/peers/make` makes.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::{Archive, Bytes, Jar, Packaging, Shape, SpringBoot};
use super::*;

type Tree = BTreeMap<String, Vec<u8>>;

fn jars() -> Vec<PathBuf> {
    if std::env::var_os("IMGBUILD_PEERS").is_none() {
        return Vec::new();
    }
    let files = std::fs::read_dir(imgbuild_testkit::peer::input().join("jars")).unwrap().map(|file| file.unwrap().path());
    let mut jars: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "jar" || extension == "war")).collect();
    jars.sort();
    assert!(!jars.is_empty(), "no JAR to compare");
    jars
}

fn boot(jar: &Jar) -> Option<&SpringBoot> {
    match jar.shape() {
        Shape::SpringBoot(boot) => Some(boot),
        _ => None,
    }
}

/// What Boot lays out with these arguments; `None` where this JAR's Boot cannot.
fn oracle(jar: &Path, arguments: &[&str]) -> Option<Tree> {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new("java")
        .args(["-Djarmode=tools", "-jar"])
        .arg(jar)
        .args(["extract", "--application-filename", "app.jar", "--destination"])
        .arg(folder.path().join("out"))
        .args(arguments)
        .output()
        .unwrap();
    let mut tree = Tree::new();
    for file in walkdir(&folder.path().join("out")) {
        let path = file.strip_prefix(folder.path().join("out")).unwrap().to_str().unwrap().to_owned();
        tree.insert(path, std::fs::read(file).unwrap());
    }
    (output.status.success() && output.stderr.is_empty() && !tree.is_empty()).then_some(tree)
}

/// What the tool of Boot before 3.3 lays out, which knows the exploded form alone.
fn old_oracle(jar: &Path) -> Option<Tree> {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let output =
        Command::new("java").args(["-Djarmode=layertools", "-jar"]).arg(jar).arg("extract").arg("--destination").arg(&out).output();
    let files = walkdir(&out).into_iter().map(|file| {
        let path = file.strip_prefix(&out).unwrap().to_str().unwrap().to_owned();
        (path, std::fs::read(file).unwrap())
    });
    let tree: Tree = files.collect();
    (output.unwrap().status.success() && !tree.is_empty()).then_some(tree)
}

fn walkdir(folder: &Path) -> Vec<PathBuf> {
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let files = files.map(|file| file.unwrap().path());
    files.flat_map(|file| if file.is_dir() { walkdir(&file) } else { vec![file] }).collect()
}

fn read(content: &Content) -> Vec<u8> {
    let mut bytes = Vec::new();
    content.open().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, content.size());
    bytes
}

fn ours(jar: &Jar, layout: Layout, layered: bool) -> Tree {
    let arrangement = jar.arrange(layout, "app.jar").unwrap();
    let files = arrangement.layers.iter().flat_map(|layer| layer.files.iter().map(move |file| (layer, file)));
    files
        .map(|(layer, file)| {
            let path = if layered { format!("{}/{}", layer.name, file.path) } else { file.path.clone() };
            (path, read(&file.content))
        })
        .collect()
}

fn entries(jar: &[u8]) -> Tree {
    let archive = Archive::open("app.jar", Bytes::from(jar.to_vec())).unwrap();
    assert_eq!(archive.entries()[0].name(), "META-INF/MANIFEST.MF");
    archive.entries().iter().map(|entry| (entry.name().to_owned(), entry.read().unwrap())).collect()
}

fn assert_same(jar: &Path, ours: &Tree, theirs: &Tree) {
    let names = |tree: &Tree| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(ours), names(theirs), "{}", jar.display());
    for (path, bytes) in ours {
        if path.ends_with("app.jar") {
            let (ours, theirs) = (entries(bytes), entries(&theirs[path]));
            assert_eq!(names(&ours), names(&theirs), "{}", jar.display());
            for (name, content) in &ours {
                assert_eq!(String::from_utf8_lossy(content), String::from_utf8_lossy(&theirs[name]), "{} {name}", jar.display());
                assert!(*content == theirs[name]);
            }
        } else {
            assert!(*bytes == theirs[path], "{} {path}", jar.display());
        }
    }
}

#[test]
fn boots_own_tool_lays_out_the_same() {
    let mut compared = 0;
    let jars = jars();
    for path in &jars {
        let jar = Jar::open(path).unwrap();
        let Some(boot) = boot(&jar) else { continue };
        for (layout, arguments) in [(Layout::Extracted, vec![]), (Layout::Exploded, vec!["--launcher"])] {
            if layout == Layout::Extracted && boot.launcher().ends_with("PropertiesLauncher") {
                continue;
            }
            // `--application-filename` is for the first only, and harmless to the second.
            let layered = oracle(path, &[&arguments[..], &["--layers"]].concat());
            let flat = || oracle(path, &arguments);
            let old = || (layout == Layout::Exploded).then(|| old_oracle(path)).flatten();
            let layered = layered.or_else(old);
            let Some((theirs, layered)) = layered.map(|tree| (tree, true)).or_else(|| flat().map(|tree| (tree, false))) else {
                continue;
            };
            assert_same(path, &ours(&jar, layout, layered), &theirs);
            compared += 1;
        }
    }
    assert!(jars.is_empty() || compared > 0, "no JAR's Boot has a tool to compare with");
}

#[test]
fn every_library_can_be_opened_in_place() {
    for path in jars() {
        let jar = Jar::open(&path).unwrap();
        let Some(boot) = boot(&jar) else { continue };
        assert!(boot.packaging() == Packaging::Jar || path.extension().unwrap() == "war");
        assert!(boot.spring_core().is_some(), "{}", path.display());
        for library in boot.libraries() {
            let nested = jar.archive().open_nested(library.entry()).unwrap();
            assert!(!nested.entries().is_empty());
        }
    }
}
