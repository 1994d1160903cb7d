//! What a layer's archive holds, path by path, and what several layers make together (image-spec layer.md
//! "Applying Changesets").

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    archive::{Kind, Member},
    digest::sha256_hex,
};

const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A hard link to another path.
    HardLink,
    /// A character device.
    CharacterDevice,
}

/// What an archive says of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Permission bits with setuid, setgid and sticky.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u64,
    /// Numeric group.
    pub gid: u64,
    /// Seconds since 1970.
    pub modified: u64,
    /// Bytes of a file's content.
    pub size: usize,
    /// Hex digits of the content's SHA-256; `None` for what is no file.
    pub sha256: Option<String>,
    /// A link's target.
    pub link: Option<String>,
    content: Arc<[u8]>,
}

impl Node {
    /// A file's content.
    #[must_use]
    pub fn content(&self) -> &[u8] {
        &self.content
    }
}

/// Paths without leading or trailing slash, and what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    nodes: BTreeMap<String, Node>,
}

impl Tree {
    /// The tree of an archive's entries; of two with one path the later counts.
    #[must_use]
    pub fn new(members: &[Member]) -> Self {
        Self { nodes: members.iter().map(|member| (clean(&member.path), node(member))).collect() }
    }

    /// What is at a path.
    #[must_use]
    pub fn node(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// A file's content.
    #[must_use]
    pub fn content(&self, path: &str) -> Option<&[u8]> {
        self.node(path).filter(|node| node.kind == NodeKind::File).map(Node::content)
    }

    /// Every path in the order of its bytes.
    pub fn nodes(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().map(|(path, node)| (path.as_str(), node))
    }

    /// Every path in the order of its bytes.
    #[must_use]
    pub fn paths(&self) -> Vec<&str> {
        self.nodes.keys().map(String::as_str).collect()
    }

    /// Puts a layer on top: its whiteouts remove, its entries replace.
    pub fn apply(&mut self, layer: &Self) {
        for path in layer.nodes.keys() {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            if name == OPAQUE {
                self.remove_below(folder);
            } else if let Some(hidden) = name.strip_prefix(WHITEOUT) {
                let hidden = if folder.is_empty() { hidden.to_owned() } else { format!("{folder}/{hidden}") };
                self.nodes.remove(&hidden);
                self.remove_below(&hidden);
            }
        }
        for (path, node) in &layer.nodes {
            if path.rsplit('/').next().is_some_and(|name| name.starts_with(WHITEOUT)) {
                continue;
            }
            if node.kind != NodeKind::Directory {
                self.remove_below(path);
            }
            self.nodes.insert(path.clone(), node.clone());
        }
    }

    fn remove_below(&mut self, folder: &str) {
        let start = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        self.nodes.retain(|path, _| !path.starts_with(&start));
    }
}

/// A path without `./` in front or slash behind.
pub(super) fn clean(path: &str) -> String {
    path.trim_start_matches("./").trim_end_matches('/').to_owned()
}

fn node(member: &Member) -> Node {
    let (kind, link, content): (_, _, &[u8]) = match &member.kind {
        Kind::File(content) => (NodeKind::File, None, content),
        Kind::Directory => (NodeKind::Directory, None, &[]),
        Kind::Symlink(target) => (NodeKind::Symlink, Some(target.clone()), &[]),
        Kind::HardLink(target) => (NodeKind::HardLink, Some(target.clone()), &[]),
        Kind::CharacterDevice(..) => (NodeKind::CharacterDevice, None, &[]),
    };
    Node {
        kind,
        mode: member.mode,
        uid: member.uid,
        gid: member.gid,
        modified: member.modified,
        size: content.len(),
        sha256: (kind == NodeKind::File).then(|| sha256_hex(content)),
        link,
        content: content.into(),
    }
}
