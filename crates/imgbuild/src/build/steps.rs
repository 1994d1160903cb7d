//! The steps of a Dockerfile on one platform → the files of its layers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::Error;
use super::context::{Below, BelowKind, Context, Found, is_executable};
use super::dockerfile::jar_in_image;
use crate::base::Conflict;
use crate::base::facts::{Facts, File, Lookup, Node, Permissions, Tree};
use crate::jar::{Jar, Layout};
use crate::layer::Attributes;
use crate::recipe::{CopyStep, FactsFrom, Owner, Recipe, Step, StepOwner};

/// Folders that every Linux base has (Filesystem Hierarchy Standard 3.0, "The Root Filesystem" and "/usr"). They stand for
/// the base's where nobody has looked into it.
const BASE_FOLDERS: [&str; 27] = [
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/home",
    "/lib",
    "/lib64",
    "/media",
    "/mnt",
    "/opt",
    "/proc",
    "/root",
    "/run",
    "/sbin",
    "/srv",
    "/sys",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/local/lib",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/lib",
];

/// One layer, its content not yet read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct StepLayer {
    pub(super) name: String,
    pub(super) content: StepContent,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum StepContent {
    /// Files by their absolute path.
    Files(BTreeMap<String, Item>),
    /// A JAR that is laid out in layers of its own, and folders that WORKDIR made before.
    Jar { path: PathBuf, destination: String, attributes: Attributes, folders: BTreeMap<String, Item> },
}

/// An entry of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) kind: ItemKind,
    pub(super) attributes: Attributes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ItemKind {
    Folder,
    File(PathBuf),
    Symlink(String),
}

/// The layers of a Dockerfile on one platform.
#[derive(Debug)]
pub(super) struct StepLayers {
    pub(super) layers: Vec<StepLayer>,
    /// The folders that are the image's own: their modes are ours to say.
    pub(super) own: BTreeSet<String>,
    /// The paths of the base that mattered.
    pub(super) asked: BTreeSet<String>,
    /// Whom the base was asked about.
    pub(super) users: BTreeSet<String>,
}

/// Why steps are not laid out.
#[derive(Debug)]
pub(super) enum Failure {
    /// What is known of the base does not reach so far: the words say what is missing.
    Unknown(String),
    Error(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unknown(what) => Self::UnknownGround { what },
            Failure::Error(error) => error,
        }
    }
}

/// Lays out `steps` on a base: one layer for each COPY, as Docker does. The folder of a WORKDIR is in the layer of the next
/// COPY, where nobody can tell the difference. Without facts the base is taken for a usual one, whose user is `base_user`.
pub(super) fn lay_out(
    recipe: &Recipe,
    context: &Context,
    steps: &[Step],
    base_user: &str,
    facts: Option<&Facts>,
) -> Result<StepLayers, Failure> {
    let tree = facts.map_or_else(usual, |facts| facts.tree().clone());
    let found = StepLayers { layers: Vec::new(), own: BTreeSet::new(), asked: BTreeSet::new(), users: BTreeSet::new() };
    let mut state = State { recipe, context, base_user, facts, tree, found, pending: BTreeMap::new() };
    let mut layers = Vec::new();
    for step in steps {
        match step {
            Step::Folder { path, owner } => state.make_folder(path, owner)?,
            Step::Copy(copy) => layers.push(state.copy(copy)?),
        }
    }
    let pending = std::mem::take(&mut state.pending);
    layers.push(StepLayer { name: "WORKDIR".to_owned(), content: StepContent::Files(pending) });
    if recipe.layout == Some(Layout::Extracted) {
        take_jar_apart(&mut layers)?;
    }
    Ok(StepLayers { layers, ..state.found })
}

/// A base as most are.
fn usual() -> Tree {
    let mut tree = Tree::new();
    for folder in BASE_FOLDERS {
        tree.put(folder.trim_start_matches('/'), Node::Folder(Permissions::root(0o755)));
    }
    tree
}

struct State<'a> {
    recipe: &'a Recipe,
    context: &'a Context,
    base_user: &'a str,
    facts: Option<&'a Facts>,
    /// The base's files with the steps over them.
    tree: Tree,
    found: StepLayers,
    /// Folders of WORKDIRs that are in no layer yet.
    pending: BTreeMap<String, Item>,
}

impl State<'_> {
    fn attributes(&self, owner: Owner, mode: u32) -> Attributes {
        Attributes { mode, uid: owner.uid, gid: owner.gid, mtime: self.recipe.mtime }
    }

    fn is_folder(&mut self, path: &str) -> Result<bool, Failure> {
        self.tree.is_folder(path, &mut self.found.asked).map_err(|conflict| match conflict {
            Conflict::Unknown { path } => Failure::Unknown(format!("the path `/{path}`")),
            other => Failure::Error(Error::Misplaced { layer: path.to_owned(), platform: String::new(), source: other }),
        })
    }

    /// The numbers of an owner; the reason where the base has none.
    fn owner(&mut self, owner: &StepOwner) -> Result<Result<Owner, String>, Failure> {
        let user = match owner {
            StepOwner::Numbers(owner) => return Ok(Ok(*owner)),
            StepOwner::Named(user) => user.as_str(),
            StepOwner::UserOfBase => match self.base_user.parse() {
                _ if self.base_user.is_empty() => return Ok(Ok(Owner::default())),
                Ok(numbers) => return Ok(Ok(numbers)),
                Err(_) => self.base_user,
            },
        };
        let Some(facts) = self.facts else {
            // The files of a plan have no owners; an image has.
            let reason =
                format!("`{user}` is somebody whom only the base's /etc/passwd and /etc/group know, and nobody looks into the base");
            return Ok(if self.recipe.facts == FactsFrom::Skip { Err(reason) } else { Ok(Owner::default()) });
        };
        self.found.users.insert(user.to_owned());
        match facts.user(user) {
            Lookup::Found(identity) => Ok(Ok(Owner { uid: identity.uid, gid: identity.gid })),
            Lookup::Absent => Ok(Err(format!("the base's /etc/passwd and /etc/group do not know `{user}`"))),
            Lookup::Unknown => Err(Failure::Unknown(format!("the user `{user}`"))),
        }
    }

    fn make_folder(&mut self, path: &str, owner: &StepOwner) -> Result<(), Failure> {
        // An image whose USER nobody knows is the guards' affair.
        let owner = self.owner(owner)?.unwrap_or_default();
        let attributes = self.attributes(owner, 0o755);
        let above = path.match_indices('/').map(|(at, _)| &path[..at]).filter(|path| !path.is_empty());
        for folder in above.chain([path]) {
            if !self.is_folder(folder)? {
                self.pending.insert(folder.to_owned(), Item { kind: ItemKind::Folder, attributes });
                self.found.own.insert(folder.to_owned());
                self.tree.put_behind_links(folder, Node::Folder(permissions(attributes)));
            }
        }
        Ok(())
    }

    fn copy(&mut self, copy: &CopyStep) -> Result<StepLayer, Failure> {
        let fail = |reason: String| Failure::Error(Error::Copy { line: copy.line, step: copy.text.clone(), reason });
        let owner = self.owner(&copy.owner)?.map_err(fail)?;
        let mut found = Vec::new();
        for source in &copy.sources {
            let matches = self.context.find(source).map_err(|error| fail(format!("`{source}`: {error}")))?;
            if matches.is_empty() {
                return Err(fail(format!("there is no `{source}` in the context, or `.dockerignore` leaves it out")));
            }
            found.extend(matches);
        }
        let into_folder = copy.into_folder || self.is_folder(&copy.destination)?;
        if found.len() > 1 && !into_folder {
            return Err(fail("several files are meant; end the destination with `/`".to_owned()));
        }
        let mut files = std::mem::take(&mut self.pending);
        for one in &found {
            if one.is_folder {
                self.copy_folder(copy, owner, one, &mut files)?.map_err(fail)?;
            } else {
                self.copy_file(copy, owner, one, into_folder, &mut files).map_err(fail)?;
            }
        }
        for (path, item) in &files {
            self.tree.put_behind_links(path, node(item));
        }
        Ok(StepLayer { name: copy.text.clone(), content: StepContent::Files(files) })
    }

    fn copy_file(
        &self,
        copy: &CopyStep,
        owner: Owner,
        file: &Found,
        into_folder: bool,
        files: &mut BTreeMap<String, Item>,
    ) -> Result<(), String> {
        let name = file.name.rsplit('/').next().unwrap_or_default();
        let destination = if into_folder { below(&copy.destination, name) } else { copy.destination.clone() };
        if destination == "/" {
            return Err("a file cannot become `/`".to_owned());
        }
        if copy.unpacks && archive_format(&file.path).map_err(|error| format!("`{}`: {error}", file.name))? {
            return Err(format!(
                "ADD unpacks `{}`, which is an archive; unpack it before the build and COPY the folder, or COPY it as it is",
                file.name
            ));
        }
        let executable = is_executable(&file.path).map_err(|error| format!("`{}`: {error}", file.name))?;
        add(files, destination, self.file(copy, owner, file.path.clone(), executable))
    }

    /// A folder's content goes into the destination, not the folder itself.
    fn copy_folder(
        &mut self,
        copy: &CopyStep,
        owner: Owner,
        folder: &Found,
        files: &mut BTreeMap<String, Item>,
    ) -> Result<Result<(), String>, Failure> {
        let folder_attributes = self.attributes(owner, copy.mode.unwrap_or(0o755));
        let link_attributes = self.attributes(owner, 0o777);
        let new_folder = Item { kind: ItemKind::Folder, attributes: folder_attributes };
        let mut items = Vec::new();
        if !self.is_folder(&copy.destination)? {
            items.push((copy.destination.clone(), new_folder.clone()));
        }
        let all = match self.context.below(folder) {
            Ok(all) => all,
            Err(error) => return Ok(Err(format!("`{}`: {error}", folder.name))),
        };
        for Below { relative, path, kind } in all {
            let destination = below(&copy.destination, &relative);
            let item = match kind {
                // The mode of a folder that is there already stays.
                BelowKind::Folder if self.is_folder(&destination)? => continue,
                BelowKind::Folder => new_folder.clone(),
                BelowKind::Symlink(target) => Item { kind: ItemKind::Symlink(target), attributes: link_attributes },
                BelowKind::File { executable } => self.file(copy, owner, path, executable),
            };
            items.push((destination, item));
        }
        Ok(items.into_iter().try_for_each(|(destination, item)| add(files, destination, item)))
    }

    fn file(&self, copy: &CopyStep, owner: Owner, path: PathBuf, executable: bool) -> Item {
        let mode = copy.mode.unwrap_or(if executable { 0o755 } else { 0o644 });
        Item { kind: ItemKind::File(path), attributes: self.attributes(owner, mode) }
    }
}

const fn permissions(attributes: Attributes) -> Permissions {
    Permissions { mode: attributes.mode, uid: attributes.uid, gid: attributes.gid }
}

fn node(item: &Item) -> Node {
    match &item.kind {
        ItemKind::Folder => Node::Folder(permissions(item.attributes)),
        ItemKind::File(_) => Node::File(File::new(permissions(item.attributes))),
        ItemKind::Symlink(target) => Node::Symlink(target.clone()),
    }
}

fn below(folder: &str, name: &str) -> String {
    format!("{}/{name}", folder.trim_end_matches('/'))
}

/// Of two sources for one path the later counts, as it does for Docker; a folder and a file are never merged.
fn add(files: &mut BTreeMap<String, Item>, path: String, item: Item) -> Result<(), String> {
    let is_folder = |item: &Item| item.kind == ItemKind::Folder;
    if files.get(&path).is_some_and(|other| is_folder(other) != is_folder(&item)) {
        return Err(format!("`{path}` would be both a file and a folder"));
    }
    files.insert(path, item);
    Ok(())
}

/// Whether Docker's ADD would unpack the file: a tar, plain or compressed by gzip, bzip2, xz or zstd.
fn archive_format(path: &std::path::Path) -> std::io::Result<bool> {
    use std::io::Read as _;
    let mut start = Vec::new();
    std::fs::File::open(path)?.take(512).read_to_end(&mut start)?;
    let compressed: [&[u8]; 4] = [&[0x1f, 0x8b, 0x08], b"BZh", &[0xfd, b'7', b'z', b'X', b'Z', 0], &[0x28, 0xb5, 0x2f, 0xfd]];
    let is_tar = start.get(257..262) == Some(b"ustar");
    Ok(is_tar || compressed.iter().any(|magic| start.starts_with(magic)))
}

/// Replaces the one layer that is an executable JAR by the layers that it is made of.
fn take_jar_apart(layers: &mut [StepLayer]) -> Result<(), Error> {
    let mut found = Vec::new();
    for (position, layer) in layers.iter().enumerate() {
        if let Some((destination, path)) = only_jar(layer) {
            let jar = Jar::open(&path)?;
            if jar.require_executable().is_ok() {
                found.push((position, destination, path));
            }
        }
    }
    let [(position, destination, path)] = &found[..] else {
        let names: Vec<String> = found.iter().map(|(_, destination, _)| format!("`{destination}`")).collect();
        let reason =
            if names.is_empty() { "no COPY is of one executable JAR".to_owned() } else { format!("there are {}", names.join(" and ")) };
        return Err(Error::NoJarToLayOut { reason });
    };
    if !destination[1..].contains('/') {
        return Err(Error::NoJarToLayOut {
            reason: format!(
                "`{destination}` lies in `/`, so its libraries would lie in `/lib`, which is the base's; COPY it to a folder such as `/app/`"
            ),
        });
    }
    let StepContent::Files(files) = &mut layers[*position].content else { unreachable!("only files were looked at") };
    let Some(item) = files.remove(destination) else { unreachable!("the file was just found") };
    let folders = std::mem::take(files);
    layers[*position].content =
        StepContent::Jar { path: path.clone(), destination: destination.clone(), attributes: item.attributes, folders };
    Ok(())
}

/// The JAR of a layer that holds no other file.
fn only_jar(layer: &StepLayer) -> Option<(String, PathBuf)> {
    let StepContent::Files(files) = &layer.content else { return None };
    let mut others = files.iter().filter(|(_, item)| item.kind != ItemKind::Folder);
    match (others.next(), others.next()) {
        (Some((destination, Item { kind: ItemKind::File(path), .. })), None) if jar_in_image(destination) => {
            Some((destination.clone(), path.clone()))
        }
        _ => None,
    }
}
