//! Layers put on each other: what is there in the end, as far as the layers that differ say.

use std::collections::BTreeMap;

use crate::contents::{LayerContents, Node, NodeKind};

/// A node, and whether a layer on top of the base brought it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) node: &'a Node,
    /// `None` where it is not known which layers are the base's.
    pub(super) is_own: Option<bool>,
}

/// What is at which path.
pub(super) type Merged<'a> = BTreeMap<&'a str, Found<'a>>;

/// Puts layers on each other, lowest first (image-spec 1.1.1, "Applying Changesets").
pub(super) fn merge<'a>(layers: impl IntoIterator<Item = (&'a LayerContents, Option<bool>)>) -> Merged<'a> {
    let mut merged = Merged::new();
    for (layer, is_own) in layers {
        for path in &layer.deleted {
            merged.remove(path.as_str());
            remove_below(&mut merged, path);
        }
        for path in &layer.emptied {
            remove_below(&mut merged, path);
        }
        for (path, node) in &layer.nodes {
            if node.kind != NodeKind::Folder && merged.get(path.as_str()).is_some_and(|found| found.node.kind == NodeKind::Folder) {
                remove_below(&mut merged, path);
            }
            merged.insert(path, Found { node, is_own });
        }
    }
    merged
}

fn remove_below(merged: &mut Merged<'_>, folder: &str) {
    let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let below: Vec<&str> = merged.range(start.as_str()..).map(|(path, _)| *path).take_while(|path| path.starts_with(&start)).collect();
    for path in below {
        merged.remove(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(folders: &[&str], links: &[&str], deleted: &[&str], emptied: &[&str]) -> LayerContents {
        let node = |kind| Node { kind, mode: 0, uid: 0, gid: 0, mtime: 0 };
        let folders = folders.iter().map(|path| ((*path).to_owned(), node(NodeKind::Folder)));
        let links = links.iter().map(|path| ((*path).to_owned(), node(NodeKind::Symlink("x".to_owned()))));
        let paths = |paths: &[&str]| paths.iter().map(|path| (*path).to_owned()).collect();
        LayerContents { nodes: folders.chain(links).collect(), deleted: paths(deleted), emptied: paths(emptied), bytes: 0 }
    }

    #[test]
    fn whiteouts_take_away_what_lies_below_them() {
        let lower = layer(&["a", "a/b", "c", "d", "ab"], &["a/b/x", "c/y", "d/z", "ab/x"], &[], &[]);
        let upper = layer(&["c"], &["d", "c/new"], &["a"], &["c"]);
        let merged = merge([(&lower, Some(false)), (&upper, Some(true))]);
        assert_eq!(merged.keys().copied().collect::<Vec<_>>(), ["ab", "ab/x", "c", "c/new", "d"]);
        assert_eq!((merged["c"].is_own, merged["ab"].is_own), (Some(true), Some(false)));
    }
}
