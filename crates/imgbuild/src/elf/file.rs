//! What the headers of an ELF file say (System V ABI, chapter 4 and 5).

use std::fmt;
use std::str::FromStr;

use object::elf::{self, FileHeader32, FileHeader64};
use object::read::elf::{Dyn as _, FileHeader, ProgramHeader as _};
use object::{Endianness, FileKind, pod};
use serde::{Deserialize, Serialize};

use crate::oci::Platform;

/// What the headers of a program or a library say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elf {
    /// The machine that its code is for.
    pub machine: Machine,
    /// The program that loads it (`PT_INTERP`), such as `/lib64/ld-linux-x86-64.so.2`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interpreter: Option<String>,
    /// The libraries that it needs (`DT_NEEDED`), such as `libc.so.6`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needed: Vec<String>,
}

impl Elf {
    /// Reads the first bytes of a file: nothing where it is no ELF file. What lies behind those bytes counts as not there.
    #[must_use]
    pub fn parse(prefix: &[u8]) -> Option<Self> {
        Self::from_parts(prefix, |offset, len| {
            let rest = prefix.get(usize::try_from(offset).ok()?..)?;
            Some(rest[..len.min(rest.len())].to_vec())
        })
    }

    /// Reads a file that is not in memory: `start` holds its first bytes, `part` gives others, by their offset and how many are
    /// wanted, or those of them that there are. Few are asked for, and with each question later ones, but for the names: those lie
    /// before the section that says where they are.
    pub fn from_parts(start: &[u8], part: impl FnMut(u64, usize) -> Option<Vec<u8>>) -> Option<Self> {
        match FileKind::parse(start).ok()? {
            FileKind::Elf32 => read::<FileHeader32<Endianness>>(start, part),
            FileKind::Elf64 => read::<FileHeader64<Endianness>>(start, part),
            _ => None,
        }
    }

    /// The C library that it is linked with: by its loader, else by what it needs.
    #[must_use]
    pub fn libc(&self) -> Libc {
        let names = || self.interpreter.iter().chain(&self.needed).filter_map(|path| path.rsplit('/').next());
        if names().any(|name| name.starts_with("ld-musl") || name.starts_with("libc.musl")) {
            return Libc::Musl;
        }
        let is_glibc = |name: &str| name == "libc.so.6" || (name.starts_with("ld") && name.contains(".so"));
        if names().any(is_glibc) { Libc::Glibc } else { Libc::None }
    }
}

/// Bytes of the dynamic section that are read; the largest that are published have about a hundred entries of 16 bytes.
const MAX_DYNAMIC: usize = 64 << 10;
/// Bytes of a file's name that are read: no longer one could be opened (`NAME_MAX`, and a folder in front).
const MAX_NAME: usize = 512;

fn read<H: FileHeader<Endian = Endianness>>(start: &[u8], mut part: impl FnMut(u64, usize) -> Option<Vec<u8>>) -> Option<Elf> {
    let header = H::parse(start).ok()?;
    let endian = header.endian().ok()?;
    let machine = Machine::new(header.e_machine(endian).0, header.is_class_64(), endian == Endianness::Little);
    let segments = header.program_headers(endian, start).unwrap_or_default();
    let place = |kind| {
        let segment = segments.iter().find(|segment| segment.p_type(endian) == kind)?;
        let (offset, len): (u64, u64) = (segment.p_offset(endian).into(), segment.p_filesz(endian).into());
        Some((offset, usize::try_from(len).unwrap_or(usize::MAX)))
    };
    let interpreter = place(elf::PT_INTERP).and_then(|(offset, len)| part(offset, len.min(MAX_NAME))).and_then(|bytes| text(&bytes));
    let dynamic = place(elf::PT_DYNAMIC).and_then(|(offset, len)| part(offset, len.min(MAX_DYNAMIC))).unwrap_or_default();
    let whole = dynamic.len() - dynamic.len() % size_of::<H::Dyn>();
    let dynamics: &[H::Dyn] = pod::slice_from_all_bytes(&dynamic[..whole]).unwrap_or_default();
    let value = |tag| dynamics.iter().find(|entry| entry.d_tag(endian) == tag).map(|entry| -> u64 { entry.d_val(endian).into() });
    let strings = value(elf::DT_STRTAB).and_then(|address| {
        segments.iter().filter(|segment| segment.p_type(endian) == elf::PT_LOAD).find_map(|segment| {
            let (start, length): (u64, u64) = (segment.p_vaddr(endian).into(), segment.p_filesz(endian).into());
            let offset = address.checked_sub(start).filter(|offset| *offset < length)?;
            offset.checked_add(segment.p_offset(endian).into())
        })
    });
    let needed = dynamics.iter().filter(|entry| entry.d_tag(endian) == elf::DT_NEEDED);
    let mut needed: Vec<(usize, u64)> = needed.filter_map(|entry| strings?.checked_add(entry.d_val(endian).into())).enumerate().collect();
    needed.sort_by_key(|(_, offset)| *offset);
    let mut named: Vec<(usize, String)> =
        needed.into_iter().filter_map(|(place, offset)| Some((place, text(&part(offset, MAX_NAME)?)?))).collect();
    named.sort_by_key(|(place, _)| *place);
    Some(Elf { machine, interpreter, needed: named.into_iter().map(|(_, name)| name).collect() })
}

/// What stands before the first zero; nothing where there is none.
fn text(bytes: &[u8]) -> Option<String> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some(String::from_utf8_lossy(&bytes[..end]).into_owned())
}

/// The C library that a program needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Libc {
    /// GNU's, as in Debian, Red Hat and Amazon Linux.
    Glibc,
    /// musl, as in Alpine.
    Musl,
    /// None: the program is static.
    None,
}

impl Libc {
    /// Its name; `none` for a static program.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Glibc => "glibc",
            Self::Musl => "musl",
            Self::None => "none",
        }
    }
}

impl fmt::Display for Libc {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Libc {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = [Self::Glibc, Self::Musl, Self::None].into_iter().find(|libc| libc.name() == text);
        known.ok_or_else(|| format!("`{text}` is no C library: write `glibc`, `musl` or `none`"))
    }
}

/// The machine that code is for. Written as the Linux kernel spells it (`uname -m`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Machine {
    /// 32-bit x86.
    I386,
    /// x86-64.
    X86_64,
    /// 32-bit ARM.
    Arm,
    /// 64-bit ARM.
    Aarch64,
    /// 64-bit PowerPC, little endian.
    Ppc64le,
    /// 64-bit IBM Z.
    S390x,
    /// 64-bit RISC-V.
    Riscv64,
    /// 64-bit `LoongArch`.
    Loongarch64,
    /// Any other, by its number in the ELF header (`e_machine`).
    Other(u16),
}

impl Machine {
    /// Those that have a name, with the spelling of the kernel and the architecture of a platform.
    const NAMED: [(Self, &'static str, &'static str); 8] = [
        (Self::I386, "i386", "386"),
        (Self::X86_64, "x86_64", "amd64"),
        (Self::Arm, "arm", "arm"),
        (Self::Aarch64, "aarch64", "arm64"),
        (Self::Ppc64le, "ppc64le", "ppc64le"),
        (Self::S390x, "s390x", "s390x"),
        (Self::Riscv64, "riscv64", "riscv64"),
        (Self::Loongarch64, "loongarch64", "loong64"),
    ];

    pub(super) fn new(number: u16, is_64: bool, is_little: bool) -> Self {
        match (elf::Machine(number), is_64, is_little) {
            (elf::EM_386, false, true) => Self::I386,
            (elf::EM_X86_64, true, true) => Self::X86_64,
            (elf::EM_ARM, false, true) => Self::Arm,
            (elf::EM_AARCH64, true, true) => Self::Aarch64,
            (elf::EM_PPC64, true, true) => Self::Ppc64le,
            (elf::EM_S390, true, false) => Self::S390x,
            (elf::EM_RISCV, true, true) => Self::Riscv64,
            (elf::EM_LOONGARCH, true, true) => Self::Loongarch64,
            _ => Self::Other(number),
        }
    }

    /// Numbers of processors without a name here: Sparc, MIPS, PA-RISC, PowerPC, System z of 31 bits, Alpha, Hitachi SH, Itanium, and
    /// the other byte orders and widths of those that have one.
    const PROCESSORS: [u16; 17] = [2, 3, 8, 10, 15, 18, 20, 21, 22, 40, 41, 42, 43, 50, 62, 183, 243];

    /// Whether a processor runs it, not a graphics card or the kernel.
    #[must_use]
    pub fn is_processor(self) -> bool {
        match self {
            Self::Other(number) => Self::PROCESSORS.contains(&number),
            _ => true,
        }
    }

    /// Whether images for `platform` run its programs.
    #[must_use]
    pub fn is_of(self, platform: &Platform) -> bool {
        Self::of(platform) == Some(self)
    }

    /// The machine of a platform; nothing where none of ours is known to be it.
    #[must_use]
    pub fn of(platform: &Platform) -> Option<Self> {
        let architecture = platform.normalize();
        Self::NAMED.into_iter().find(|(_, _, name)| *name == architecture.architecture()).map(|(machine, ..)| machine)
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, Self::NAMED.iter().find(|(machine, ..)| machine == self)) {
            (Self::Other(number), _) => formatter.pad(&format!("machine-{number}")),
            (_, named) => formatter.pad(named.map_or("", |(_, name, _)| name)),
        }
    }
}

impl FromStr for Machine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let named = Self::NAMED.into_iter().find(|(_, name, _)| *name == text).map(|(machine, ..)| machine);
        let numbered = || text.strip_prefix("machine-")?.parse().ok().map(Self::Other);
        named.or_else(numbered).ok_or_else(|| format!("`{text}` is no machine"))
    }
}

impl TryFrom<String> for Machine {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Machine> for String {
    fn from(machine: Machine) -> Self {
        machine.to_string()
    }
}

#[cfg(test)]
mod tests {
    use imgbuild_testkit::elf as fixture;

    use super::*;

    #[test]
    fn machine_loader_and_needs_are_read() {
        for (machine, name) in [(fixture::Machine::Amd64, Machine::X86_64), (fixture::Machine::Arm64, Machine::Aarch64)] {
            let found = Elf::parse(&fixture::SharedObject::new(machine).needed("libm.so.6").needed("libc.so.6").build()).unwrap();
            assert_eq!((found.machine, found.needed.as_slice()), (name, &["libm.so.6".to_owned(), "libc.so.6".to_owned()][..]));
            assert_eq!((found.interpreter.as_ref(), found.libc()), (None, Libc::Glibc));
        }
    }

    #[test]
    fn the_c_library_is_told_by_loader_and_needs() {
        let libc = |interpreter: Option<&str>, needed: &[&str]| {
            let needed = needed.iter().map(|&name| name.to_owned()).collect();
            Elf { machine: Machine::X86_64, interpreter: interpreter.map(str::to_owned), needed }.libc()
        };
        assert_eq!(libc(Some("/lib64/ld-linux-x86-64.so.2"), &[]), Libc::Glibc);
        assert_eq!(libc(Some("/lib/ld64.so.1"), &[]), Libc::Glibc);
        assert_eq!(libc(Some("/lib/ld-musl-aarch64.so.1"), &["libc.musl-aarch64.so.1"]), Libc::Musl);
        assert_eq!(libc(None, &["libz.so.1", "libc.so.6"]), Libc::Glibc);
        assert_eq!(libc(None, &[]), Libc::None);
    }

    #[test]
    fn a_cut_file_gives_what_is_there_and_other_files_give_nothing() {
        let whole = fixture::SharedObject::new(fixture::Machine::Arm64).needed("libc.so.6").build();
        for length in 0..whole.len() {
            let found = Elf::parse(&whole[..length]);
            assert!(found.is_none_or(|found| found.machine == Machine::Aarch64), "{length}");
        }
        assert_eq!(Elf::parse(b"#!/bin/sh\nexec java\n"), None);
    }

    #[test]
    fn parts_tell_what_the_whole_tells_and_are_few_and_short() {
        let whole = fixture::SharedObject::jni_musl(fixture::Machine::Amd64).needed("libm.so.6").build();
        let mut asked = 0;
        let found = Elf::from_parts(&whole[..whole.len().min(4096)], |offset, len| {
            asked += 1;
            assert!(len <= MAX_DYNAMIC, "{len}");
            let rest = whole.get(usize::try_from(offset).ok()?..)?;
            Some(rest[..len.min(rest.len())].to_vec())
        });
        assert_eq!(found, Elf::parse(&whole));
        assert_eq!(asked, 1 + found.unwrap().needed.len());
    }

    #[test]
    fn names_read_back() {
        for machine in Machine::NAMED.iter().map(|(machine, ..)| *machine).chain([Machine::Other(8)]) {
            assert_eq!(machine.to_string().parse(), Ok(machine));
        }
        assert_eq!(Machine::of(&Platform::LINUX_ARM64), Some(Machine::Aarch64));
        assert_eq!(Machine::of(&"linux/mips64le".parse().unwrap()), None);
        for (number, is_processor) in [(20, true), (21, true), (8, true), (62, true), (190, false), (247, false)] {
            assert_eq!(Machine::Other(number).is_processor(), is_processor, "{number}");
        }
    }
}
