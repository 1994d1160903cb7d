//! Why a layer could not be made.

use std::io;

/// Why a layer could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A path that may not stand in a layer.
    #[error("`{path}` cannot be put into a layer: {reason}")]
    Path {
        /// The path in the image.
        path: String,
        /// Why it is refused.
        reason: &'static str,
    },
    /// Two different files for one path.
    #[error("`{path}` would be put into the layer twice, with different content")]
    Duplicate {
        /// The path in the image.
        path: String,
    },
    /// The content could not be read.
    #[error("cannot read {place} for `{path}`: {source}")]
    Read {
        /// The path in the image.
        path: String,
        /// Where the content lies.
        place: String,
        /// The cause.
        source: io::Error,
    },
    /// The content had another size than it had before.
    #[error("{place} changed while it was read: it had {expected} bytes, and {found} were read")]
    Changed {
        /// Where the content lies.
        place: String,
        /// Bytes that were promised.
        expected: u64,
        /// Bytes that were read; where there are more than promised, not all of them.
        found: u64,
    },
    /// The files gave another tar when they were read again.
    #[error("its files changed while it was made")]
    Rewritten,
    /// The layer could not be written.
    #[error("cannot write the layer: {0}")]
    Write(io::Error),
    /// The build was stopped.
    #[error("the build was stopped")]
    Stopped,
    /// `--compression` has no such form.
    #[error("`{0}` is no compression: write `gzip`, `zstd` or `none`, with a level such as `gzip:9` where wanted")]
    Encoding(String),
    /// The compressor gave other bytes than those that all digests were made with.
    #[error("the compressor `{0}` does not give the bytes that it is known for; refusing to make layers with other digests")]
    Compressor(&'static str),
}
