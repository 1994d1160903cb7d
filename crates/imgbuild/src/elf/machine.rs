//! The machine that an ELF file is for, in the terms of its header and of platforms.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::oci::Platform;

/// The machine of an ELF file: `e_machine`, word size and byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Machine {
    /// `e_machine` of the header.
    pub number: u16,
    /// Whether words have 64 bits.
    pub wide: bool,
    /// Whether the least significant byte comes first.
    pub little: bool,
}

/// Number (System V ABI and its supplements), 64 bits, little-endian, the name that `uname -m` and people use, and Go's.
const KNOWN: &[(u16, bool, bool, &str, &str)] = &[
    (62, true, true, "x86-64", "amd64"),
    (183, true, true, "aarch64", "arm64"),
    (3, false, true, "i386", "386"),
    (40, false, true, "arm", "arm"),
    (243, true, true, "riscv64", "riscv64"),
    (22, true, false, "s390x", "s390x"),
    (21, true, true, "ppc64le", "ppc64le"),
    (21, true, false, "ppc64", "ppc64"),
    (258, true, true, "loongarch64", "loong64"),
    (8, true, true, "mips64el", "mips64le"),
    (8, true, false, "mips64", "mips64"),
    (8, false, true, "mipsel", "mipsle"),
    (8, false, false, "mips", "mips"),
];

impl Machine {
    /// The architecture in Go's spelling, as platforms name it; `None` for machines that no platform names.
    #[must_use]
    pub fn architecture(self) -> Option<&'static str> {
        self.known().map(|(_, _, _, _, architecture)| *architecture)
    }

    /// Whether images for `platform` run its programs.
    #[must_use]
    pub fn is_of(self, platform: &Platform) -> bool {
        self.architecture() == Some(platform.normalize().architecture())
    }

    fn known(self) -> Option<&'static (u16, bool, bool, &'static str, &'static str)> {
        KNOWN.iter().find(|(number, wide, little, ..)| (*number, *wide, *little) == (self.number, self.wide, self.little))
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some((_, _, _, name, _)) => formatter.pad(name),
            None => write!(formatter, "ELF machine {}", self.number),
        }
    }
}
