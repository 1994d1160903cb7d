//! The application's own classes and files.

use std::collections::BTreeSet;

use super::archives::Repacked;
use super::files::{self, Times};
use super::libraries::class_name;
use super::software::{LAUNCHER_NAME, Part, Software, is_launcher};
use super::{Aspect, Change, State};
use crate::contents::{Keys, Meaning};

const MANIFEST: &str = "META-INF/MANIFEST.MF";
/// Lists that follow from which libraries there are.
const INDEXES: [&str; 4] = ["BOOT-INF/classpath.idx", "BOOT-INF/layers.idx", "WEB-INF/classpath.idx", "WEB-INF/layers.idx"];
/// The attribute of a manifest that does so as well.
const CLASS_PATH: &str = "Class-Path";

/// What differs in the application. `with_libraries` says that libraries differ too, from which indexes follow.
pub(super) fn compare(
    left: &Software<'_>,
    right: &Software<'_>,
    with_libraries: bool,
    repacked: &mut Repacked,
    times: &mut Times,
) -> Vec<Change> {
    for (path, (one, of_left)) in &left.archives {
        if let Some((_, of_right)) = right.archives.get(path).filter(|(other, _)| other.digest != one.digest) {
            repacked.take(&format!("/{path}"), of_left, of_right);
        }
    }
    let names: BTreeSet<&String> = left.application.keys().chain(right.application.keys()).collect();
    let mut changes = Vec::new();
    let mut is_launcher_changed = false;
    for name in names {
        let (one, other) = (left.application.get(name), right.application.get(name));
        let state = match (one, other) {
            (Some(one), Some(other)) if one.digest == other.digest => {
                if let (Some(one), Some(other)) = (one.node, other.node) {
                    times.take(one, other);
                    changes.extend(files::attributes(name, one, other));
                }
                continue;
            }
            (Some(_), Some(_)) => State::Changed,
            (Some(_), None) => State::Removed,
            (None, _) => State::Added,
        };
        if is_launcher(name) {
            is_launcher_changed = true;
        } else if !(with_libraries && INDEXES.contains(&name.as_str())) {
            changes.extend(part(name, one, other, state, with_libraries));
        }
    }
    if is_launcher_changed {
        changes.push(launcher(left, right));
    }
    changes
}

/// The changes of one file of the application.
fn part(name: &str, one: Option<&Part<'_>>, other: Option<&Part<'_>>, state: State, with_libraries: bool) -> Vec<Change> {
    let place = other.or(one).map(|part| part.place.clone()).unwrap_or_default();
    if is_build_info(name) {
        return vec![Change::BuildInfo { file: place, state }];
    }
    if let Some(class) = class_name(name) {
        return vec![Change::Class { class, library: None, state }];
    }
    let keys_of = |part: Option<&Part<'_>>| match part?.meaning {
        Some(Meaning::Configuration(keys)) => Some(keys.clone()),
        _ => None,
    };
    match (keys_of(one), keys_of(other)) {
        (Some(left), Some(right)) if name == MANIFEST => manifest(&place, &left, &right, with_libraries),
        (Some(left), Some(right)) => files::keys(&place, &left, &right),
        _ => {
            let aspects = if state == State::Changed { vec![Aspect::Content] } else { Vec::new() };
            vec![Change::File { path: place, state, aspects }]
        }
    }
}

/// Attributes of the manifest: what a build writes about itself is told apart, and what follows from libraries is left out.
fn manifest(place: &str, left: &Keys, right: &Keys, with_libraries: bool) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut is_build_info = false;
    for change in files::keys(place, left, right) {
        match &change {
            Change::ConfigKey { key, .. } if with_libraries && key == CLASS_PATH => {}
            Change::ConfigKey { key, .. } if is_build_attribute(key) => is_build_info = true,
            _ => changes.push(change),
        }
    }
    if is_build_info {
        changes.push(Change::BuildInfo { file: place.to_owned(), state: State::Changed });
    }
    changes
}

/// Files that a build writes about itself.
fn is_build_info(name: &str) -> bool {
    name == "git.properties"
        || name == "META-INF/build-info.properties"
        || name.starts_with("META-INF/maven/")
        || name.starts_with("META-INF/sbom/")
}

fn is_build_attribute(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.starts_with("build-") || name.starts_with("git-") || name == "created-by" || name == "built-by" || name == "bnd-lastmodified"
}

/// The launcher of Spring Boot as the library that it is.
fn launcher(left: &Software<'_>, right: &Software<'_>) -> Change {
    let has = |side: &Software<'_>| side.application.keys().any(|name| is_launcher(name));
    let version = |side: &Software<'_>| side.archives.values().find_map(|(_, jar)| jar.boot_version.clone());
    let state = match (has(left), has(right)) {
        (true, false) => State::Removed,
        (false, true) => State::Added,
        _ => State::Changed,
    };
    Change::Dependency { name: LAUNCHER_NAME.to_owned(), state, from: version(left), to: version(right) }
}
