//! Puts an ELF file together: header, program headers, interpreter, dynamic tables, code. One loadable segment maps
//! the whole file.

use super::{Machine, dynamic::Dynamic};

const ET_EXEC: u64 = 2;
const ET_DYN: u64 = 3;
const PT_LOAD: u64 = 1;
const PT_DYNAMIC: u64 = 2;
const PT_INTERP: u64 = 3;
const PT_PHDR: u64 = 6;
const PT_GNU_STACK: u64 = 0x6474_e551;
const EXECUTE: u64 = 1;
const WRITE: u64 = 2;
const READ: u64 = 4;
/// Large enough for every machine here; arm64 kernels may have pages of 64 KiB.
const PAGE: u64 = 0x1_0000;
const EXECUTABLE_BASE: u64 = 0x40_0000;

/// A shared object or position-independent program whose headers say what a guard reads: machine, loader, libraries.
/// Its code is that of [`SharedObject::code`], empty unless given.
#[derive(Clone, Debug)]
pub struct SharedObject {
    machine: Machine,
    fixed: bool,
    interpreter: Option<String>,
    dynamic: Dynamic,
    code: Vec<u8>,
}

impl SharedObject {
    /// A shared object that needs nothing and exports nothing.
    #[must_use]
    pub fn new(machine: Machine) -> Self {
        Self { machine, fixed: false, interpreter: None, dynamic: Dynamic::default(), code: Vec::new() }
    }

    /// A library as JNI loads it, linked against glibc: `JNI_OnLoad` and the symbol of one native method.
    #[must_use]
    pub fn jni(machine: Machine) -> Self {
        Self::new(machine).export("JNI_OnLoad").export("Java_com_example_Native_answer").needed("libc.so.6")
    }

    /// [`Self::jni`] linked against musl, as Alpine's libraries are.
    #[must_use]
    pub fn jni_musl(machine: Machine) -> Self {
        let libc = format!("libc.musl-{}.so.1", machine.musl_name());
        Self::new(machine).export("JNI_OnLoad").export("Java_com_example_Native_answer").needed(&libc)
    }

    /// Adds a `DT_NEEDED` library, such as `libc.so.6` or `libc.musl-x86_64.so.1`.
    #[must_use]
    pub fn needed(mut self, library: &str) -> Self {
        self.dynamic.needed.push(library.into());
        self
    }

    /// Sets `PT_INTERP`, the program loader's absolute path.
    #[must_use]
    pub fn interpreter(mut self, path: &str) -> Self {
        self.interpreter = Some(path.into());
        self
    }

    /// Sets `DT_SONAME`.
    #[must_use]
    pub fn soname(mut self, name: &str) -> Self {
        self.dynamic.soname = Some(name.into());
        self
    }

    /// Adds an exported function, which lies at the code's first byte.
    #[must_use]
    pub fn export(mut self, symbol: &str) -> Self {
        self.dynamic.exports.push(symbol.into());
        self
    }

    /// Sets the machine code; the file's entry point is its first byte.
    #[must_use]
    pub fn code(mut self, code: Vec<u8>) -> Self {
        self.code = code;
        self
    }

    /// Makes the file an executable at a fixed address (`ET_EXEC`).
    #[must_use]
    pub fn fixed(mut self) -> Self {
        self.fixed = true;
        self
    }

    /// The file's bytes.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let machine = self.machine;
        let (header_size, segment_size) = if machine.word() == 8 { (64, 56) } else { (52, 32) };
        let base = if self.fixed { EXECUTABLE_BASE } else { 0 };
        let segments = if self.interpreter.is_some() { 5 } else { 3 };

        let mut interpreter = self.interpreter.clone().unwrap_or_default().into_bytes();
        interpreter.push(0);
        let interpreter_at = header_size + segments * segment_size;
        let code_at = (interpreter_at + interpreter.len()).next_multiple_of(16);
        let tables_at = (code_at + self.code.len()).next_multiple_of(16);
        let tables = self.dynamic.tables(machine, base + tables_at as u64, base + code_at as u64);
        let size = tables_at + tables.bytes.len();

        let mut file = self.header(base + code_at as u64, header_size, segment_size, segments);
        let mut put_segment = |kind, flags, at: usize, length: usize, align| {
            put_segment(machine, &mut file, &Segment { kind, flags, at: at as u64, base, length: length as u64, align });
        };
        if self.interpreter.is_some() {
            // From this one glibc's loader learns where a position-independent program lies.
            put_segment(PT_PHDR, READ, header_size, segments * segment_size, 8);
            put_segment(PT_INTERP, READ, interpreter_at, interpreter.len(), 1);
        }
        // glibc's loader writes into the dynamic section of what it loads.
        put_segment(PT_LOAD, READ | WRITE | EXECUTE, 0, size, PAGE);
        put_segment(PT_DYNAMIC, READ | WRITE, tables_at + tables.section, tables.bytes.len() - tables.section, 8);
        put_segment(PT_GNU_STACK, READ | WRITE, 0, 0, 16);
        file.extend(interpreter);
        file.resize(code_at, 0);
        file.extend(&self.code);
        file.resize(tables_at, 0);
        file.extend(tables.bytes);
        file
    }

    fn header(&self, entry: u64, size: usize, segment_size: usize, segments: usize) -> Vec<u8> {
        let machine = self.machine;
        let class = if machine.word() == 8 { 2 } else { 1 };
        let order = if machine == Machine::S390x { 2 } else { 1 };
        let mut header = vec![0x7f, b'E', b'L', b'F', class, order, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let mut put = |value, width| machine.put(&mut header, value, width);
        put(if self.fixed { ET_EXEC } else { ET_DYN }, 2);
        put(machine.number().into(), 2);
        put(1, 4);
        put(if self.code.is_empty() { 0 } else { entry }, machine.word());
        put(size as u64, machine.word());
        put(0, machine.word());
        put(machine.flags(), 4);
        put(size as u64, 2);
        put(segment_size as u64, 2);
        put(segments as u64, 2);
        // No section headers: entry size, count and index of names are 0.
        put(0, 6);
        header
    }
}

struct Segment {
    kind: u64,
    flags: u64,
    at: u64,
    base: u64,
    length: u64,
    align: u64,
}

/// A program header; where its flags stand differs between the classes (gABI, "Program Header").
fn put_segment(machine: Machine, out: &mut Vec<u8>, segment: &Segment) {
    let word = machine.word();
    machine.put(out, segment.kind, 4);
    if word == 8 {
        machine.put(out, segment.flags, 4);
    }
    machine.put(out, segment.at, word);
    machine.put(out, segment.base + segment.at, word);
    machine.put(out, segment.base + segment.at, word);
    machine.put(out, segment.length, word);
    machine.put(out, segment.length, word);
    if word == 4 {
        machine.put(out, segment.flags, 4);
    }
    machine.put(out, segment.align, word);
}
