//! Writes images into a layout.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tempfile::{NamedTempFile, TempDir};
use tokio::io::AsyncReadExt as _;

use super::read::{blob_path, read_index};
use super::{Error, INDEX, MARKER, MARKER_CONTENT};
use crate::blob::Blob;
use crate::event::Outcome;
use crate::oci::{Descriptor, Digest, annotation};

/// Blobs are copied in pieces of this size.
const PIECE: usize = 256 << 10;

/// A layout that is being written. Nothing of it can be seen before [`finish`](Self::finish) in a new folder; in an
/// existing layout only blobs that nobody names yet.
#[derive(Debug)]
pub struct LayoutWriter {
    folder: PathBuf,
    /// Where a new layout is filled; removed with everything in it when writing fails.
    new: Option<TempDir>,
}

impl LayoutWriter {
    /// Writes to `folder`, which is a layout already, is empty, or does not exist.
    ///
    /// # Errors
    /// When the folder holds something else or cannot be written to.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, Error> {
        let folder = folder.into();
        if folder.join(MARKER).is_file() {
            super::Layout::open(&folder)?;
            return Ok(Self { folder, new: None });
        }
        match fs::read_dir(&folder) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(Error::Occupied(folder));
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Write { path: folder, source }),
        }
        let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let failed = |source| Error::Write { path: folder.clone(), source };
        fs::create_dir_all(parent).map_err(failed)?;
        let new = tempfile::Builder::new().prefix(".imgbuild-").tempdir_in(parent).map_err(failed)?;
        fs::write(new.path().join(MARKER), MARKER_CONTENT).map_err(failed)?;
        Ok(Self { folder, new: Some(new) })
    }

    /// Copies a blob, unless it is there.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub async fn write_blob(&self, blob: &Blob) -> Result<Outcome, Error> {
        let path = blob_path(self.place(), blob.digest());
        if self.has(blob.descriptor()) {
            return Ok(Outcome::Present);
        }
        let failed = |source| Error::Write { path: path.clone(), source };
        let parent = path.parent().unwrap_or(self.place());
        fs::create_dir_all(parent).map_err(failed)?;
        let mut file = NamedTempFile::new_in(parent).map_err(failed)?;
        let mut reader = blob.open().await?;
        let mut piece = vec![0; PIECE];
        loop {
            let length = reader.read(&mut piece).await;
            match length.map_err(|error| crate::blob::Error::from_read(blob.to_string(), error))? {
                0 => break,
                length => file.write_all(&piece[..length]).map_err(failed)?,
            }
        }
        make_readable(file.as_file()).map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(Outcome::Sent)
    }

    /// Names the image of `descriptor` and lets the layout be seen. An image that had the tag loses it. What refers to the image gets
    /// entries without names, by which readers find it.
    ///
    /// # Errors
    /// When the index cannot be written or the folder cannot be moved into its place.
    pub fn finish(self, descriptor: &Descriptor, tag: Option<&str>, referrers: &[Descriptor]) -> Result<(), Error> {
        let mut index = match &self.new {
            Some(_) => Map::from_iter([("schemaVersion".to_owned(), json!(2)), ("manifests".to_owned(), json!([]))]),
            None => read_index(&self.folder)?,
        };
        let mut named = descriptor.clone();
        named.annotations.extend(tag.map(|tag| (annotation::REF_NAME.to_owned(), Value::from(tag))));
        let written = |descriptor: &Descriptor| {
            serde_json::to_value(descriptor).map_err(|error| Error::Write { path: self.folder.join(INDEX), source: error.into() })
        };
        let (entry, referrers) = (written(&named)?, referrers.iter().map(written).collect::<Result<Vec<_>, _>>()?);
        let list = index.entry("manifests").or_insert_with(|| json!([]));
        if let Value::Array(entries) = list {
            entries.retain(|other| !is_replaced(other, tag, &descriptor.digest));
            entries.push(entry);
            for referrer in referrers {
                if !entries.iter().any(|known| known["digest"] == referrer["digest"]) {
                    entries.push(referrer);
                }
            }
        }
        self.write_index(&Value::Object(index))?;
        let Some(new) = self.new else { return Ok(()) };
        let failed = |source| Error::Write { path: self.folder.clone(), source };
        make_enterable(new.path()).map_err(failed)?;
        // `rename` replaces an empty folder; one that was filled meanwhile makes it fail.
        fs::rename(new.path(), &self.folder).map_err(failed)?;
        // The folder has moved; there is nothing left to remove at its old place.
        let _ = new.keep();
        Ok(())
    }

    /// Whether tag, digest and referrers are already what `finish` would make them.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn is_unchanged(&self, descriptor: &Descriptor, tag: Option<&str>, referrers: &[Descriptor]) -> Result<bool, Error> {
        if self.new.is_some() || !self.has(descriptor) {
            return Ok(false);
        }
        let images = super::Layout::open(&self.folder)?.images()?;
        let is_named = images.iter().any(|image| image.digest == descriptor.digest && image.annotation(annotation::REF_NAME) == tag);
        Ok(is_named && referrers.iter().all(|referrer| images.iter().any(|image| image.digest == referrer.digest)))
    }

    fn place(&self) -> &Path {
        self.new.as_ref().map_or(&self.folder, TempDir::path)
    }

    /// Whether the blob is there, whole.
    #[must_use]
    pub fn has(&self, descriptor: &Descriptor) -> bool {
        let path = blob_path(self.place(), &descriptor.digest);
        fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == descriptor.size)
    }

    fn write_index(&self, index: &Value) -> Result<(), Error> {
        let path = self.place().join(INDEX);
        let failed = |source| Error::Write { path: path.clone(), source };
        let mut file = NamedTempFile::new_in(self.place()).map_err(failed)?;
        file.write_all(index.to_string().as_bytes()).map_err(failed)?;
        make_readable(file.as_file()).map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// Whether an entry of `index.json` gives way: it has our tag, or is the same image without any tag.
fn is_replaced(entry: &Value, tag: Option<&str>, digest: &Digest) -> bool {
    let entry_tag = entry["annotations"][annotation::REF_NAME].as_str();
    entry_tag == tag && (tag.is_some() || entry["digest"] == digest.as_str())
}

/// Temporary files are private; a layout is made to be read by other programs.
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

fn make_enterable(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755))
}
