//! The entries of a layer, each with what it holds.

use std::collections::BTreeMap;
use std::io::Read as _;

use super::jar::is_jar;
use super::text::{may_mean, meaning};
use super::{Error, JarContents, Meaning, Spooled};
use crate::blob::Blob;
use crate::layer::{self, ReadError, Scan};
use crate::oci::{Algorithm, Digest, Hasher};
use crate::tarball::{Entry, Kind};

/// Entries of one layer that are kept; a whole distribution with a JDK has some 30,000.
const MAX_ENTRIES: usize = 500_000;
/// Bytes of all paths of one layer.
const MAX_PATHS: usize = 64 << 20;
/// Names that delete what lower layers have (image-spec 1.1.1, "Whiteouts").
const WHITEOUT: &str = ".wh.";
const OPAQUE: &str = ".wh..wh..opq";

/// What is in a layer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LayerContents {
    /// What is at which path; the paths have no `/` in front. Of two entries for one path the later counts.
    pub nodes: BTreeMap<String, Node>,
    /// Paths of lower layers that it deletes.
    pub deleted: Vec<String>,
    /// Folders whose content of lower layers it deletes.
    pub emptied: Vec<String>,
    /// Bytes of all files.
    pub bytes: u64,
}

/// An entry of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Permission bits.
    pub mode: u32,
    /// Numeric user.
    pub uid: u64,
    /// Numeric group.
    pub gid: u64,
    /// Time of modification in seconds since 1970.
    pub mtime: i64,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// A file.
    File(Box<Content>),
    /// A folder.
    Folder,
    /// A symbolic link to this target.
    Symlink(String),
    /// Another name for the file at this path.
    HardLink(String),
    /// A device, a pipe, or what no image needs, by name.
    Other(&'static str),
}

/// The content of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The digest of its bytes.
    pub digest: Digest,
    /// The number of its bytes.
    pub size: u64,
    /// What its text says.
    pub meaning: Option<Meaning>,
    /// What is in it, where it is a JAR.
    pub jar: Option<JarContents>,
    /// Why it could not be looked into, where it looks like a JAR.
    pub unread: Option<String>,
}

impl LayerContents {
    /// The JARs, each with its path.
    pub fn jars(&self) -> impl Iterator<Item = (&str, &Content)> {
        let files = self.nodes.iter().filter_map(|(path, node)| Some((path.as_str(), node.content()?)));
        files.filter(|(_, content)| content.jar.is_some() || content.unread.is_some())
    }
}

impl Node {
    /// Its content, where it is a file.
    #[must_use]
    pub fn content(&self) -> Option<&Content> {
        match &self.kind {
            NodeKind::File(content) => Some(content),
            _ => None,
        }
    }
}

/// Reads the layer `blob`, which unpacks to `diff_id`.
///
/// # Errors
/// When it cannot be read, is not what the image says, or holds more than is kept.
pub async fn read(blob: &Blob, diff_id: Option<&Digest>) -> Result<LayerContents, Error> {
    // What goes wrong with the contents travels beside what goes wrong with the layer.
    layer::scan(blob, diff_id, |scan| match contents(scan) {
        Err(Error::Layer(error)) => Err(error),
        found => Ok(found),
    })
    .await?
}

fn contents(scan: &mut Scan) -> Result<LayerContents, Error> {
    let mut found = LayerContents::default();
    let (mut entries, mut paths) = (0, 0);
    while let Some(entry) = scan.next_entry()? {
        entries += 1;
        paths += entry.path.len();
        if entries > MAX_ENTRIES {
            return Err(Error::TooMuch { what: "entries", limit: MAX_ENTRIES });
        }
        if paths > MAX_PATHS {
            return Err(Error::TooMuch { what: "bytes of paths", limit: MAX_PATHS });
        }
        let (folder, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
        if name == OPAQUE {
            found.emptied.push(folder.to_owned());
        } else if let Some(deleted) = name.strip_prefix(WHITEOUT) {
            found.deleted.push(if folder.is_empty() { deleted.to_owned() } else { format!("{folder}/{deleted}") });
        } else if !entry.path.is_empty() {
            let node = node(scan, &entry)?;
            found.bytes += node.content().map_or(0, |content| content.size);
            found.nodes.insert(entry.path, node);
        }
    }
    Ok(found)
}

fn node(scan: &mut Scan, entry: &Entry) -> Result<Node, Error> {
    let kind = match &entry.kind {
        Kind::File => NodeKind::File(Box::new(content(scan, entry)?)),
        Kind::Folder => NodeKind::Folder,
        Kind::Symlink(target) => NodeKind::Symlink(target.clone()),
        Kind::HardLink(target) => NodeKind::HardLink(target.clone()),
        other => NodeKind::Other(other.name()),
    };
    Ok(Node { kind, mode: entry.mode, uid: entry.uid, gid: entry.gid, mtime: entry.mtime })
}

fn content(scan: &mut Scan, entry: &Entry) -> Result<Content, Error> {
    let mut content = Content { digest: Digest::of(b""), size: entry.size, meaning: None, jar: None, unread: None };
    if is_jar(&entry.path) {
        let mut reader = Hashing { scan, hasher: Hasher::new(Algorithm::Sha256), failed: None };
        let spooled = Spooled::of(&mut reader, entry.size);
        let Hashing { hasher, failed, .. } = reader;
        let spooled = spooled.map_err(|error| failed.map_or(Error::Spool(error), Error::Layer))?;
        content.digest = hasher.finish();
        match JarContents::read(&entry.path, spooled.bytes().clone()) {
            Ok(jar) => content.jar = Some(jar),
            Err(reason) => content.unread = Some(reason),
        }
        return Ok(content);
    }
    if may_mean(&entry.path, entry.size) {
        let mut bytes = Vec::new();
        scan.read_to_end(&mut bytes).map_err(|error| scan.read_error(error))?;
        content.digest = Digest::of(&bytes);
        content.meaning = meaning(&entry.path, &bytes);
        return Ok(content);
    }
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut piece = vec![0; 64 << 10];
    loop {
        match scan.read(&mut piece).map_err(|error| scan.read_error(error))? {
            0 => break,
            length => hasher.update(&piece[..length]),
        }
    }
    content.digest = hasher.finish();
    Ok(content)
}

/// Hashes what passes, and keeps the error of the layer apart from errors of the disk that takes it.
struct Hashing<'a> {
    scan: &'a mut Scan,
    hasher: Hasher,
    failed: Option<ReadError>,
}

impl std::io::Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self.scan.read(buffer) {
            Ok(length) => {
                self.hasher.update(&buffer[..length]);
                Ok(length)
            }
            Err(error) => {
                self.failed = Some(self.scan.read_error(error));
                Err(std::io::ErrorKind::InvalidData.into())
            }
        }
    }
}
