//! Writes an archive: an OCI image layout in a tar, with Docker's `manifest.json` where asked.
//!
//! The same image gives the same bytes: entries come in the order of the image, with fixed modes, owners and times.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tar::{EntryType, Header};
use tempfile::NamedTempFile;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

use super::DOCKER_MANIFEST;
use crate::blob::{self, Blob, Reader};
use crate::layout::{Error, INDEX, MARKER, MARKER_CONTENT};
use crate::oci::{Descriptor, Digest, MediaType, is_stdio};

/// The annotation by which containerd, and Docker with containerd's store, name what they load.
pub const CONTAINERD_NAME: &str = "io.containerd.image.name";

/// Entries and their content are padded to blocks of this size.
const BLOCK: u64 = 512;
/// Two blocks of zeros end an archive (POSIX).
const END: [u8; 1024] = [0; 1024];
/// Content is copied in pieces of this size.
const PIECE: usize = 256 << 10;
/// 1980-01-01T00:00:00Z, as in layers.
const TIME: u64 = 315_532_800;

/// An archive that is being written. A file gets its name when it is whole; dropped before that, it is removed.
#[derive(Debug)]
pub struct ArchiveWriter {
    path: PathBuf,
    output: Output,
    written: HashSet<Digest>,
    begun: bool,
}

#[derive(Debug)]
enum Output {
    /// Filled beside its place and moved there.
    File(Box<BufWriter<NamedTempFile>>),
    /// A device or a pipe, which cannot be replaced.
    Special(BufWriter<File>),
    Stdout(BufWriter<io::Stdout>),
    /// Read by somebody as it is written.
    Pipe(DuplexStream),
}

impl ArchiveWriter {
    /// Writes to `path`, `-` for stdout. An existing file is replaced when the archive is whole.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let output = Output::open(&path).map_err(|source| Error::Write { path: path.clone(), source })?;
        Ok(Self { path, output, written: HashSet::new(), begun: false })
    }

    /// Writes to a reader that takes the bytes as they come; messages call the archive `name`. An archive that is dropped
    /// before it is finished ends too early for its reader.
    #[must_use]
    pub fn piped(name: &str) -> (Self, Reader) {
        let (ours, theirs) = tokio::io::duplex(PIECE);
        (Self { path: name.into(), output: Output::Pipe(ours), written: HashSet::new(), begun: false }, Reader::new(theirs))
    }

    /// Appends a blob, unless it is there. Whether it was written.
    ///
    /// # Errors
    /// When it cannot be read or written.
    pub async fn write_blob(&mut self, blob: &Blob) -> Result<bool, Error> {
        if !self.written.insert(blob.digest().clone()) {
            return Ok(false);
        }
        let mut reader = blob.open().await?;
        self.begin().await?;
        self.start(&blob_path(blob.digest()), blob.size()).await?;
        let mut piece = vec![0; PIECE];
        loop {
            let length = reader.read(&mut piece).await;
            match length.map_err(|error| blob::Error::from_read(blob.to_string(), error))? {
                0 => break,
                length => self.write(&piece[..length]).await?,
            }
        }
        self.pad(blob.size()).await?;
        Ok(true)
    }

    /// Names the images, each under every descriptor with its annotations, and lets the archive be seen. `saved` are the
    /// entries of Docker's `manifest.json`, where the archive is to have one; see [`saved_image`].
    ///
    /// # Errors
    /// When the disk is full, or the archive cannot be moved into its place.
    pub async fn finish(mut self, images: &[Descriptor], saved: Option<Vec<Value>>) -> Result<(), Error> {
        let index = json!({"schemaVersion": 2, "mediaType": MediaType::OciIndex, "manifests": images});
        self.begin().await?;
        self.write_file(INDEX, index.to_string().as_bytes()).await?;
        if let Some(saved) = saved {
            self.write_file(DOCKER_MANIFEST, Value::from(saved).to_string().as_bytes()).await?;
        }
        self.write(&END).await?;
        let Self { path, output, .. } = self;
        output.finish(&path).await.map_err(|source| Error::Write { path, source })
    }

    async fn begin(&mut self) -> Result<(), Error> {
        if std::mem::replace(&mut self.begun, true) {
            return Ok(());
        }
        self.write_file(MARKER, MARKER_CONTENT.as_bytes()).await
    }

    async fn write_file(&mut self, name: &str, bytes: &[u8]) -> Result<(), Error> {
        self.start(name, bytes.len() as u64).await?;
        self.write(bytes).await?;
        self.pad(bytes.len() as u64).await
    }

    async fn start(&mut self, name: &str, size: u64) -> Result<(), Error> {
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Regular);
        header.set_path(name).map_err(|source| Error::Write { path: self.path.clone(), source })?;
        header.set_mode(0o644);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(TIME);
        header.set_size(size);
        header.set_cksum();
        self.write(header.as_bytes()).await
    }

    async fn pad(&mut self, size: u64) -> Result<(), Error> {
        let rest = size.next_multiple_of(BLOCK) - size;
        self.write(&vec![0; usize::try_from(rest).unwrap_or_default()]).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = match &mut self.output {
            Output::File(file) => file.write_all(bytes),
            Output::Special(file) => file.write_all(bytes),
            Output::Stdout(stdout) => stdout.write_all(bytes),
            Output::Pipe(pipe) => pipe.write_all(bytes).await,
        };
        written.map_err(|source| Error::Write { path: self.path.clone(), source })
    }
}

/// An entry of Docker's `manifest.json` that points into the layout's blobs.
#[must_use]
pub fn saved_image(config: &Digest, layers: &[Digest], names: &[String]) -> Value {
    let layers: Vec<String> = layers.iter().map(blob_path).collect();
    json!({"Config": blob_path(config), "RepoTags": names, "Layers": layers})
}

impl Output {
    fn open(path: &Path) -> io::Result<Self> {
        if is_stdio(path) {
            return Ok(Self::Stdout(BufWriter::with_capacity(PIECE, io::stdout())));
        }
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder")),
            Ok(metadata) if !metadata.is_file() => {
                return Ok(Self::Special(BufWriter::with_capacity(PIECE, File::options().write(true).open(path)?)));
            }
            _ => {}
        }
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(parent)?;
        let file = tempfile::Builder::new().prefix(".imgbuild-").tempfile_in(parent)?;
        Ok(Self::File(Box::new(BufWriter::with_capacity(PIECE, file))))
    }

    async fn finish(self, path: &Path) -> io::Result<()> {
        match self {
            Self::File(file) => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                // Temporary files are private; an archive is made to be read by other programs.
                file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
                file.persist(path).map(drop).map_err(|error| error.error)
            }
            Self::Special(mut file) => file.flush(),
            Self::Stdout(mut stdout) => stdout.flush(),
            Self::Pipe(mut pipe) => pipe.shutdown().await,
        }
    }
}

fn blob_path(digest: &Digest) -> String {
    format!("blobs/{}/{}", digest.algorithm().name(), digest.hex())
}
