//! How a layer is compressed.

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

use super::Error;
use super::gzip::Gzip;
use crate::oci::Compression;

/// A compression and its level. gzip unless asked otherwise: Docker 20.10 pulls no zstd.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Encoding {
    compression: Compression,
    level: i32,
}

impl Default for Encoding {
    fn default() -> Self {
        Self { compression: Compression::Gzip, level: 6 }
    }
}

impl Encoding {
    /// The kind of compression.
    #[must_use]
    pub const fn compression(&self) -> Compression {
        self.compression
    }

    /// Names everything that the bytes depend on, for cache keys. Another compressor gives other bytes.
    #[must_use]
    pub fn name(&self) -> String {
        match self.compression {
            Compression::None => "none".to_owned(),
            Compression::Gzip => format!("zlib-rs-0.6:{}", self.level),
            Compression::Zstd => format!("libzstd-1.5:{}", self.level),
        }
    }

    /// A writer that compresses into `writer`.
    pub(super) fn writer<W: Write>(self, writer: W) -> io::Result<Encoder<W>> {
        Ok(match self.compression {
            Compression::None => Encoder::None(writer),
            Compression::Gzip => Encoder::Gzip(Gzip::new(writer, self.level)?),
            Compression::Zstd => Encoder::Zstd(zstd::Encoder::new(writer, self.level)?),
        })
    }
}

impl FromStr for Encoding {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || Error::Encoding(text.to_owned());
        let (name, level) = text.split_once(':').map_or((text, None), |(name, level)| (name, Some(level)));
        let (compression, levels, usual) = match name {
            "none" => (Compression::None, 0..=0, 0),
            "gzip" => (Compression::Gzip, 1..=9, 6),
            "zstd" => (Compression::Zstd, 1..=19, 3),
            _ => return Err(error()),
        };
        let level = level.map_or(Ok(usual), |level| level.parse::<i32>().map_err(|_| error()))?;
        if levels.contains(&level) { Ok(Self { compression, level }) } else { Err(error()) }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.compression {
            Compression::None => formatter.write_str("none"),
            Compression::Gzip => write!(formatter, "gzip:{}", self.level),
            Compression::Zstd => write!(formatter, "zstd:{}", self.level),
        }
    }
}

/// A compressing writer. It must be [finished](Self::finish).
pub(super) enum Encoder<W: Write> {
    None(W),
    Gzip(Gzip<W>),
    Zstd(zstd::Encoder<'static, W>),
}

impl<W: Write> Encoder<W> {
    /// Writes what is left and gives the writer back.
    pub(super) fn finish(self) -> io::Result<W> {
        match self {
            Self::None(writer) => Ok(writer),
            Self::Gzip(gzip) => gzip.finish(),
            Self::Zstd(zstd) => zstd.finish(),
        }
    }
}

impl<W: Write> Write for Encoder<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::None(writer) => writer.write(bytes),
            Self::Gzip(gzip) => gzip.write(bytes),
            Self::Zstd(zstd) => zstd.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        // Flushing a compressor in the middle would change its bytes.
        Ok(())
    }
}
