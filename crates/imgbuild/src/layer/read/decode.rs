//! Compressed bytes → the tar, counted and hashed.

use std::io::{self, BufReader, Cursor, Read};

use flate2::read::MultiGzDecoder;

use crate::layer::Stop;
use crate::oci::{Algorithm, Digest, Hasher};

/// Bytes of a layer's tar. The largest layers of public images have some 20 GB; a bomb is stopped here.
const MAX_UNPACKED: u64 = 64 << 30;
/// How a gzip member starts (RFC 1952, 2.3.1).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// How a Zstandard frame starts (RFC 8878, 3.1.1).
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// How a frame starts that Zstandard readers pass over, with any last four bits of the first byte (RFC 8878, 3.1.2).
const ZSTD_SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];
/// Larger buffers did not make reading faster.
const BUFFER: usize = 64 << 10;

/// The tar of a layer, hashed while it is read.
pub(super) struct Unpacked {
    reader: Box<dyn Read + Send>,
    hasher: Hasher,
    seen: u64,
    stop: Stop,
}

impl Unpacked {
    /// Unpacks what `reader` gives. Its first bytes decide: media types lie, and archives of Docker's have none.
    pub(super) fn new(mut reader: impl Read + Send + 'static, algorithm: Algorithm, stop: Stop) -> io::Result<Self> {
        let mut start = Vec::with_capacity(ZSTD.len());
        reader.by_ref().take(ZSTD.len() as u64).read_to_end(&mut start)?;
        let is_gzip = start.starts_with(&GZIP);
        let is_zstd = start.starts_with(&ZSTD) || (start.first().is_some_and(|byte| byte & 0xf0 == 0x50) && start[1..] == ZSTD_SKIPPABLE);
        let whole = BufReader::with_capacity(BUFFER, Cursor::new(start).chain(reader));
        let reader: Box<dyn Read + Send> = match (is_gzip, is_zstd) {
            (true, _) => Box::new(MultiGzDecoder::new(whole)),
            (_, true) => Box::new(zstd::Decoder::with_buffer(whole)?),
            _ => Box::new(whole),
        };
        Ok(Self { reader, hasher: Hasher::new(algorithm), seen: 0, stop })
    }

    /// The digest of everything that was read.
    pub(super) fn finish(self) -> Digest {
        self.hasher.finish()
    }
}

impl Read for Unpacked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stop.check().map_err(io::Error::other)?;
        let length = self.reader.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        self.seen += length as u64;
        if self.seen > MAX_UNPACKED {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it unpacks to more than {MAX_UNPACKED} bytes")));
        }
        Ok(length)
    }
}
