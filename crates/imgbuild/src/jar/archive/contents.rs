//! Reads what is in an entry, and proves size and checksum before the last byte is handed out.

use std::fmt;
use std::io::{self, Read};

use flate2::{Decompress, FlushDecompress, Status};

use super::flaw::Flaw;
use super::{Entry, Method};

/// The inflated bytes of one entry.
///
/// A read fails with [`io::ErrorKind::InvalidData`] as soon as more bytes come than the entry claims,
/// and instead of its last bytes when size or CRC-32 are wrong: nobody who reads all of them can miss it.
pub struct Contents {
    entry: Entry,
    packed: u64,
    inflater: Option<Inflater>,
    produced: u64,
    crc32: crc32fast::Hasher,
    proven: bool,
}

struct Inflater {
    decompress: Decompress,
    buffer: Box<[u8]>,
    filled: usize,
    used: usize,
    ended: bool,
}

/// Packed bytes that are read at a time. Whenever they are used up, zlib copies the last 32 KB that it gave.
const BUFFER: usize = 64 << 10;

impl Contents {
    pub(super) fn of(entry: Entry) -> Self {
        let inflater = (entry.method == Method::Deflated).then(|| Inflater {
            decompress: Decompress::new(false),
            buffer: vec![0; usize::try_from(entry.data.len()).map_or(BUFFER, |len| len.min(BUFFER))].into(),
            filled: 0,
            used: 0,
            ended: false,
        });
        Self { entry, packed: 0, inflater, produced: 0, crc32: crc32fast::Hasher::new(), proven: false }
    }

    fn produce(&mut self, out: &mut [u8]) -> Result<usize, Flaw> {
        let Self { entry, packed, inflater, .. } = self;
        let Some(inflater) = inflater else {
            let count = entry.data.read_at(*packed, out)?;
            *packed += count as u64;
            return Ok(count);
        };
        while !inflater.ended {
            if inflater.used == inflater.filled {
                inflater.filled = entry.data.read_at(*packed, &mut inflater.buffer)?;
                inflater.used = 0;
                *packed += inflater.filled as u64;
            }
            let input = &inflater.buffer[inflater.used..inflater.filled];
            let (before_in, before_out) = (inflater.decompress.total_in(), inflater.decompress.total_out());
            let status = inflater
                .decompress
                .decompress(input, out, FlushDecompress::None)
                .map_err(|_| Flaw::format("its deflated data is damaged"))?;
            let consumed = inflater.decompress.total_in() - before_in;
            let produced = inflater.decompress.total_out() - before_out;
            inflater.used += usize::try_from(consumed).unwrap_or(input.len());
            inflater.ended = status == Status::StreamEnd;
            if produced > 0 {
                return Ok(usize::try_from(produced).unwrap_or(out.len()));
            }
            if consumed == 0 && !inflater.ended && inflater.filled == 0 {
                return Err(Flaw::format("its deflated data ends too early"));
            }
        }
        Ok(0)
    }

    /// Demands that nothing follows the claimed size, that all packed bytes were used, and the checksum.
    fn prove(&mut self) -> Result<(), Flaw> {
        if self.produce(&mut [0])? > 0 {
            return Err(self.too_long());
        }
        let unused = self.inflater.as_ref().map_or(0, |inflater| inflater.filled - inflater.used) as u64;
        if self.packed - unused != self.entry.data.len() {
            return Err(Flaw::hostile("its deflated data is shorter than claimed"));
        }
        let found = self.crc32.clone().finalize();
        if found != self.entry.crc32 {
            return Err(Flaw::format(format!("its checksum is {found:08x}, not {:08x}", self.entry.crc32)));
        }
        self.proven = true;
        Ok(())
    }

    fn too_long(&self) -> Flaw {
        Flaw::hostile(format!("it inflates to more than the {} bytes that it claims", self.entry.size))
    }

    fn step(&mut self, out: &mut [u8]) -> Result<usize, Flaw> {
        let rest = self.entry.size - self.produced;
        let wanted = usize::try_from(rest).map_or(out.len(), |rest| rest.min(out.len()));
        let mut count = 0;
        if rest > 0 {
            count = self.produce(&mut out[..wanted])?;
            if count == 0 {
                return Err(Flaw::hostile(format!("it inflates to {} bytes and claims {}", self.produced, self.entry.size)));
            }
            self.crc32.update(&out[..count]);
            self.produced += count as u64;
        }
        if self.produced == self.entry.size && !self.proven {
            self.prove()?;
        }
        Ok(count)
    }
}

impl Read for Contents {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        self.step(out).map_err(|flaw| self.entry.error(flaw).into_io())
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Contents").field("entry", &self.entry.name).field("produced", &self.produced).finish_non_exhaustive()
    }
}
