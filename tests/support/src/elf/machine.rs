//! The machines that ELF files are made for, with what their headers say.

/// An ELF machine, named as Go and the OCI platform name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Machine {
    /// Intel 80386, 32 bits.
    I386,
    /// x86-64.
    Amd64,
    /// 32-bit Arm, EABI version 5 with hard float.
    Arm,
    /// 64-bit Arm.
    Arm64,
    /// RISC-V, 64 bits.
    Riscv64,
    /// IBM Z, 64 bits, big-endian.
    S390x,
    /// PowerPC 64, little-endian, ABI version 2.
    Ppc64le,
}

impl Machine {
    /// Every machine there is a maker for.
    pub const ALL: [Self; 7] = [Self::I386, Self::Amd64, Self::Arm, Self::Arm64, Self::Riscv64, Self::S390x, Self::Ppc64le];

    /// The OCI platform's `architecture`.
    #[must_use]
    pub fn architecture(self) -> &'static str {
        match self {
            Self::I386 => "386",
            Self::Amd64 => "amd64",
            Self::Arm => "arm",
            Self::Arm64 => "arm64",
            Self::Riscv64 => "riscv64",
            Self::S390x => "s390x",
            Self::Ppc64le => "ppc64le",
        }
    }

    /// The machine's name in Debian's library folders and in the names of native libraries.
    #[must_use]
    pub fn triplet(self) -> &'static str {
        match self {
            Self::I386 => "i386-linux-gnu",
            Self::Amd64 => "x86_64-linux-gnu",
            Self::Arm => "arm-linux-gnueabihf",
            Self::Arm64 => "aarch64-linux-gnu",
            Self::Riscv64 => "riscv64-linux-gnu",
            Self::S390x => "s390x-linux-gnu",
            Self::Ppc64le => "powerpc64le-linux-gnu",
        }
    }

    /// Where glibc's program loader lies (each port's ABI document).
    #[must_use]
    pub fn glibc_loader(self) -> &'static str {
        match self {
            Self::I386 => "/lib/ld-linux.so.2",
            Self::Amd64 => "/lib64/ld-linux-x86-64.so.2",
            Self::Arm => "/lib/ld-linux-armhf.so.3",
            Self::Arm64 => "/lib/ld-linux-aarch64.so.1",
            Self::Riscv64 => "/lib/ld-linux-riscv64-lp64d.so.1",
            Self::S390x => "/lib/ld64.so.1",
            Self::Ppc64le => "/lib64/ld64.so.2",
        }
    }

    /// The architecture in musl's `libc.musl-<name>.so.1` and `ld-musl-<name>.so.1`.
    #[must_use]
    pub fn musl_name(self) -> &'static str {
        match self {
            Self::I386 => "i386",
            Self::Amd64 => "x86_64",
            Self::Arm => "armhf",
            Self::Arm64 => "aarch64",
            Self::Riscv64 => "riscv64",
            Self::S390x => "s390x",
            Self::Ppc64le => "powerpc64le",
        }
    }

    /// `e_machine` (gABI, "ELF Header").
    #[must_use]
    pub fn number(self) -> u16 {
        match self {
            Self::I386 => 3,
            Self::Ppc64le => 21,
            Self::S390x => 22,
            Self::Arm => 40,
            Self::Amd64 => 62,
            Self::Arm64 => 183,
            Self::Riscv64 => 243,
        }
    }

    /// `e_flags`: Arm's EABI 5 with hard float, RISC-V's compressed double float, PowerPC's ABI 2.
    pub(super) fn flags(self) -> u64 {
        match self {
            Self::Arm => 0x0500_0400,
            Self::Riscv64 => 5,
            Self::Ppc64le => 2,
            _ => 0,
        }
    }

    /// Bytes of an address: 4 or 8.
    pub(super) fn word(self) -> usize {
        if matches!(self, Self::I386 | Self::Arm) { 4 } else { 8 }
    }

    /// Bytes of an entry of `DT_HASH`: the s390x ABI alone has 8.
    pub(super) fn hash_word(self) -> usize {
        if self == Self::S390x { 8 } else { 4 }
    }

    /// Appends the low `width` bytes of `value` in the machine's byte order.
    pub(super) fn put(self, out: &mut Vec<u8>, value: u64, width: usize) {
        if self == Self::S390x {
            out.extend(&value.to_be_bytes()[8 - width..]);
        } else {
            out.extend(&value.to_le_bytes()[..width]);
        }
    }
}
