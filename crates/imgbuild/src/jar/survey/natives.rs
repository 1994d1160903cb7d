//! Native libraries in a JAR, by what their files say and not by their names.

use std::io::Read as _;

use serde::{Deserialize, Serialize};

use super::super::{Entry, Error};
use crate::elf::{self, Elf, IDENTIFICATION, Libc, Machine, System};

/// A native library or program for Linux.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Native {
    /// Its path in the JAR.
    pub path: String,
    /// The machine.
    pub machine: Machine,
    /// The C library that it is linked to.
    pub libc: Libc,
}

/// Bytes of a native library that are read; the largest that are published (`RocksDB`, `TensorFlow`) stay below.
const MAX_NATIVE: u64 = 512 << 20;

/// The smallest file that a header and a program header fit in.
const MIN_NATIVE: u64 = 84;

/// Parts of paths by which libraries of other systems are told, whose headers often do not say it.
const OTHER_SYSTEMS: [&str; 9] = ["android", "sunos", "solaris", "freebsd", "openbsd", "netbsd", "dragonfly", "aix", "haiku"];

/// Whether a file starts as one.
pub(super) fn may_be(size: u64, start: impl FnOnce() -> Option<[u8; IDENTIFICATION]>) -> bool {
    size >= MIN_NATIVE && start().is_some_and(|start| elf::identify(&start).is_some_and(|(_, linux)| linux))
}

impl Native {
    /// Reads a file that starts as one; `None` where it is for another system.
    pub(super) fn read(path: &str, entry: &Entry) -> Result<Option<Self>, Error> {
        let lower = path.to_ascii_lowercase();
        if OTHER_SYSTEMS.iter().any(|system| lower.contains(system)) || entry.size() > MAX_NATIVE {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        entry.open().read_to_end(&mut bytes).map_err(|error| entry.read_error(error))?;
        // What does not parse is no library that anybody could load.
        Ok(Elf::parse(&bytes).and_then(|elf| match elf.system() {
            System::Linux(libc) => Some(Self { path: path.to_owned(), machine: elf.machine, libc }),
            System::Android | System::Other => None,
        }))
    }
}
