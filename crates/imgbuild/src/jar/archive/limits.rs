//! How much an archive may ask for, and why that much.
//!
//! The largest real JARs that were looked at (shaded analytics platforms) have about 150,000 entries
//! and 12 MiB of names; Spring Boot's have hundreds.

/// Entries of one archive: with what is kept of each, a full list stays below some 30 MiB.
pub const MAX_ENTRIES: u64 = 1 << 18;

/// Bytes of one entry's name: Linux opens no longer path.
pub const MAX_NAME: usize = 4096;

/// Bytes of all names together, which are kept in memory.
pub const MAX_NAMES: usize = 16 << 20;

/// Bytes of the central directory, which is read in order and not kept.
pub const MAX_DIRECTORY: u64 = 64 << 20;

/// Bytes of the records of one entry in the central directory; Java 21 and later refuse more.
pub const MAX_HEADER: usize = 0xffff;

/// Inflated bytes of one entry.
pub const MAX_SIZE: u64 = 16 << 30;

/// Inflated bytes of all entries together.
pub const MAX_TOTAL: u64 = 64 << 30;

/// How many times its packed size an entry may become, once it is larger than [`FREE_SIZE`]. Deflate
/// ends at 1,032; text and class files reach about 10, tables of zeros in real JARs below 100.
pub const MAX_RATIO: u64 = 200;

/// Inflated bytes of an entry that need no ratio: harmless however well they were packed.
pub const FREE_SIZE: u64 = 64 << 20;

/// Bytes of a text that is read as a whole (manifest, index); Java's own limit for a manifest is 16 MB.
pub const MAX_TEXT: u64 = 8 << 20;
