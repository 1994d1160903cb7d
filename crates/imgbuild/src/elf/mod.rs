//! ELF files: for which machine, system and C library they are.
//!
//! [`identify`] looks at the first bytes alone, [`Elf::parse`] at the headers, [`Elf::from_parts`] at those of a file that is not in
//! memory. The room refuses to know where a file lies, and reads nothing but the bytes that it is given.

mod file;
mod system;

pub use file::{Elf, Libc, Machine};
pub use system::System;

/// How many first bytes [`identify`] reads.
pub const IDENTIFICATION: usize = 20;

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
    Some((Machine::new(number, wide, little), OF_LINUX.contains(&start[7])))
}
