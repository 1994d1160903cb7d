//! Libraries, by name and version.

use std::collections::BTreeMap;

use super::archives::Repacked;
use super::files::{self, Times};
use super::software::{Library, Software};
use super::{Change, State};
use crate::contents::JarContents;

/// What differs in the libraries.
pub(super) fn compare(left: &Software<'_>, right: &Software<'_>, repacked: &mut Repacked, times: &mut Times) -> Vec<Change> {
    let mut names: Vec<&String> = left.libraries.keys().chain(right.libraries.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let mut changes = Vec::new();
    for name in names {
        let (one, other) = (left.libraries.get(name), right.libraries.get(name));
        let all = [one, other].map(|libraries| libraries.map(Vec::as_slice).unwrap_or_default());
        compare_one(name, all, repacked, times, &mut changes);
    }
    changes
}

fn compare_one(name: &str, all: [&[Library<'_>]; 2], repacked: &mut Repacked, times: &mut Times, changes: &mut Vec<Change>) {
    let [mut left, mut right] = all.map(<[Library<'_>]>::to_vec);
    // The same bytes first, then the same version, then whatever is left over on both sides.
    for (one, other) in pairs(&mut left, &mut right, |one, other| one.digest == other.digest) {
        if let (Some(one), Some(other)) = (one.node, other.node) {
            times.take(one, other);
            changes.extend(files::attributes(name, one, other));
        }
    }
    for (one, other) in pairs(&mut left, &mut right, |one, other| one.version == other.version) {
        let (Some(from), Some(to)) = (one.jar, other.jar) else { continue };
        if repacked.take(name, from, to) {
            continue;
        }
        let version = one.version.map(str::to_owned);
        changes.push(Change::Dependency { name: name.to_owned(), state: State::Changed, from: version.clone(), to: version });
        changes.extend(classes(name, from, to));
    }
    let text = |library: &Library<'_>| library.version.map(str::to_owned);
    for (one, other) in pairs(&mut left, &mut right, |_, _| true) {
        changes.push(Change::Dependency { name: name.to_owned(), state: State::Changed, from: text(&one), to: text(&other) });
    }
    let gone = left.iter().map(|one| Change::Dependency { name: name.to_owned(), state: State::Removed, from: text(one), to: None });
    let new = right.iter().map(|other| Change::Dependency { name: name.to_owned(), state: State::Added, from: None, to: text(other) });
    changes.extend(gone.chain(new));
}

/// Takes out of both lists what belongs together.
fn pairs<'a>(
    left: &mut Vec<Library<'a>>,
    right: &mut Vec<Library<'a>>,
    together: impl Fn(&Library<'_>, &Library<'_>) -> bool,
) -> Vec<(Library<'a>, Library<'a>)> {
    let mut found = Vec::new();
    left.retain(|one| match right.iter().position(|other| together(one, other)) {
        Some(at) => {
            found.push((*one, right.remove(at)));
            false
        }
        None => true,
    });
    found
}

/// The classes that differ between two builds of one version.
fn classes(library: &str, left: &JarContents, right: &JarContents) -> Vec<Change> {
    let digests = |jar: &JarContents| -> BTreeMap<String, _> {
        let classes = jar.files.iter().filter_map(|(path, file)| Some((class_name(path)?, file.digest.clone())));
        classes.collect()
    };
    let (left, right) = (digests(left), digests(right));
    let change = |class: &String, state| Change::Class { class: class.clone(), library: Some(library.to_owned()), state };
    let of_left = left.iter().filter_map(|(class, digest)| match right.get(class) {
        None => Some(change(class, State::Removed)),
        Some(other) if other != digest => Some(change(class, State::Changed)),
        Some(_) => None,
    });
    let added = right.keys().filter(|class| !left.contains_key(*class)).map(|class| change(class, State::Added));
    of_left.chain(added).collect()
}

/// `com.example.Orders` of `com/example/Orders.class`.
pub(super) fn class_name(path: &str) -> Option<String> {
    path.strip_suffix(".class").map(|path| path.replace('/', "."))
}
