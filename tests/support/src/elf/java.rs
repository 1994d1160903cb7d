//! Programs that answer `java -version`: hand-assembled code that writes one text to standard error and exits with 0,
//! whatever its arguments are.

use super::{Machine, SharedObject};

/// A machine that there is code for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunnableMachine {
    /// x86-64, runs natively on build machines.
    Amd64,
    /// 64-bit Arm, runs under `qemu-aarch64-static`.
    Arm64,
}

impl RunnableMachine {
    /// The machine that the ELF header names.
    #[must_use]
    pub fn machine(self) -> Machine {
        match self {
            Self::Amd64 => Machine::Amd64,
            Self::Arm64 => Machine::Arm64,
        }
    }
}

/// A program that says `openjdk version "<version>"`, for example with `17.0.12-fixture`.
///
/// It runs without a loader, in an empty root too, but names glibc as `DT_NEEDED`, so that a reader of its headers
/// sees what a real JDK's `java` says.
#[must_use]
pub fn java(machine: RunnableMachine, version: &str) -> Vec<u8> {
    java_with(machine, version, SharedObject::new(machine.machine()).fixed().needed("libc.so.6"))
}

/// [`java`] with headers of the caller's choice: another loader or libc. With `PT_INTERP` it runs only where that
/// loader is.
#[must_use]
pub fn java_with(machine: RunnableMachine, version: &str, headers: SharedObject) -> Vec<u8> {
    let text = format!("openjdk version \"{version}\"\nOpenJDK Runtime Environment (imgbuild fixture)\n");
    let code = match machine {
        RunnableMachine::Amd64 => amd64(&text),
        RunnableMachine::Arm64 => arm64(&text),
    };
    headers.code(code).build()
}

/// `write(2, text, length)` and `exit(0)` by `syscall`, the text right behind the code.
fn amd64(text: &str) -> Vec<u8> {
    let length = &(text.len() as u64).to_le_bytes()[..4];
    let tail = [
        &[0xba][..],
        length,               // mov edx, length
        &[0x0f, 0x05],        // syscall
        &[0xb8, 60, 0, 0, 0], // mov eax, 60 (exit)
        &[0x31, 0xff],        // xor edi, edi
        &[0x0f, 0x05],        // syscall
    ]
    .concat();
    let distance = &(tail.len() as u64).to_le_bytes()[..4];
    [
        &[0xb8, 1, 0, 0, 0][..], // mov eax, 1 (write)
        &[0xbf, 2, 0, 0, 0],     // mov edi, 2
        &[0x48, 0x8d, 0x35],
        distance, // lea rsi, [rip + distance]
        &tail,
        text.as_bytes(),
    ]
    .concat()
}

/// The same by `svc #0`; `movz` takes lengths up to 65,535.
fn arm64(text: &str) -> Vec<u8> {
    let length = text.len().min(0xffff) as u64;
    let instructions = [
        0xd280_0040,               // mov x0, #2
        0x1000_00e1,               // adr x1, 28 bytes ahead: the text
        0xd280_0002 | length << 5, // mov x2, #length
        0xd280_0808,               // mov x8, #64 (write)
        0xd400_0001,               // svc #0
        0xd280_0000,               // mov x0, #0
        0xd280_0ba8,               // mov x8, #93 (exit)
        0xd400_0001,               // svc #0
    ];
    let mut code: Vec<u8> = instructions.iter().flat_map(|word: &u64| word.to_le_bytes()[..4].to_vec()).collect();
    code.extend(text.as_bytes());
    code
}
