//! Names a layer by what it is made of, so that an unchanged one is not compressed again.

use std::fmt;

use super::build::Hashing;
use super::sink::Plain;
use super::tar::write_archive;
use super::{Encoding, Error, Files, Kind, Stop};
use crate::oci::{Algorithm, Digest, Hasher};

/// Changes whenever the two names below would mean something else.
const FORMAT_VERSION: &str = "imgbuild-layer-2";

/// The digest of everything that a layer's bytes depend on: its tar, and how it is compressed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(Digest);

impl Key {
    /// The key of the layer whose tar has this digest.
    #[must_use]
    pub fn new(encoding: Encoding, diff_id: &Digest) -> Self {
        let mut fields = Fields::new("key", encoding);
        fields.add(diff_id.as_str().as_bytes());
        Self(fields.finish())
    }

    /// Reads every file of `files` once.
    ///
    /// # Errors
    /// When a file cannot be read or has changed, or once stopped.
    pub fn of(files: &Files, encoding: Encoding, stop: &Stop) -> Result<Self, Error> {
        let mut archive = Hashing::new(Plain::new(std::io::sink()));
        write_archive(files, &mut archive, stop)?;
        Ok(Self::new(encoding, &archive.finish().1))
    }

    /// The digest.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.hex())
    }
}

/// The digest of what is known of a layer without a look into its files: paths, attributes and sizes, and
/// which entries a JAR is put together from. Layers with different
/// outlines have different keys; the same outline promises nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Outline(Digest);

impl Outline {
    /// Reads no file.
    #[must_use]
    pub fn of(files: &Files, encoding: Encoding) -> Self {
        let mut fields = Fields::new("outline", encoding);
        for (path, entry) in files.entries() {
            fields.add(path.as_bytes());
            let attributes = entry.attributes;
            for number in [u64::from(attributes.mode), attributes.uid, attributes.gid, attributes.mtime] {
                fields.add(&number.to_be_bytes());
            }
            match &entry.kind {
                Kind::Folder => fields.add(b"folder"),
                Kind::Symlink(target) => fields.add(format!("symlink {target}").as_bytes()),
                Kind::File(content) => {
                    fields.add(format!("file {}", content.size()).as_bytes());
                    if let Some(outline) = content.outline() {
                        fields.add(outline.as_str().as_bytes());
                    }
                }
            }
        }
        Self(fields.finish())
    }

    /// The digest.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.0
    }
}

/// Hashes fields with their lengths, so that no two lists of fields look alike.
struct Fields(Hasher);

impl Fields {
    fn new(kind: &str, encoding: Encoding) -> Self {
        let mut fields = Self(Hasher::new(Algorithm::Sha256));
        for field in [FORMAT_VERSION, kind, &encoding.name()] {
            fields.add(field.as_bytes());
        }
        fields
    }

    fn add(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn finish(self) -> Digest {
        self.0.finish()
    }
}
