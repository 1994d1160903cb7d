//! What one layer puts and takes away, and layers laid over each other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::walk::End;
use super::{Elf, Node, Tree};
use crate::oci::Digest;

/// What a layer changes. Paths have no `/` in front and none behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Record", into = "Record")]
pub struct LayerFacts {
    /// The digest of its tar.
    pub diff_id: Digest,
    /// What it puts at which path.
    pub nodes: BTreeMap<String, Node>,
    /// Second names, and the path of the file that they name.
    pub hard_links: BTreeMap<String, String>,
    /// Paths of lower layers that it takes away (`.wh.`).
    pub removed: BTreeSet<String>,
    /// Folders whose content in lower layers it takes away (`.wh..wh..opq`).
    pub cleared: BTreeSet<String>,
}

impl Tree {
    /// Lays a layer over what is there, as runtimes do (image-spec 1.1.1, "Applying Changesets"): it first takes away,
    /// then puts. A parent that is a link is followed.
    pub fn apply(&mut self, layer: &LayerFacts) {
        for folder in &layer.cleared {
            if let Some(folder) = self.within(folder) {
                self.clear(&folder);
            }
        }
        for path in &layer.removed {
            if let Some(path) = self.within(path) {
                self.remove(&path);
            }
        }
        for (path, node) in &layer.nodes {
            if let Some(path) = self.within(path) {
                self.put(&path, node.clone());
            }
        }
        for (path, target) in &layer.hard_links {
            let target = self.within(target).and_then(|target| self.known(&target).flatten().cloned());
            if let Some((path, node)) = self.within(path).zip(target) {
                self.put(&path, node);
            }
        }
    }

    /// The path with its parents' links followed; nothing where it lies below a file, where no runtime could put it.
    fn within(&self, path: &str) -> Option<String> {
        let Some((parent, name)) = path.rsplit_once('/') else { return Some(path.to_owned()) };
        if matches!(self.known(parent), Some(Some(Node::Folder(_)))) {
            return Some(path.to_owned());
        }
        match self.walk(parent, true, |_, _| {}) {
            End::There { path, node: None } => Some(format!("{path}/{name}").trim_start_matches('/').to_owned()),
            End::There { path, node: Some(Node::Folder(_)) } | End::Missing { path } => Some(format!("{path}/{name}")),
            End::There { .. } | End::Blocked { .. } | End::Circle | End::Unknown => None,
        }
    }
}

/// The form on disk: names by folder, so that a folder's path is written once.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    diff_id: Digest,
    folders: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    hard_links: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    removed: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    cleared: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    elf: BTreeMap<String, Elf>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    texts: BTreeMap<String, String>,
}

impl From<LayerFacts> for Record {
    fn from(facts: LayerFacts) -> Self {
        let LayerFacts { diff_id, nodes, hard_links, removed, cleared } = facts;
        let (mut folders, mut elf, mut texts) = (BTreeMap::<String, BTreeMap<_, _>>::new(), BTreeMap::new(), BTreeMap::new());
        for (path, node) in nodes {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
            folders.entry(folder.to_owned()).or_default().insert(name.to_owned(), node.to_string());
            if let Node::File(file) = node {
                elf.extend(file.elf.map(|elf| (path.clone(), Elf::clone(&elf))));
                texts.extend(file.text.map(|text| (path.clone(), text.to_string())));
            }
        }
        Self { diff_id, folders, hard_links, removed, cleared, elf, texts }
    }
}

impl TryFrom<Record> for LayerFacts {
    type Error = String;

    fn try_from(record: Record) -> Result<Self, Self::Error> {
        let Record { diff_id, folders, hard_links, removed, cleared, elf, texts } = record;
        let mut nodes = BTreeMap::new();
        for (folder, names) in folders {
            for (name, node) in names {
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                nodes.insert(path, node.parse::<Node>()?);
            }
        }
        for (path, elf) in elf {
            if let Some(Node::File(file)) = nodes.get_mut(&path) {
                file.elf = Some(elf.into());
            }
        }
        for (path, text) in texts {
            if let Some(Node::File(file)) = nodes.get_mut(&path) {
                file.text = Some(text.into());
            }
        }
        Ok(Self { diff_id, nodes, hard_links, removed, cleared })
    }
}

#[cfg(test)]
mod tests {
    use imgbuild_testkit::elf as fixture;

    use super::super::{File, Permissions};
    use super::*;

    fn folder(mode: u32) -> Node {
        Node::Folder(Permissions::root(mode))
    }

    fn file() -> Node {
        Node::File(File::new(Permissions::root(0o644)))
    }

    fn link(target: &str) -> Node {
        Node::Symlink(target.to_owned())
    }

    fn layer(nodes: &[(&str, Node)]) -> LayerFacts {
        let nodes = nodes.iter().map(|(path, node)| ((*path).to_owned(), node.clone())).collect();
        let (hard_links, removed, cleared) = Default::default();
        LayerFacts { diff_id: Digest::of(b""), nodes, hard_links, removed, cleared }
    }

    fn set(paths: &[&str]) -> BTreeSet<String> {
        paths.iter().map(|&path| path.to_owned()).collect()
    }

    fn paths(tree: &Tree) -> Vec<&str> {
        tree.nodes().map(|(path, _)| path).collect()
    }

    #[test]
    fn a_layer_takes_away_from_lower_layers_only() {
        let mut tree = Tree::new();
        tree.apply(&layer(&[("a", folder(0o755)), ("a/x", file()), ("a/y", file()), ("b", folder(0o755)), ("b/c/d", file())]));
        let mut upper = layer(&[("a", folder(0o700)), ("a/z", file()), ("b", folder(0o750)), ("b/new", file())]);
        upper.removed = set(&["a/x", "a/z", "none/at/all"]);
        upper.cleared = set(&["b"]);
        tree.apply(&upper);
        assert_eq!(paths(&tree), ["a", "a/y", "a/z", "b", "b/new"]);
        assert_eq!(tree.known("a"), Some(Some(&folder(0o700))));
        assert_eq!(tree.known("b"), Some(Some(&folder(0o750))));
    }

    #[test]
    fn parents_that_are_links_are_followed_and_missing_ones_are_made() {
        let mut tree = Tree::new();
        tree.apply(&layer(&[("lib", link("usr/lib")), ("usr/lib", folder(0o755)), ("usr/lib/old", file()), ("f", file())]));
        let mut upper = layer(&[("lib/new", file()), ("opt/a/b", file()), ("f/x", file())]);
        upper.removed = set(&["lib/old"]);
        upper.hard_links.insert("lib/second".to_owned(), "lib/new".to_owned());
        upper.hard_links.insert("broken".to_owned(), "none".to_owned());
        tree.apply(&upper);
        assert_eq!(paths(&tree), ["f", "lib", "opt", "opt/a", "opt/a/b", "usr", "usr/lib", "usr/lib/new", "usr/lib/second"]);
    }

    #[test]
    fn a_link_that_becomes_a_folder_is_replaced() {
        let mut tree = Tree::new();
        tree.apply(&layer(&[("lib", link("usr/lib")), ("usr/lib", folder(0o755))]));
        tree.apply(&layer(&[("lib", folder(0o755)), ("lib/x", file())]));
        assert_eq!(paths(&tree), ["lib", "lib/x", "usr", "usr/lib"]);
    }

    #[test]
    fn facts_read_back_as_they_were_written() {
        let elf = Elf::parse(&fixture::java(fixture::RunnableMachine::Arm64, "17")).map(Into::into);
        let java = Node::File(File { elf, ..File::new(Permissions { mode: 0o755, uid: 1, gid: 2 }) });
        let passwd = Node::File(File { text: Some("root:x:0:0\n".into()), ..File::new(Permissions::root(0o644)) });
        let mut facts = layer(&[("etc", folder(0o755)), ("etc/passwd", passwd), ("opt/bin/java", java), ("bin", link("usr/bin"))]);
        facts.hard_links.insert("a".to_owned(), "b".to_owned());
        facts.removed = set(&["x"]);
        facts.cleared = set(&["y", ""]);
        let text = serde_json::to_string(&facts).unwrap();
        assert_eq!(serde_json::from_str::<LayerFacts>(&text).unwrap(), facts, "{text}");
        assert!(serde_json::from_str::<LayerFacts>(&text.replace("folder 0755", "door")).is_err());
    }
}
