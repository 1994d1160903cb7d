//! Paths that are neither the application's nor a library's.

use super::software::{Origin, Other, Software};
use super::{Aspect, Change, State};
use crate::contents::{Keys, Meaning, Node, NodeKind};

/// Files whose time of modification is all that differs.
#[derive(Debug, Default)]
pub(super) struct Times {
    pub(super) files: usize,
}

impl Times {
    /// Takes two nodes that are the same in everything else.
    pub(super) fn take(&mut self, left: &Node, right: &Node) {
        self.files += usize::from(left.mtime != right.mtime);
    }
}

/// What differs in files. Those of the base are counted.
pub(super) fn compare(left: &Software<'_>, right: &Software<'_>, times: &mut Times) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut base = Counted { jdk: false, ..Counted::default() };
    let mut jdk = Counted { jdk: true, ..Counted::default() };
    let mut take = |path: &str, state: State, origin: Origin, aspects: Vec<Aspect>| match origin {
        Origin::Base => base.take(state),
        Origin::Jdk => jdk.take(state),
        Origin::Own => changes.push(Change::File { path: format!("/{path}"), state, aspects }),
    };
    let mut keys = Vec::new();
    for (path, one) in &left.files {
        let Some(other) = right.files.get(path) else {
            if one.node.kind != NodeKind::Folder {
                take(path, State::Removed, one.origin, Vec::new());
            }
            continue;
        };
        let aspects = aspects(one.node, other.node);
        match aspects.as_slice() {
            [] => times.take(one.node, other.node),
            [Aspect::Content] if other.origin == Origin::Own => match content(path, one, other) {
                Some(found) => keys.extend(found),
                None => take(path, State::Changed, other.origin, aspects),
            },
            _ => take(path, State::Changed, other.origin, aspects),
        }
    }
    for (path, other) in right.files.iter().filter(|(path, other)| !left.files.contains_key(*path) && other.node.kind != NodeKind::Folder) {
        take(path, State::Added, other.origin, Vec::new());
    }
    changes.extend(keys);
    changes.extend([base, jdk].into_iter().filter_map(Counted::into_change));
    changes
}

/// What the content of a file says that changed, where it is configuration.
fn content(path: &str, left: &Other<'_>, right: &Other<'_>) -> Option<Vec<Change>> {
    let keys_of = |other: &Other<'_>| match &other.node.content()?.meaning {
        Some(Meaning::Configuration(keys)) => Some(keys.clone()),
        _ => None,
    };
    let file = format!("/{path}");
    Some(keys(&file, &keys_of(left)?, &keys_of(right)?))
}

/// The keys that differ; where none does, the file is written differently.
pub(super) fn keys(file: &str, left: &Keys, right: &Keys) -> Vec<Change> {
    let change = |key: &str, state| Change::ConfigKey { file: file.to_owned(), key: key.to_owned(), state };
    let of_left = left.names().filter_map(|key| match (left.value(key), right.value(key)) {
        (_, None) => Some(change(key, State::Removed)),
        (one, other) if one != other => Some(change(key, State::Changed)),
        _ => None,
    });
    let added = right.names().filter(|key| left.value(key).is_none()).map(|key| change(key, State::Added));
    let changes: Vec<Change> = of_left.chain(added).collect();
    if changes.is_empty() {
        return vec![Change::File { path: file.to_owned(), state: State::Changed, aspects: vec![Aspect::Formatting] }];
    }
    changes
}

/// A change of mode or owner of what holds the same.
pub(super) fn attributes(path: &str, left: &Node, right: &Node) -> Option<Change> {
    let aspects: Vec<Aspect> = aspects(left, right).into_iter().filter(|aspect| matches!(aspect, Aspect::Mode | Aspect::Owner)).collect();
    (!aspects.is_empty()).then(|| Change::File { path: path.to_owned(), state: State::Changed, aspects })
}

/// What differs between two nodes, apart from their times.
fn aspects(left: &Node, right: &Node) -> Vec<Aspect> {
    let mut aspects = Vec::new();
    match (&left.kind, &right.kind) {
        (NodeKind::File(one), NodeKind::File(other)) => aspects.extend((one.digest != other.digest).then_some(Aspect::Content)),
        (NodeKind::Symlink(one), NodeKind::Symlink(other)) | (NodeKind::HardLink(one), NodeKind::HardLink(other)) => {
            aspects.extend((one != other).then_some(Aspect::Target));
        }
        (one, other) if one != other => aspects.push(Aspect::Kind),
        _ => {}
    }
    if left.mode != right.mode {
        aspects.push(Aspect::Mode);
    }
    if (left.uid, left.gid) != (right.uid, right.gid) {
        aspects.push(Aspect::Owner);
    }
    aspects
}

#[derive(Debug, Default)]
struct Counted {
    jdk: bool,
    added: usize,
    removed: usize,
    changed: usize,
}

impl Counted {
    const fn take(&mut self, state: State) {
        match state {
            State::Added => self.added += 1,
            State::Removed => self.removed += 1,
            State::Changed => self.changed += 1,
        }
    }

    fn into_change(self) -> Option<Change> {
        let Self { jdk, added, removed, changed } = self;
        (added + removed + changed > 0).then_some(Change::BaseFiles { jdk, added, removed, changed })
    }
}
