//! Native code in a JAR, by what its files say and not by their names.

use std::io::Read as _;

use serde::{Deserialize, Serialize};

use super::super::archive::{PACKED_HEAD, head};
use super::super::{Entry, Error};
use super::first_bytes;
use super::parts::Parts;
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

/// A native library or program, by its system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Code {
    /// Linux.
    Linux(Native),
    /// Another one.
    Elsewhere,
}

/// Bytes of a native library that are read; the largest that are published (`RocksDB`, `TensorFlow`) stay below.
const MAX_NATIVE: u64 = 512 << 20;

/// First bytes of a file, with the program headers in them: linkers put those behind the header, and few have more than twenty.
const HEADERS: usize = 4096;

/// The smallest file that a header and a program header fit in.
const MIN_NATIVE: u64 = 84;

/// Parts of paths by which libraries of other systems are told, whose headers often do not say it.
const OTHER_SYSTEMS: [&str; 9] = ["android", "sunos", "solaris", "freebsd", "openbsd", "netbsd", "dragonfly", "aix", "haiku"];

/// `EI_OSABI` of other Unixes: HP-UX, NetBSD, Solaris, AIX, IRIX, FreeBSD, Tru64, Modesto, OpenBSD.
const OTHER_ABIS: [u8; 9] = [1, 2, 6, 7, 8, 9, 10, 11, 12];

/// Starts of Mach-O files: both widths in both byte orders (`mach-o/loader.h`).
const MACH_O: [[u8; 4]; 4] = [[0xfe, 0xed, 0xfa, 0xce], [0xfe, 0xed, 0xfa, 0xcf], [0xce, 0xfa, 0xed, 0xfe], [0xcf, 0xfa, 0xed, 0xfe]];

/// Starts of Mach-O files of several machines (`mach-o/fat.h`), and of Java's classes.
const FAT: [u8; 4] = [0xca, 0xfe, 0xba, 0xbe];

/// In a fat file the number of machines is where a class has its version, and the first version of a class is 45.
const MAX_MACHINES: u32 = 44;

/// How far into a file the header of a Windows program begins at most; most begin at byte 128 or 256.
const MAX_STUB: u64 = 4096;

/// Whether a file starts as one for Linux.
pub(super) fn may_be(size: u64, start: impl FnOnce() -> Option<[u8; IDENTIFICATION]>) -> bool {
    size >= MIN_NATIVE && start().is_some_and(|start| elf::identify(&start).is_some_and(|(_, linux)| linux))
}

impl Native {
    /// Reads a file that starts as one; `None` where it is for another system.
    pub(super) fn read(path: &str, entry: &Entry) -> Result<Option<Self>, Error> {
        Ok(of_elf(path, entry)?.and_then(Code::linux))
    }

    /// The same of bytes that are there.
    pub(super) fn of(path: &str, bytes: &[u8]) -> Option<Self> {
        let may_be = may_be(bytes.len() as u64, || bytes.first_chunk().copied()) && !is_elsewhere(path);
        may_be.then(|| Elf::parse(bytes)).flatten().and_then(|elf| code(path, &elf).linux())
    }
}

impl Code {
    /// What an entry is; `None` for anything that is no native code, or none that can be told.
    pub(in super::super) fn of(entry: &Entry) -> Result<Option<Self>, Error> {
        if entry.is_folder() || entry.size() < MIN_NATIVE {
            return Ok(None);
        }
        let mut start = [0; PACKED_HEAD];
        let Some(start) = head::<IDENTIFICATION>(entry.method(), first_bytes(entry, &mut start)?) else { return Ok(None) };
        let [magic, number, ..] = start.as_chunks::<4>().0 else { return Ok(None) };
        match elf::identify(&start) {
            Some(_) if OTHER_ABIS.contains(&start[7]) => return Ok(Some(Self::Elsewhere)),
            Some((_, true)) => return of_elf(entry.name(), entry),
            // Code without a system.
            Some((_, false)) => return Ok(None),
            None => {}
        }
        let is_fat = *magic == FAT && (1..=MAX_MACHINES).contains(&u32::from_be_bytes(*number));
        let is_elsewhere = MACH_O.contains(magic) || is_fat || (start.starts_with(b"MZ") && is_windows(entry)?);
        Ok(is_elsewhere.then_some(Self::Elsewhere))
    }

    fn linux(self) -> Option<Native> {
        match self {
            Self::Linux(native) => Some(native),
            Self::Elsewhere => None,
        }
    }

    /// Whether it is known to be of no use on a machine: what is loaded into kernels and graphics cards may be of use on any, and
    /// what is for a processor without a name on a machine without one.
    pub(in super::super) fn is_foreign(&self, machine: Option<Machine>) -> bool {
        match self {
            Self::Linux(native) => {
                let may_be_it = machine.is_none() && matches!(native.machine, Machine::Other(_));
                native.machine.is_processor() && Some(native.machine) != machine && !may_be_it
            }
            Self::Elsewhere => true,
        }
    }

    /// Whether it is for Linux on one processor.
    pub(in super::super) fn is_of_one_machine(&self) -> bool {
        matches!(self, Self::Linux(native) if native.machine.is_processor())
    }
}

fn of_elf(path: &str, entry: &Entry) -> Result<Option<Code>, Error> {
    if is_elsewhere(path) {
        return Ok(Some(Code::Elsewhere));
    }
    if entry.size() > MAX_NATIVE {
        return Ok(None);
    }
    let mut parts = Parts::of(entry)?;
    // The program headers are behind the header.
    let start = parts.start()[..parts.start().len().min(HEADERS)].to_vec();
    let mut failed = None;
    let elf = Elf::from_parts(&start, |offset, len| parts.read(offset, len).map_err(|error| failed = Some(error)).ok());
    match failed {
        Some(error) => Err(error),
        // What does not parse is no library that anybody could load.
        None => Ok(elf.map(|elf| code(path, &elf))),
    }
}

/// Whether a path names another system.
fn is_elsewhere(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    OTHER_SYSTEMS.iter().any(|system| lower.contains(system))
}

fn code(path: &str, elf: &Elf) -> Code {
    match elf.system() {
        System::Linux(libc) => Code::Linux(Native { path: path.to_owned(), machine: elf.machine, libc }),
        System::Android | System::Other => Code::Elsewhere,
    }
}

/// Whether a file that starts with `MZ` is a program or library of Windows (PE format, "MS-DOS Stub").
fn is_windows(entry: &Entry) -> Result<bool, Error> {
    let mut start = Vec::new();
    entry.open().take(MAX_STUB).read_to_end(&mut start).map_err(|error| entry.read_error(error))?;
    let at = start.get(0x3c..0x40).and_then(|bytes| bytes.first_chunk()).map(|bytes| u32::from_le_bytes(*bytes));
    let header = at.and_then(|at| usize::try_from(at).ok()).and_then(|at| start.get(at..));
    Ok(header.is_some_and(|header| header.starts_with(b"PE\0\0")))
}
