//! The parts that a dynamic loader reads: string table, symbols, `DT_HASH` and the dynamic section itself.

use super::machine::Machine;

const DT_NEEDED: u64 = 1;
const DT_HASH: u64 = 4;
const DT_STRTAB: u64 = 5;
const DT_SYMTAB: u64 = 6;
const DT_STRSZ: u64 = 10;
const DT_SYMENT: u64 = 11;
const DT_SONAME: u64 = 14;

/// What the dynamic section names.
#[derive(Clone, Debug, Default)]
pub(super) struct Dynamic {
    pub(super) needed: Vec<String>,
    pub(super) soname: Option<String>,
    pub(super) exports: Vec<String>,
}

/// The tables as bytes, and where in them the dynamic section begins.
pub(super) struct Tables {
    pub(super) bytes: Vec<u8>,
    pub(super) section: usize,
}

impl Dynamic {
    /// The tables for a place in memory: `address` is that of their first byte, `code` that of every exported
    /// function. The address must be a multiple of 8.
    pub(super) fn tables(&self, machine: Machine, address: u64, code: u64) -> Tables {
        let mut strings = vec![0];
        let mut intern = |name: &str| {
            let at = strings.len() as u64;
            strings.extend(name.as_bytes());
            strings.push(0);
            at
        };
        let needed: Vec<u64> = self.needed.iter().map(|name| intern(name)).collect();
        let soname = self.soname.as_deref().map(&mut intern);
        let exports: Vec<u64> = self.exports.iter().map(|name| intern(name)).collect();

        let mut bytes = vec![0; symbol_size(machine)];
        for name in &exports {
            put_symbol(machine, &mut bytes, *name, code);
        }
        let hash = bytes.len() as u64;
        put_hash(machine, &mut bytes, exports.len() as u64);
        let string_table = bytes.len() as u64;
        bytes.extend(&strings);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        let section = bytes.len();

        let entries = needed.into_iter().map(|name| (DT_NEEDED, name)).chain(soname.map(|name| (DT_SONAME, name))).chain([
            (DT_HASH, address + hash),
            (DT_STRTAB, address + string_table),
            (DT_SYMTAB, address),
            (DT_STRSZ, strings.len() as u64),
            (DT_SYMENT, symbol_size(machine) as u64),
            (0, 0),
        ]);
        for (tag, value) in entries {
            machine.put(&mut bytes, tag, machine.word());
            machine.put(&mut bytes, value, machine.word());
        }
        Tables { bytes, section }
    }
}

fn symbol_size(machine: Machine) -> usize {
    if machine.word() == 8 { 24 } else { 16 }
}

/// A global function of size 0. The fields' order differs between the classes (gABI, "Symbol Table").
fn put_symbol(machine: Machine, out: &mut Vec<u8>, name: u64, code: u64) {
    const GLOBAL_FUNCTION: u64 = 0x12;
    const ANY_SECTION: u64 = 1;
    machine.put(out, name, 4);
    if machine.word() == 8 {
        machine.put(out, GLOBAL_FUNCTION, 1);
        machine.put(out, 0, 1);
        machine.put(out, ANY_SECTION, 2);
        machine.put(out, code, 8);
        machine.put(out, 0, 8);
    } else {
        machine.put(out, code, 4);
        machine.put(out, 0, 4);
        machine.put(out, GLOBAL_FUNCTION, 1);
        machine.put(out, 0, 1);
        machine.put(out, ANY_SECTION, 2);
    }
}

/// One bucket whose chain holds every symbol, so that no name has to be hashed.
fn put_hash(machine: Machine, out: &mut Vec<u8>, exports: u64) {
    let mut put = |value| machine.put(out, value, machine.hash_word());
    put(1);
    put(exports + 1);
    put(u64::from(exports > 0));
    put(0);
    for symbol in 1..=exports {
        put(if symbol == exports { 0 } else { symbol + 1 });
    }
}
