//! Where files land on a base: links in their paths are followed, and folders that are there stay as they are.

use std::collections::BTreeSet;

use super::facts::{End, File, Node, Permissions, Tree};
use crate::layer::{self, Attributes, Entry, Files, Kind};

/// Why files cannot be put on a base.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Conflict {
    /// Something of the base would go.
    #[error("`/{path}` is {is} in the base, and {would} would replace it")]
    Replaces {
        /// The path.
        path: String,
        /// What is there.
        is: String,
        /// What would be there.
        would: &'static str,
    },
    /// A path leads through something that is no folder.
    #[error("`/{path}` cannot be there: `/{through}` is {is} in the base")]
    Blocked {
        /// The path.
        path: String,
        /// What is in the way.
        through: String,
        /// What that is.
        is: String,
    },
    /// Links of the base lead in a circle.
    #[error("`/{path}` cannot be there: links of the base lead in a circle")]
    Circle {
        /// The path.
        path: String,
    },
    /// The facts do not reach so far.
    #[error("it is not known what the base has at `/{path}`")]
    Unknown {
        /// The path.
        path: String,
    },
    /// Two files land at one place.
    #[error(transparent)]
    Layer(#[from] layer::Error),
}

impl Conflict {
    /// The path of the image that it is about, with a `/` in front; none where two files land at one place.
    #[must_use]
    pub fn path(&self) -> Option<String> {
        match self {
            Self::Replaces { path, .. } | Self::Blocked { path, .. } | Self::Circle { path } | Self::Unknown { path } => {
                Some(format!("/{}", path.trim_start_matches('/')))
            }
            Self::Layer(_) => None,
        }
    }

    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Replaces { path, .. } => Some(format!("choose another destination, such as one below `/{path}`")),
            Self::Blocked { .. } | Self::Circle { .. } => Some("choose another destination".to_owned()),
            Self::Unknown { .. } | Self::Layer(_) => None,
        }
    }
}

impl Tree {
    /// Whether a folder is at `path`, behind all links. `asked` takes the paths that mattered.
    ///
    /// # Errors
    /// Where the tree does not reach so far.
    pub fn is_folder(&self, path: &str, asked: &mut BTreeSet<String>) -> Result<bool, Conflict> {
        match self.walk(path, true, |path, _| asked.extend([path.to_owned()])) {
            End::There { node, .. } => Ok(matches!(node, None | Some(Node::Folder(_)))),
            End::Missing { .. } | End::Blocked { .. } | End::Circle => Ok(false),
            End::Unknown => Err(Conflict::Unknown { path: path.trim_start_matches('/').to_owned() }),
        }
    }

    /// Puts something where `path` leads, behind all links. A folder that is there stays as it is.
    pub fn put_behind_links(&mut self, path: &str, node: Node) {
        let site = match self.walk(path, true, |_, _| {}) {
            End::There { node: None | Some(Node::Folder(_)), .. } if matches!(node, Node::Folder(_)) => return,
            End::There { path, .. } | End::Missing { path } => path,
            End::Blocked { .. } | End::Circle | End::Unknown => return,
        };
        if !site.is_empty() {
            self.put(&site, node);
        }
    }

    /// Puts `files` on the tree and gives them as they lie there, with every folder above them: those that are there
    /// keep their mode and owner, and get the time of `folder`; those that are not there are made like `folder`. A parent
    /// that is a link is followed. `asked` takes the paths that mattered.
    ///
    /// Every parent is among the entries: an engine that unpacks a layer by itself would make it up otherwise.
    ///
    /// # Errors
    /// When a file would replace a folder or a link to one, or its path leads through a file.
    pub fn place(&mut self, files: &Files, folder: Attributes, asked: &mut BTreeSet<String>) -> Result<Files, Conflict> {
        let mut placed = Files::new();
        for (path, entry) in files.entries() {
            let Some(path) = self.site(path, &entry.kind, asked)? else { continue };
            for (at, _) in path.match_indices('/') {
                self.place_folder(&path[..at], folder, &mut placed)?;
            }
            let Attributes { mode, uid, gid, .. } = entry.attributes;
            let permissions = Permissions { mode, uid, gid };
            match &entry.kind {
                Kind::Folder => self.place_folder(&path, Attributes { mtime: folder.mtime, ..entry.attributes }, &mut placed)?,
                Kind::File(_) => {
                    self.put(&path, Node::File(File::new(permissions)));
                    placed.add(&path, entry.clone())?;
                }
                Kind::Symlink(target) => {
                    self.put(&path, Node::Symlink(target.clone()));
                    placed.add(&path, entry.clone())?;
                }
            }
        }
        Ok(placed)
    }

    fn place_folder(&mut self, path: &str, new: Attributes, placed: &mut Files) -> Result<(), Conflict> {
        let there = match self.known(path) {
            Some(Some(Node::Folder(permissions))) => Some(*permissions),
            _ => None,
        };
        let Permissions { mode, uid, gid } = there.unwrap_or(Permissions { mode: new.mode, uid: new.uid, gid: new.gid });
        if there.is_none() {
            self.put(path, Node::Folder(Permissions { mode, uid, gid }));
        }
        let attributes = Attributes { mode, uid, gid, ..new };
        Ok(placed.add(path, Entry { kind: Kind::Folder, attributes })?)
    }

    /// The path behind all links at which an entry lands; nothing for a folder that is there as a link to one.
    fn site(&self, path: &str, kind: &Kind, asked: &mut BTreeSet<String>) -> Result<Option<String>, Conflict> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let site = match self.end(path, parent, asked)? {
            (folder, None | Some(Node::Folder(_))) if folder.is_empty() => name.to_owned(),
            (folder, None | Some(Node::Folder(_))) => format!("{folder}/{name}"),
            (through, Some(node)) => return Err(Conflict::Blocked { path: path.to_owned(), through, is: shown(node) }),
        };
        asked.insert(site.clone());
        let Some(there) = self.known(&site) else { return Err(Conflict::Unknown { path: site }) };
        let replaces = |is: String, would| Err(Conflict::Replaces { path: site.clone(), is, would });
        match (there, kind) {
            (None | Some(Node::Folder(_)), Kind::Folder)
            | (None | Some(Node::File(_) | Node::Special), Kind::File(_) | Kind::Symlink(_)) => Ok(Some(site)),
            (Some(node @ Node::Folder(_)), Kind::File(_)) => replaces(shown(node), "a file"),
            (Some(node @ Node::Folder(_)), Kind::Symlink(_)) => replaces(shown(node), "a link"),
            (Some(node @ (Node::File(_) | Node::Special)), Kind::Folder) => replaces(shown(node), "a folder"),
            (Some(Node::Symlink(target)), kind) => match (self.end(path, &site, asked), kind) {
                (Ok((_, Some(Node::Folder(_)))), Kind::Folder) => Ok(None),
                (Ok((folder, None)), Kind::Folder) => Ok(Some(folder).filter(|folder| !folder.is_empty())),
                (Ok((_, Some(Node::Folder(_)))), _) => replaces(format!("a link to the folder `{target}`"), "a file"),
                (Ok((root, None)), _) if root.is_empty() => replaces("a link to the root".to_owned(), "a file"),
                (Ok((through, Some(node))), Kind::Folder) => Err(Conflict::Blocked { path: path.to_owned(), through, is: shown(node) }),
                (Err(error @ Conflict::Unknown { .. }), _) | (Err(error), Kind::Folder) => Err(error),
                // A link to a file or to nothing is replaced, as COPY does it.
                (Ok(_) | Err(_), _) => Ok(Some(site)),
            },
        }
    }

    /// Where `lead` ends, which is a part of `path`, and what is there. The root has no node.
    fn end(&self, path: &str, lead: &str, asked: &mut BTreeSet<String>) -> Result<(String, Option<&Node>), Conflict> {
        let end = self.walk(lead, true, |path, _| asked.extend([path.to_owned()]));
        match end {
            End::There { path, node } => Ok((path, node)),
            End::Missing { path } => Ok((path, None)),
            End::Blocked { path: through } => {
                let is = self.known(&through).flatten().map(shown).unwrap_or_default();
                Err(Conflict::Blocked { path: path.to_owned(), through, is })
            }
            End::Circle => Err(Conflict::Circle { path: path.to_owned() }),
            End::Unknown => Err(Conflict::Unknown { path: path.to_owned() }),
        }
    }
}

fn shown(node: &Node) -> String {
    match node {
        Node::Folder(_) => "a folder".to_owned(),
        Node::File(_) => "a file".to_owned(),
        Node::Symlink(target) => format!("a link to `{target}`"),
        Node::Special => "a device or a pipe".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn base() -> Tree {
        let mut tree = Tree::new();
        for (path, mode) in [("usr", 0o755), ("usr/lib", 0o711), ("tmp", 0o1777), ("etc", 0o755)] {
            tree.put(path, Node::Folder(Permissions::root(mode)));
        }
        tree.put("home/app", Node::Folder(Permissions { mode: 0o750, uid: 1000, gid: 1000 }));
        for (path, target) in [("lib", "usr/lib"), ("etc/x", "/etc/passwd"), ("gone", "opt/new"), ("round", "round"), ("up", "/")] {
            tree.put(path, Node::Symlink(target.to_owned()));
        }
        tree.put("etc/passwd", Node::File(File::new(Permissions::root(0o644))));
        tree
    }

    fn files(paths: &[&str]) -> Files {
        let mut files = Files::new();
        for path in paths {
            match path.strip_suffix('/') {
                Some(folder) => {
                    files.add(folder, Entry { kind: Kind::Folder, attributes: Attributes { mode: 0o700, ..Attributes::FOLDER } }).unwrap();
                }
                None => files.add_file(path, Bytes::from_static(b"x"), Attributes::FILE).unwrap(),
            }
        }
        files
    }

    fn place(tree: &mut Tree, paths: &[&str]) -> Result<Vec<String>, Conflict> {
        let placed = tree.place(&files(paths), Attributes::FOLDER, &mut BTreeSet::new())?;
        let shown = |(path, Entry { attributes: Attributes { mode, uid, gid, .. }, .. }): (&str, &Entry)| {
            format!("{path} {}", Permissions { mode: *mode, uid: *uid, gid: *gid })
        };
        Ok(placed.entries().map(shown).collect())
    }

    #[test]
    fn folders_of_the_base_keep_mode_and_owner_and_new_ones_are_usual() {
        let placed = place(&mut base(), &["tmp/a/f", "home/app/f", "app/f"]).unwrap();
        assert_eq!(
            placed,
            ["app 0755", "app/f 0644", "home 0755", "home/app 0750 1000:1000", "home/app/f 0644", "tmp 1777", "tmp/a 0755", "tmp/a/f 0644"]
        );
        assert_eq!(place(&mut base(), &["usr/lib/", "new/"]).unwrap(), ["new 0700", "usr 0755", "usr/lib 0711"]);
    }

    #[test]
    fn links_to_folders_are_followed_and_never_replaced() {
        assert_eq!(place(&mut base(), &["lib/f"]).unwrap(), ["usr 0755", "usr/lib 0711", "usr/lib/f 0644"]);
        assert_eq!(place(&mut base(), &["lib/", "lib/f"]).unwrap(), ["usr 0755", "usr/lib 0711", "usr/lib/f 0644"]);
        assert_eq!(place(&mut base(), &["gone/f"]).unwrap(), ["opt 0755", "opt/new 0755", "opt/new/f 0644"]);
        assert_eq!(place(&mut base(), &["gone/"]).unwrap(), ["opt 0755", "opt/new 0700"]);
        assert_eq!(place(&mut base(), &["up/f", "up/"]).unwrap(), ["f 0644"]);
        assert_eq!(place(&mut base(), &["etc/x"]).unwrap(), ["etc 0755", "etc/x 0644"], "a link to a file is replaced");
    }

    #[test]
    fn what_would_take_something_of_the_base_away_is_refused() {
        let cases = [
            ("lib", "`/lib` is a link to the folder `usr/lib` in the base, and a file would replace it"),
            ("up", "`/up` is a link to the root in the base, and a file would replace it"),
            ("usr", "`/usr` is a folder in the base, and a file would replace it"),
            ("etc/passwd/", "`/etc/passwd` is a file in the base, and a folder would replace it"),
            ("etc/x/", "`/etc/x` cannot be there: `/etc/passwd` is a file in the base"),
            ("etc/passwd/f", "`/etc/passwd/f` cannot be there: `/etc/passwd` is a file in the base"),
            ("etc/x/a/f", "`/etc/x/a/f` cannot be there: `/etc/passwd` is a file in the base"),
            ("round/f", "`/round/f` cannot be there: links of the base lead in a circle"),
        ];
        for (path, message) in cases {
            let conflict = place(&mut base(), &[path]).unwrap_err();
            assert_eq!(conflict.to_string(), message);
            assert!(conflict.hint().unwrap().contains("another destination"));
        }
        assert!(matches!(place(&mut base(), &["lib/f", "usr/lib/f"]), Err(Conflict::Layer(layer::Error::Duplicate { .. }))));
    }

    #[test]
    fn later_layers_lie_on_earlier_ones() {
        let mut tree = base();
        place(&mut tree, &["data/", "data/f"]).unwrap();
        assert_eq!(place(&mut tree, &["data/g"]).unwrap(), ["data 0700", "data/g 0644"]);
        assert!(place(&mut tree, &["data"]).is_err());
    }

    #[test]
    fn the_paths_that_mattered_are_enough_to_place_the_same_files_again() {
        let paths = ["lib/a/f", "home/app/config/x.yml", "app/lib/one.jar", "app/lib/two.jar", "gone/", "etc/x"];
        let mut asked = BTreeSet::new();
        base().place(&files(&paths), Attributes::FOLDER, &mut asked).unwrap();
        let narrowed = base().narrow(&asked);
        let known: Vec<&str> = narrowed.known_nodes().map(|(path, _)| path).collect();
        assert_eq!(
            known,
            [
                "app",
                "etc",
                "etc/passwd",
                "etc/x",
                "gone",
                "home",
                "home/app",
                "home/app/config",
                "lib",
                "opt",
                "usr",
                "usr/lib",
                "usr/lib/a"
            ],
            "what lies below a folder that is not there is not there"
        );
        assert_eq!(place(&mut narrowed.clone(), &paths).unwrap(), place(&mut base(), &paths).unwrap());
        assert!(matches!(place(&mut narrowed.clone(), &["tmp/f"]), Err(Conflict::Unknown { .. })));
        assert!(matches!(place(&mut narrowed.clone(), &["usr/lib/b"]), Err(Conflict::Unknown { .. })));
    }
}
