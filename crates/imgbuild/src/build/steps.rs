//! The steps of a Dockerfile on one platform → the files of its layers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::Error;
use super::context::{Below, BelowKind, Context, Found, is_executable};
use super::dockerfile::jar_in_image;
use crate::jar::{Jar, Layout};
use crate::layer::Attributes;
use crate::recipe::{CopyStep, Owner, Recipe, Step};

/// Folders that every Linux base has (Filesystem Hierarchy Standard 3.0, "The Root Filesystem" and "/usr"). What is copied
/// to one of them goes into it, and its mode stays the base's.
const BASE_FOLDERS: [&str; 28] = [
    "/",
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
}

/// Lays out `steps`: one layer for each COPY, as Docker does. The folder of a WORKDIR is in the layer of the next COPY,
/// where nobody can tell the difference.
pub(super) fn lay_out(recipe: &Recipe, context: &Context, steps: &[Step]) -> Result<StepLayers, Error> {
    let mut state =
        State { recipe, context, own: BTreeSet::new(), known: BASE_FOLDERS.map(str::to_owned).into(), pending: BTreeMap::new() };
    let mut layers = Vec::new();
    for step in steps {
        match step {
            Step::Folder { path, owner } => state.make_folder(path, *owner),
            Step::Copy(copy) => layers.push(state.copy(copy)?),
        }
    }
    let pending = std::mem::take(&mut state.pending);
    layers.push(StepLayer { name: "WORKDIR".to_owned(), content: StepContent::Files(pending) });
    if recipe.layout == Some(Layout::Extracted) {
        take_jar_apart(&mut layers)?;
    }
    Ok(StepLayers { layers, own: state.own })
}

struct State<'a> {
    recipe: &'a Recipe,
    context: &'a Context,
    own: BTreeSet<String>,
    /// Folders that are there: the base's, WORKDIRs, and what was copied.
    known: BTreeSet<String>,
    /// Folders of WORKDIRs that are in no layer yet.
    pending: BTreeMap<String, Item>,
}

impl State<'_> {
    fn attributes(&self, owner: Owner, mode: u32) -> Attributes {
        Attributes { mode, uid: owner.uid, gid: owner.gid, mtime: self.recipe.mtime }
    }

    fn make_folder(&mut self, path: &str, owner: Owner) {
        let attributes = self.attributes(owner, 0o755);
        let above = path.match_indices('/').map(|(at, _)| &path[..at]).filter(|path| !path.is_empty());
        for folder in above.chain([path]).filter(|folder| !self.known.contains(*folder)).collect::<Vec<_>>() {
            self.pending.insert(folder.to_owned(), Item { kind: ItemKind::Folder, attributes });
            self.own.insert(folder.to_owned());
        }
        self.know(path);
    }

    /// A folder and everything above it is there now.
    fn know(&mut self, path: &str) {
        let above = path.match_indices('/').map(|(at, _)| path[..at].to_owned()).filter(|path| !path.is_empty());
        self.known.extend(above);
        self.known.insert(path.to_owned());
    }

    fn copy(&mut self, copy: &CopyStep) -> Result<StepLayer, Error> {
        let fail = |reason: String| Error::Copy { line: copy.line, step: copy.text.clone(), reason };
        let mut found = Vec::new();
        for source in &copy.sources {
            let matches = self.context.find(source).map_err(|error| fail(format!("`{source}`: {error}")))?;
            if matches.is_empty() {
                return Err(fail(format!("there is no `{source}` in the context, or `.dockerignore` leaves it out")));
            }
            found.extend(matches);
        }
        let into_folder = copy.into_folder || self.known.contains(&copy.destination);
        if found.len() > 1 && !into_folder {
            return Err(fail("several files are meant; end the destination with `/`".to_owned()));
        }
        let mut files = std::mem::take(&mut self.pending);
        for one in &found {
            let added =
                if one.is_folder { self.copy_folder(copy, one, &mut files) } else { self.copy_file(copy, one, into_folder, &mut files) };
            added.map_err(fail)?;
        }
        for path in files.iter().filter(|(_, item)| item.kind == ItemKind::Folder).map(|(path, _)| path.clone()).collect::<Vec<_>>() {
            self.know(&path);
        }
        for path in files.keys() {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            self.know(folder);
        }
        Ok(StepLayer { name: copy.text.clone(), content: StepContent::Files(files) })
    }

    fn copy_file(&self, copy: &CopyStep, file: &Found, into_folder: bool, files: &mut BTreeMap<String, Item>) -> Result<(), String> {
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
        add(files, destination, self.file(copy, file.path.clone(), executable))
    }

    /// A folder's content goes into the destination, not the folder itself.
    fn copy_folder(&self, copy: &CopyStep, folder: &Found, files: &mut BTreeMap<String, Item>) -> Result<(), String> {
        let entry = |mode: u32, kind| Item { kind, attributes: self.attributes(copy.owner, mode) };
        let folder_mode = copy.mode.unwrap_or(0o755);
        if !self.known.contains(&copy.destination) {
            add(files, copy.destination.clone(), entry(folder_mode, ItemKind::Folder))?;
        }
        for Below { relative, path, kind } in self.context.below(folder).map_err(|error| format!("`{}`: {error}", folder.name))? {
            let destination = below(&copy.destination, &relative);
            let item = match kind {
                // The mode of a folder that is there already stays.
                BelowKind::Folder if self.known.contains(&destination) => continue,
                BelowKind::Folder => entry(folder_mode, ItemKind::Folder),
                BelowKind::Symlink(target) => entry(0o777, ItemKind::Symlink(target)),
                BelowKind::File { executable } => self.file(copy, path, executable),
            };
            add(files, destination, item)?;
        }
        Ok(())
    }

    fn file(&self, copy: &CopyStep, path: PathBuf, executable: bool) -> Item {
        let mode = copy.mode.unwrap_or(if executable { 0o755 } else { 0o644 });
        Item { kind: ItemKind::File(path), attributes: self.attributes(copy.owner, mode) }
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
