//! Every path of an image, or those that somebody asked about.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use super::walk::End;
use super::{Lookup, Node, Permissions};

/// What is at which path. Paths have no `/` in front and none behind; the root is the empty path and always there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// `None` for a path that was looked for and is not there.
    nodes: BTreeMap<String, Option<Node>>,
    /// Whether a path without a node is known not to be there.
    whole: bool,
    /// Folders that were put where none was: they hold what was put there since, and nothing else.
    fresh: BTreeSet<String>,
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved<'a> {
    /// The path without any link in it, with a `/` in front.
    pub path: String,
    /// What is there; nothing for the root.
    pub node: Option<&'a Node>,
}

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

impl Tree {
    /// A tree without any files, as below the lowest layer.
    #[must_use]
    pub const fn new() -> Self {
        Self { nodes: BTreeMap::new(), whole: true, fresh: BTreeSet::new() }
    }

    /// A tree of which nothing but these paths is known.
    #[must_use]
    pub fn narrowed(nodes: impl IntoIterator<Item = (String, Option<Node>)>) -> Self {
        Self { nodes: nodes.into_iter().collect(), whole: false, fresh: BTreeSet::new() }
    }

    /// Whether it knows every path.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.whole
    }

    /// The paths that are there, in the order of their bytes.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().filter_map(|(path, node)| Some((path.as_str(), node.as_ref()?)))
    }

    /// Everything that is known, with the paths that are known not to be there.
    pub fn known_nodes(&self) -> impl Iterator<Item = (&str, Option<&Node>)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node.as_ref()))
    }

    /// Puts something at a path. What was there goes, and what was below it too, unless both are folders. Folders above
    /// it that are not there are made as runtimes make them: 0755, owner 0:0.
    pub fn put(&mut self, path: &str, node: Node) {
        let is_folder = |node: Option<&Option<Node>>| matches!(node, Some(Some(Node::Folder(_))));
        match path.rsplit_once('/') {
            Some((parent, _)) if !is_folder(self.nodes.get(parent)) => self.put(parent, Node::Folder(Permissions::root(0o755))),
            _ => {}
        }
        if !matches!(node, Node::Folder(_)) {
            self.clear(path);
        } else if !self.whole && self.known(path).is_some_and(|known| !matches!(known, Some(Node::Folder(_)))) {
            self.fresh.insert(path.to_owned());
        }
        self.nodes.insert(path.to_owned(), Some(node));
    }

    /// Takes away what is at a path and below it.
    pub fn remove(&mut self, path: &str) {
        self.clear(path);
        self.nodes.remove(path);
    }

    /// Takes away what is below a path.
    pub fn clear(&mut self, path: &str) {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let below = self.nodes.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
        let below: Vec<String> = below.map(|(path, _)| path).take_while(|path| path.starts_with(&prefix)).cloned().collect();
        for path in below {
            self.nodes.remove(&path);
        }
    }

    /// What is at exactly this path; `None` where that is not known.
    #[expect(clippy::option_option, reason = "known to be absent and not known are different answers")]
    pub(in crate::base) fn known(&self, path: &str) -> Option<Option<&Node>> {
        match self.nodes.get(path) {
            Some(node) => Some(node.as_ref()),
            None => (self.whole || self.lies_nowhere(path)).then_some(None),
        }
    }

    /// Whether a folder above the path is not there, or was not there.
    fn lies_nowhere(&self, path: &str) -> bool {
        let mut above = path.match_indices('/').map(|(at, _)| &path[..at]);
        above.any(|folder| self.fresh.contains(folder) || matches!(self.nodes.get(folder), Some(None)))
    }

    /// What a path leads to, through links across all layers. Links that lead in a circle lead to nothing.
    #[must_use]
    pub fn resolve(&self, path: &str) -> Lookup<Resolved<'_>> {
        match self.walk(path, true, |_, _| {}) {
            End::There { path, node } => Lookup::Found(Resolved { path: format!("/{path}"), node }),
            End::Missing { .. } | End::Blocked { .. } | End::Circle => Lookup::Absent,
            End::Unknown => Lookup::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::File;
    use super::*;

    fn tree() -> Tree {
        let mut tree = Tree::new();
        for folder in ["usr", "usr/bin", "usr/lib", "etc", "etc/alternatives", "run"] {
            tree.put(folder, Node::Folder(Permissions::root(0o755)));
        }
        for (link, target) in [
            ("bin", "usr/bin"),
            ("lib", "/usr/lib"),
            ("usr/bin/java", "/etc/alternatives/java"),
            ("etc/alternatives/java", "../../lib/java"),
            ("round", "about"),
            ("about", "round"),
            ("gone", "usr/none/x"),
        ] {
            tree.put(link, Node::Symlink(target.to_owned()));
        }
        tree.put("usr/lib/java", Node::File(File::new(Permissions::root(0o755))));
        tree
    }

    fn path(tree: &Tree, asked: &str) -> Option<String> {
        tree.resolve(asked).found().map(|found| found.path)
    }

    #[test]
    fn links_are_followed_in_the_middle_and_at_the_end() {
        let tree = tree();
        for asked in ["/bin/java", "bin/java", "/bin/../bin/./java", "//usr//bin/java"] {
            assert_eq!(path(&tree, asked).as_deref(), Some("/usr/lib/java"), "{asked}");
        }
        assert_eq!(path(&tree, "/lib").as_deref(), Some("/usr/lib"));
        assert_eq!(path(&tree, "/../..").as_deref(), Some("/"));
        for asked in ["/round", "/about/x", "/gone", "/bin/java/x", "/none"] {
            assert_eq!(tree.resolve(asked), Lookup::Absent, "{asked}");
        }
    }

    #[test]
    fn a_missing_path_is_told_where_it_would_be() {
        let tree = tree();
        let end = |path: &str| tree.walk(path, true, |_, _| {});
        assert_eq!(end("/lib/a/b"), End::Missing { path: "usr/lib/a/b".to_owned() });
        assert_eq!(end("/gone"), End::Missing { path: "usr/none/x".to_owned() });
        assert_eq!(end("/usr/lib/java/x"), End::Blocked { path: "usr/lib/java".to_owned() });
        assert_eq!(end("/round"), End::Circle);
        assert!(matches!(tree.walk("/lib", false, |_, _| {}), End::There { node: Some(Node::Symlink(_)), .. }));
    }

    #[test]
    fn a_narrowed_tree_answers_what_it_was_narrowed_to_and_nothing_else() {
        let tree = tree();
        let mut seen = Vec::new();
        tree.walk("/bin/java", true, |path, node| seen.push((path.to_owned(), node.cloned())));
        tree.walk("/opt/x", true, |path, node| seen.push((path.to_owned(), node.cloned())));
        let narrowed = Tree::narrowed(seen);
        assert_eq!(path(&narrowed, "/bin/java"), path(&tree, "/bin/java"));
        assert_eq!(narrowed.resolve("/opt/x/y"), Lookup::Absent);
        assert_eq!(narrowed.resolve("/run"), Lookup::Unknown);
        assert_eq!(narrowed.resolve("/usr/bin/sh"), Lookup::Unknown);
    }

    #[test]
    fn a_file_over_a_folder_takes_what_was_below_it_away() {
        let mut tree = tree();
        tree.put("usr", Node::Folder(Permissions::root(0o700)));
        assert!(path(&tree, "/usr/lib/java").is_some(), "a folder over a folder keeps its content");
        tree.put("usr/lib", Node::Special);
        assert_eq!((path(&tree, "/usr/lib/java"), path(&tree, "/usr/bin").as_deref()), (None, Some("/usr/bin")));
        tree.clear("");
        assert_eq!(tree.nodes().count(), 0);
    }
}
