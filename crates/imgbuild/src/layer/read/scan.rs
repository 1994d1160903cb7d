//! One pass over a layer.

use std::io::{self, Read};

use tokio_util::io::SyncIoBridge;

use super::ReadError;
use super::decode::Unpacked;
use crate::blob::Blob;
use crate::layer::{Stop, StopOnDrop};
use crate::oci::{Algorithm, Digest};
use crate::tarball::{Entry, Error, Input as _, Stream, Tarball};

/// What follows the end of the archive is read in pieces of this size.
const PIECE: u64 = 1 << 20;

/// A layer that is read. As a [`Read`] it gives the content of the entry that was read last.
///
/// It blocks: what reads it must run on a thread that may, as [`scan`] does.
pub struct Scan {
    tarball: Tarball<Stream<Unpacked>>,
    diff_id: Option<Digest>,
    place: String,
}

impl Scan {
    /// Opens `blob`, which must unpack to `diff_id` where that is known. `stop` ends it from outside.
    ///
    /// # Errors
    /// When its bytes cannot be had.
    pub async fn open(blob: &Blob, diff_id: Option<&Digest>, stop: Stop) -> Result<Self, ReadError> {
        let place = blob.to_string();
        let reader = SyncIoBridge::new(blob.open().await?);
        let algorithm = diff_id.map_or(Algorithm::Sha256, Digest::algorithm);
        // The first bytes are read here already, and reading blocks.
        let unpacked = tokio::task::spawn_blocking(move || Unpacked::new(reader, algorithm, stop)).await;
        let unpacked = unpacked.map_err(|_| ReadError::stopped(blob))?.map_err(|error| ReadError::from_io(&place, error))?;
        Ok(Self { tarball: Tarball::new(Stream::new(unpacked)), diff_id: diff_id.cloned(), place })
    }

    /// The next entry.
    ///
    /// # Errors
    /// When the layer cannot be read or is damaged.
    pub fn next_entry(&mut self) -> Result<Option<Entry>, ReadError> {
        self.tarball.next_entry().map_err(|error| ReadError::from_tar(&self.place, error))
    }

    /// Reads what is left and confirms the whole layer. Gives the digest of its tar.
    ///
    /// # Errors
    /// When the rest cannot be read, or the layer is not what its descriptor and `diff_id` say.
    pub fn finish(self) -> Result<Digest, ReadError> {
        let mut rest = self.tarball.into_input();
        while rest.skip(PIECE).map_err(|error| ReadError::from_io(&self.place, error))? > 0 {}
        let found = rest.into_inner().finish();
        match self.diff_id {
            Some(expected) if expected != found => Err(ReadError::DiffId { place: self.place, expected, found }),
            _ => Ok(found),
        }
    }

    /// An error of somebody who cannot use what the layer holds.
    #[must_use]
    pub fn refuse(&self, reason: String) -> ReadError {
        ReadError::from_tar(&self.place, Error::Invalid(reason))
    }

    /// The error behind one that [`Read`] passed on.
    #[must_use]
    pub fn read_error(&self, error: io::Error) -> ReadError {
        ReadError::from_io(&self.place, error)
    }
}

impl Read for Scan {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.tarball.read(buffer)
    }
}

/// Lets `work` read `blob` on a thread of its own and confirms the whole layer afterwards, so that what `work` found is
/// true of the layer that the image names. Dropping the future stops the reading.
///
/// # Errors
/// Those of `work`; else when the layer cannot be read or is not what its descriptor and `diff_id` say.
pub async fn scan<T, F>(blob: &Blob, diff_id: Option<&Digest>, work: F) -> Result<T, ReadError>
where
    T: Send + 'static,
    F: FnOnce(&mut Scan) -> Result<T, ReadError> + Send + 'static,
{
    let stop = StopOnDrop::default();
    let mut scan = Scan::open(blob, diff_id, stop.stop().clone()).await?;
    let task = tokio::task::spawn_blocking(move || {
        let found = work(&mut scan)?;
        scan.finish()?;
        Ok(found)
    });
    task.await.map_err(|_| ReadError::stopped(blob))?
}
