//! Images in a tar: an OCI image layout, what `docker save` writes, or both in one.
//!
//! An archive is indexed once and never unpacked: blobs are read where they lie. Only what comes through a pipe, or is
//! compressed as a whole, is copied to a file without a name first.

mod docker;
mod members;
mod spool;
mod write;

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

use super::read::{check_marker, choose, images_of, parse};
use super::{Error, INDEX, MARKER};
use crate::blob::{self, Blob, BoxFuture, MemorySource, OpenFileSource, Reader, Source};
use crate::oci::{Descriptor, Digest, Document, MAX_MANIFEST_BYTES};

pub use write::{ArchiveWriter, CONTAINERD_NAME, saved_image};

use members::{Members, Stretch};

/// The file that names the images of `docker save`.
const DOCKER_MANIFEST: &str = "manifest.json";

/// An archive that exists. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Archive(Arc<Opened>);

#[derive(Debug)]
struct Opened {
    path: PathBuf,
    file: Arc<File>,
    members: Members,
    images: Vec<Descriptor>,
    /// Blobs that do not lie where an image layout has them.
    elsewhere: HashMap<Digest, Stretch>,
    /// Documents that the archive implies and does not hold.
    implied: HashMap<Digest, Bytes>,
}

impl Archive {
    /// Opens the archive at `path`, `-` for stdin, and reads what it holds. It blocks for as long as that takes.
    ///
    /// # Errors
    /// When it cannot be read, is cut short, or holds no images.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        Self::read(spool::open(&path)?, path)
    }

    /// Reads what an open file holds; messages call it `path`. It blocks for as long as that takes.
    ///
    /// # Errors
    /// When it cannot be read, is cut short, or holds no images.
    pub fn read(file: File, path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let members = Members::read(&file).map_err(|reason| Error::NotAnArchive { path: path.clone(), reason })?;
        let mut opened =
            Opened { path, file: Arc::new(file), members, images: Vec::new(), elsewhere: HashMap::new(), implied: HashMap::new() };
        if opened.members.find(INDEX).is_some() {
            let refuse = |reason| Error::NotAnArchive { path: opened.path.clone(), reason };
            check_marker(&opened.small(MARKER)?).map_err(refuse)?;
            let index: Value = serde_json::from_slice(&opened.small(INDEX)?).map_err(|error| opened.not_json(INDEX, &error))?;
            opened.images = images_of(&index).map_err(|error| opened.not_json(INDEX, &error))?;
        } else if opened.members.find(DOCKER_MANIFEST).is_some() {
            docker::read(&mut opened)?;
        } else {
            let reason = format!("it has neither `{INDEX}` nor `{DOCKER_MANIFEST}`");
            return Err(Error::NotAnArchive { path: opened.path, reason });
        }
        Ok(Self(Arc::new(opened)))
    }

    /// The image with this tag or full name, or the only one.
    ///
    /// # Errors
    /// When there is no such image, or several without a tag to choose by.
    pub fn find(&self, tag: Option<&str>) -> Result<Descriptor, Error> {
        choose(&self.0.images, tag, &self.0.path)
    }

    /// The images that the archive names.
    #[must_use]
    pub fn images(&self) -> &[Descriptor] {
        &self.0.images
    }

    /// The manifest or index of `descriptor`, checked against it.
    ///
    /// # Errors
    /// When it is missing, is not what the descriptor says, or is no document of an image.
    pub async fn document(&self, descriptor: &Descriptor) -> Result<Document, Error> {
        parse(&self.blob(descriptor.clone())).await
    }

    /// A blob of this archive.
    #[must_use]
    pub fn blob(&self, descriptor: Descriptor) -> Blob {
        let opened = &self.0;
        if let Some(bytes) = opened.implied.get(&descriptor.digest) {
            return Blob::new(descriptor, MemorySource(bytes.clone()));
        }
        let path = format!("blobs/{}/{}", descriptor.digest.algorithm().name(), descriptor.digest.hex());
        let place = format!("`{}`", opened.path.display());
        match opened.elsewhere.get(&descriptor.digest).copied().or_else(|| opened.members.find(&path)) {
            Some(Stretch { start, size }) => Blob::new(descriptor, OpenFileSource::range(Arc::clone(&opened.file), start, size, &place)),
            None => Blob::new(descriptor, Missing { place, path }),
        }
    }
}

impl Opened {
    /// The bytes of a small file.
    fn small(&self, name: &str) -> Result<Vec<u8>, Error> {
        let refuse = |reason| Error::NotAnArchive { path: self.path.clone(), reason };
        let stretch = self.members.find(name).ok_or_else(|| refuse(format!("it has no `{name}`")))?;
        if stretch.size > MAX_MANIFEST_BYTES {
            return Err(Error::TooLarge(Path::new(&self.path).join(name)));
        }
        self.bytes(stretch)
    }

    fn bytes(&self, stretch: Stretch) -> Result<Vec<u8>, Error> {
        let mut bytes = vec![0; usize::try_from(stretch.size).unwrap_or(usize::MAX)];
        let read = self.file.read_exact_at(&mut bytes, stretch.start);
        read.map(|()| bytes).map_err(|source| Error::Read { path: self.path.clone(), source })
    }

    fn not_json(&self, name: &str, error: &serde_json::Error) -> Error {
        Error::NotAnArchive { path: self.path.clone(), reason: format!("its `{name}` is not valid: {error}") }
    }
}

/// A blob that the archive names and does not hold.
struct Missing {
    place: String,
    path: String,
}

impl Source for Missing {
    fn open<'a>(&'a self, _: &'a Descriptor) -> BoxFuture<'a, Result<Reader, blob::Error>> {
        let source = std::io::Error::new(std::io::ErrorKind::NotFound, format!("it has no `{}`", self.path));
        Box::pin(async { Err(blob::Error::Read { place: self.place.clone(), source }) })
    }

    fn place(&self) -> String {
        self.place.clone()
    }
}
