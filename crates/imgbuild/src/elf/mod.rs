//! ELF files: for which machine, system and libc they are.
//!
//! [`identify`] looks at the first bytes alone, [`Binary::parse`] at the whole file. The room refuses to know where a
//! file lies, and reads nothing but the bytes that it is given.

mod linked;
mod machine;
#[cfg(test)]
mod tests;

use std::fmt;

use object::elf::{FileHeader32, FileHeader64};
use object::{Endianness, FileKind};
use serde::{Deserialize, Serialize};

pub use self::machine::Machine;

/// How many first bytes [`identify`] reads.
pub const IDENTIFICATION: usize = 20;

/// The C library that a program or library is linked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Libc {
    /// GNU's, as in Debian, Ubuntu, Fedora and Amazon Linux.
    Glibc,
    /// musl, as in Alpine.
    Musl,
}

/// The system that a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux, with the C library that it is linked to; `None` where it is linked to none.
    Linux(Option<Libc>),
    /// Android, whose C library is neither of the two.
    Android,
    /// Another Unix.
    Other,
}

/// What an ELF file says about where it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Binary {
    /// The machine.
    pub machine: Machine,
    /// The system.
    pub system: System,
}

impl Binary {
    /// Reads a whole ELF file; `None` where the bytes are none, or its tables lead out of it.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (machine, named) = identify(bytes)?;
        let system = match FileKind::parse(bytes).ok()? {
            FileKind::Elf32 => linked::system::<FileHeader32<Endianness>>(bytes)?,
            FileKind::Elf64 => linked::system::<FileHeader64<Endianness>>(bytes)?,
            _ => return None,
        };
        Some(Self { machine, system: if named { system } else { System::Other } })
    }
}

/// The machine by the first [`IDENTIFICATION`] bytes, and whether the header admits Linux; `None` where they start no
/// ELF file.
#[must_use]
pub fn identify(start: &[u8]) -> Option<(Machine, bool)> {
    /// `ELFOSABI_NONE` and `ELFOSABI_GNU`: other numbers are other systems'.
    const OF_LINUX: [u8; 2] = [0, 3];
    let start = start.first_chunk::<IDENTIFICATION>().filter(|start| start.starts_with(b"\x7fELF"))?;
    let (wide, little) = (start[4] == 2, start[5] == 1);
    let number = [start[18], start[19]];
    let number = if little { u16::from_le_bytes(number) } else { u16::from_be_bytes(number) };
    Some((Machine { number, wide, little }, OF_LINUX.contains(&start[7])))
}

impl fmt::Display for Libc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
        })
    }
}
