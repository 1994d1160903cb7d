//! One layer → what it changes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use crate::base::facts::{File, JAVA, LayerFacts, Node, Permissions, RELEASE};
use crate::elf::Elf;
use crate::layer::{ReadError, Scan};
use crate::oci::Digest;
use crate::tarball::{Entry, Kind};

/// Entries of one layer. The largest public images have some 300,000 files in all.
const MAX_ENTRIES: usize = 2_000_000;
/// Bytes of all names and targets of one layer, which are held in memory; those of a JDK base have some 500,000.
const MAX_NAMES: usize = 256 << 20;
/// Longest path that Linux takes (`PATH_MAX`), and with it the longest target of a link.
const MAX_PATH: usize = 4096;
/// Longest /etc/passwd, /etc/group and `release` that are read; theirs have some kilobytes.
const MAX_TEXT: u64 = 1 << 20;
/// How much of a program is looked at for its headers; the `java` of a JDK has less than 100 kB.
const MAX_HEADERS: u64 = 4 << 20;
/// What starts the name of a file that takes away another (image-spec 1.1.1, "Whiteouts").
const WHITEOUT: &str = ".wh.";
/// The name of a file that takes away what lower layers have in its folder.
const OPAQUE: &str = ".wh..wh..opq";
/// What starts the names that AUFS kept for itself; they mean nothing to images.
const AUFS: &str = ".wh..wh.";

/// Reads every entry of a layer. Its digest is filled in once the whole layer is confirmed.
pub(super) fn read(scan: &mut Scan) -> Result<LayerFacts, ReadError> {
    let mut found = LayerFacts {
        diff_id: Digest::of(&[]),
        nodes: BTreeMap::new(),
        hard_links: BTreeMap::new(),
        removed: BTreeSet::new(),
        cleared: BTreeSet::new(),
    };
    let (mut entries, mut names) = (0, 0);
    while let Some(entry) = scan.next_entry()? {
        entries += 1;
        names += entry.path.len() + entry.kind.target().map_or(0, str::len);
        if entries > MAX_ENTRIES {
            return Err(scan.refuse(format!("it holds more than {MAX_ENTRIES} entries")));
        }
        if names > MAX_NAMES {
            return Err(scan.refuse(format!("its names are longer than {MAX_NAMES} bytes together")));
        }
        if let Err(reason) = check(&entry) {
            return Err(scan.refuse(format!("its entry `{}` {reason}", shown(&entry.name))));
        }
        take(&mut found, scan, &entry)?;
    }
    Ok(found)
}

/// Runtimes disagree about these entries, so there is no true answer about what they put where.
fn check(entry: &Entry) -> Result<(), &'static str> {
    if entry.name.split('/').any(|part| part == "..") {
        return Err("leads out of its folder by `..`");
    }
    if entry.name.contains('\0') {
        return Err("has a NUL in its name");
    }
    if entry.path.len() > MAX_PATH || entry.kind.target().is_some_and(|target| target.len() > MAX_PATH) {
        return Err("has a name or a target that is longer than Linux takes");
    }
    let name = name_of(&entry.path);
    match name.strip_prefix(WHITEOUT) {
        Some("" | "." | "..") => Err("takes nothing away that has a name"),
        Some(_) if !matches!(entry.kind, Kind::File | Kind::HardLink(_)) => Err("takes a file away, but is itself no file"),
        _ => Ok(()),
    }
}

fn take(found: &mut LayerFacts, scan: &mut Scan, entry: &Entry) -> Result<(), ReadError> {
    let (folder, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
    if name == OPAQUE {
        found.cleared.insert(folder.to_owned());
        return Ok(());
    }
    if name.starts_with(AUFS) {
        return Ok(());
    }
    if let Some(gone) = name.strip_prefix(WHITEOUT) {
        found.removed.insert(if folder.is_empty() { gone.to_owned() } else { format!("{folder}/{gone}") });
        return Ok(());
    }
    // The root is every image's, whatever a layer says about it.
    if entry.path.is_empty() {
        return Ok(());
    }
    let permissions = Permissions { mode: entry.mode, uid: entry.uid, gid: entry.gid };
    let node = match &entry.kind {
        Kind::Folder => Node::Folder(permissions),
        Kind::Symlink(target) => Node::Symlink(target.clone()),
        Kind::HardLink(target) => {
            put(found, &entry.path, None);
            found.hard_links.insert(entry.path.clone(), crate::tarball::plain(target));
            return Ok(());
        }
        Kind::File => Node::File(file(scan, entry, permissions)?),
        Kind::Sparse => Node::File(File::new(permissions)),
        Kind::Device(..) | Kind::Fifo | Kind::Other(_) => Node::Special,
    };
    put(found, &entry.path, Some(node));
    Ok(())
}

/// Of two entries with one path the later counts; what lay below a path that is no folder any more is gone.
fn put(found: &mut LayerFacts, path: &str, node: Option<Node>) {
    let before = found.nodes.get(path);
    if matches!(before, Some(Node::Folder(_))) && !matches!(node, Some(Node::Folder(_))) {
        let below = format!("{path}/");
        found.nodes.retain(|other, _| !other.starts_with(&below));
        found.hard_links.retain(|other, _| !other.starts_with(&below));
    }
    found.hard_links.remove(path);
    match node {
        Some(node) => found.nodes.insert(path.to_owned(), node),
        None => found.nodes.remove(path),
    };
}

fn file(scan: &mut Scan, entry: &Entry, permissions: Permissions) -> Result<File, ReadError> {
    let file = File::new(permissions);
    let name = name_of(&entry.path);
    let is_account = matches!(entry.path.as_str(), "etc/passwd" | "etc/group");
    if (is_account || name == RELEASE) && entry.size <= MAX_TEXT {
        let bytes = content(scan, MAX_TEXT)?;
        let text = String::from_utf8_lossy(&bytes);
        let text: String =
            if is_account { text.into_owned() } else { text.lines().filter(|line| line.starts_with("JAVA_VERSION=")).collect() };
        return Ok(File { text: (is_account || !text.is_empty()).then(|| text.into()), ..file });
    }
    if name == JAVA {
        return Ok(File { elf: Elf::parse(&content(scan, MAX_HEADERS)?).map(Into::into), ..file });
    }
    Ok(file)
}

fn content(scan: &mut Scan, limit: u64) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    let read = scan.by_ref().take(limit).read_to_end(&mut bytes);
    read.map(|_| bytes).map_err(|error| scan.read_error(error))
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A name from outside as it may be shown.
fn shown(name: &str) -> String {
    name.chars().take(200).flat_map(char::escape_debug).collect()
}
