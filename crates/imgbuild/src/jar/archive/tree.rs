//! One path, one entry: the names of an archive as a tree of files.

use std::io::Read;

use super::super::Error;
use super::Entry;
use super::flaw::Flaw;

/// Drops byte-identical twins, refuses two different entries for one path and files used as folders.
///
/// Returns the entries in their order and their indices by name.
pub(super) fn check(mut entries: Vec<Entry>) -> Result<(Vec<Entry>, Vec<u32>), Error> {
    let mut by_name = indices(&entries);
    // Stable, so that the first of some twins stays.
    by_name.sort_by(|&a, &b| name(&entries, a).cmp(name(&entries, b)));
    let mut twins = Vec::new();
    for pair in by_name.windows(2) {
        if name(&entries, pair[0]) == name(&entries, pair[1]) {
            let [first, second] = [&entries[pair[0] as usize], &entries[pair[1] as usize]];
            if !same(first, second)? {
                return Err(second.error(Flaw::hostile("two different entries have this name")));
            }
            twins.push(pair[1]);
        }
    }
    if !twins.is_empty() {
        twins.sort_unstable();
        let mut index = 0;
        entries.retain(|_| {
            index += 1;
            twins.binary_search(&(index - 1)).is_err()
        });
        by_name = indices(&entries);
        by_name.sort_by(|&a, &b| name(&entries, a).cmp(name(&entries, b)));
    }
    for entry in &entries {
        no_file_above(entry, &entries, &by_name)?;
    }
    Ok((entries, by_name))
}

fn no_file_above(entry: &Entry, entries: &[Entry], by_name: &[u32]) -> Result<(), Error> {
    for (at, _) in entry.name().match_indices('/') {
        let above = &entry.name()[..at];
        if by_name.binary_search_by(|&index| name(entries, index).cmp(above)).is_ok() {
            return Err(entry.error(Flaw::hostile(format!("`{above}` is a file and a folder"))));
        }
    }
    Ok(())
}

pub(in super::super) fn same(first: &Entry, second: &Entry) -> Result<bool, Error> {
    if first.size() != second.size() || first.crc32() != second.crc32() {
        return Ok(false);
    }
    let mut one = first.open();
    let mut other = second.open();
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        left.clear();
        right.clear();
        one.by_ref().take(8192).read_to_end(&mut left).map_err(|error| first.read_error(error))?;
        other.by_ref().take(8192).read_to_end(&mut right).map_err(|error| second.read_error(error))?;
        if left != right {
            return Ok(false);
        }
        if left.is_empty() {
            return Ok(true);
        }
    }
}

fn name(entries: &[Entry], index: u32) -> &str {
    entries[index as usize].name()
}

/// `MAX_ENTRIES` is far below `u32::MAX`.
fn indices(entries: &[Entry]) -> Vec<u32> {
    (0..).take(entries.len()).collect()
}
