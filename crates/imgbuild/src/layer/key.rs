//! Names a layer by its inputs, so that an unchanged one is not compressed again.

use std::fmt;
use std::io::{self, Read as _};

use super::{Encoding, Error, Files, Kind, Stop};
use crate::oci::{Algorithm, Digest, Hasher};

/// Changes whenever the same files would give other bytes: the tar's form, the order of entries, the defaults.
const FORMAT_VERSION: &str = "imgbuild-layer-1";

/// The digest of everything that a layer's bytes depend on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key(Digest);

impl Key {
    /// Reads every file of `files` once.
    ///
    /// # Errors
    /// When a file cannot be read or has changed, or once stopped.
    pub fn of(files: &Files, encoding: Encoding, stop: &Stop) -> Result<Self, Error> {
        let mut hasher = Fields(Hasher::new(Algorithm::Sha256));
        hasher.field(FORMAT_VERSION.as_bytes());
        hasher.field(encoding.name().as_bytes());
        for (path, entry) in files.entries() {
            hasher.field(path.as_bytes());
            let attributes = entry.attributes;
            for number in [u64::from(attributes.mode), attributes.uid, attributes.gid, attributes.mtime] {
                hasher.field(&number.to_be_bytes());
            }
            match &entry.kind {
                Kind::Folder => hasher.field(b"folder"),
                Kind::Symlink(target) => hasher.field(format!("symlink {target}").as_bytes()),
                Kind::File(content) => hasher.field(content_digest(path, content.as_ref(), stop)?.as_str().as_bytes()),
            }
        }
        Ok(Self(hasher.0.finish()))
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

/// Hashes fields with their lengths, so that no two lists of fields look alike.
struct Fields(Hasher);

impl Fields {
    fn field(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }
}

fn content_digest(path: &str, content: &dyn super::Content, stop: &Stop) -> Result<Digest, Error> {
    let failed = |source| Error::Read { path: path.to_owned(), place: content.place(), source };
    let mut reader = content.open().map_err(failed)?;
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut piece = vec![0; 256 << 10];
    loop {
        stop.check()?;
        match reader.read(&mut piece) {
            Ok(0) => return Ok(hasher.finish()),
            Ok(length) => hasher.update(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(failed(error)),
        }
    }
}
