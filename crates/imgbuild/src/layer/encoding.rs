//! How a layer is compressed.

use std::fmt;
use std::io::{BufWriter, Write};
use std::str::FromStr;

use super::sink::{Plain, Sink};
use super::{Error, deflate};
use crate::oci::Compression;

/// Headers of a tar are gathered up to this size; larger writes pass.
const BUFFER: usize = 64 << 10;

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
            Compression::Gzip => format!("{}:{}", deflate::NAME, self.level),
            Compression::Zstd => format!("libzstd-1.5:{}", self.level),
        }
    }

    /// Compresses what `fill` writes into `writer`, and gives it back beside what `fill` gave.
    pub(super) fn compress<W, T>(self, writer: W, fill: impl FnOnce(&mut dyn Sink) -> Result<T, Error>) -> Result<(T, W), Error>
    where
        W: Write + Send,
    {
        match self.compression {
            Compression::None => {
                let mut buffered = Plain::new(BufWriter::with_capacity(BUFFER, writer));
                let filled = fill(&mut buffered)?;
                Ok((filled, buffered.into_inner().into_inner().map_err(|error| Error::Write(error.into_error()))?))
            }
            Compression::Gzip => deflate::compress(self.level, writer, fill),
            Compression::Zstd => {
                let mut encoder = Plain::new(zstd::Encoder::new(writer, self.level).map_err(Error::Write)?);
                let filled = fill(&mut encoder)?;
                Ok((filled, encoder.into_inner().finish().map_err(Error::Write)?))
            }
        }
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
