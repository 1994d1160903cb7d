//! What one machine needs of each library.

use super::library::Looked;
use crate::elf::Machine;

/// What is needed of a library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// All of it, byte for byte.
    Whole,
    /// Everything but these files, by position.
    Without(Vec<usize>),
    /// Nothing: what would be left only describes the library, or lies in another one.
    Nothing,
}

/// What `machine` needs of each library.
pub(super) fn needs(libraries: &[Looked], machine: Option<Machine>) -> Vec<Need> {
    let foreign: Vec<Vec<usize>> = libraries.iter().map(|library| foreign(library, machine)).collect();
    let need = |(library, files): (&Looked, &Vec<usize>)| {
        if files.is_empty() {
            return Need::Whole;
        }
        let has_code_left = files.len() < library.code().len();
        let siblings = || libraries.iter().zip(&foreign).filter(|(other, files)| files.is_empty() && other.is_sibling(library));
        let is_elsewhere = || library.meaningful().all(|(_, file)| siblings().any(|(sibling, _)| sibling.has(file)));
        match library.meaningful().next() {
            None if !has_code_left => Need::Nothing,
            _ if library.is_signed() => Need::Whole,
            Some(_) if !has_code_left && library.is_classified() && is_elsewhere() => Need::Nothing,
            _ => Need::Without(files.clone()),
        }
    };
    libraries.iter().zip(&foreign).map(need).collect()
}

/// The native code that is of no use on a machine.
fn foreign(library: &Looked, machine: Option<Machine>) -> Vec<usize> {
    library.code().iter().filter(|(_, code)| code.is_foreign(machine)).map(|(number, _)| *number).collect()
}
