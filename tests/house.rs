//! The house: rooms use only themselves and the rooms below them, and no file outgrows one idea.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of the library, top to bottom.
const ROOMS: &[&str] = &[
    "copy",
    "rebase",
    "tags",
    "verify",
    "diff",
    "inspect",
    "build",
    "recipe",
    "target",
    "guard",
    "contents",
    "base",
    "source",
    "image",
    "layer",
    "jar",
    "equipment",
    "registry",
    "layout",
    "cache",
    "tarball",
    "blob",
    "event",
    "elf",
    "connection",
    "shown",
    "oci",
];

/// A file that passes this many lines has a second idea in it.
const MAX_LINES: usize = 400;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return files };
    for entry in entries.map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            files.push(entry);
        }
    }
    files
}

/// The rooms that a source names as `crate::room`, also within `use crate::{…}`.
fn rooms_used(source: &str) -> Vec<&'static str> {
    let mut used = Vec::new();
    for (at, _) in source.match_indices("crate::") {
        let rest = &source[at + "crate::".len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => {
                // Only the first words of a braced list are rooms; what is nested belongs to them.
                let mut depth = 0;
                let end = list.find(|character| {
                    depth += i32::from(character == '{') - i32::from(character == '}');
                    depth < 0
                });
                let list = &list[..end.unwrap_or(list.len())];
                list.split(',').map(|part| part.trim().split("::").next().unwrap_or_default()).collect()
            }
            None => vec![rest.split(|character: char| !character.is_alphanumeric() && character != '_').next().unwrap_or_default()],
        };
        used.extend(ROOMS.iter().filter(|room| names.contains(room)));
    }
    used
}

fn position(room: &str) -> usize {
    ROOMS.iter().position(|other| *other == room).unwrap()
}

#[test]
fn rooms_use_only_rooms_below_them() {
    let source = root().join("crates/imgbuild/src");
    let mut wrong = Vec::new();
    let mut arrows = 0;
    for file in rust_files(&source) {
        let relative = file.strip_prefix(&source).unwrap().to_owned();
        let room = relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if room == "lib" {
            continue;
        }
        assert!(ROOMS.contains(&room.as_str()), "`{}` lies in no room", relative.display());
        for used in rooms_used(&fs::read_to_string(&file).unwrap()) {
            arrows += 1;
            if position(used) < position(&room) {
                wrong.push(format!("{} uses `{used}`, which is above `{room}`", relative.display()));
            }
        }
    }
    assert!(arrows > 20, "the test reads no imports any more");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_arrow_upwards_would_be_found() {
    let source = "use crate::{oci::{Digest, Platform}, target};\nfn f() -> crate::build::Plan {}";
    assert_eq!(rooms_used(source), ["target", "oci", "build"]);
}

#[test]
fn no_file_outgrows_one_idea() {
    let mut long = Vec::new();
    for folder in ["crates", "tests", "benches"] {
        for file in rust_files(&root().join(folder)) {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            if lines > MAX_LINES {
                long.push(format!("{lines} {}", file.display()));
            }
        }
    }
    assert!(long.is_empty(), "files of more than {MAX_LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn the_testkit_never_imports_the_library() {
    let manifest = fs::read_to_string(root().join("tests/support/Cargo.toml")).unwrap();
    assert!(
        !manifest.lines().any(|line| line.starts_with("imgbuild.") || line.starts_with("imgbuild ")),
        "an oracle must not share the bug"
    );
}
