//! Two JARs of other bytes, and the first file in which they differ.

use std::collections::BTreeMap;

use super::bytes::differing;
use super::finding::{Presence, Within};
use crate::contents::Spooled;
use crate::jar::{Archive, Entry};

/// Looks for the first file that differs, by its path. `None` where one of them is no JAR that can be read.
pub(super) fn first(path: &str, found: &Spooled, rebuilt: &Spooled) -> Option<Within> {
    let open = |spooled: &Spooled| Archive::open(path, spooled.bytes().clone()).ok();
    let (found, rebuilt) = (open(found)?, open(rebuilt)?);
    let (left, right) = (files(&found), files(&rebuilt));
    let mut names: Vec<&str> = left.keys().chain(right.keys()).copied().collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let (one, other) = (left.get(name), right.get(name));
        let at = |presence, bytes| Some(Within { path: Some(name.to_owned()), presence, bytes, only_times: false });
        match (one, other) {
            (Some(one), Some(other)) => {
                if let Some(bytes) = differing(&mut one.open(), &mut other.open()).ok()? {
                    return at(Presence::Both, Some(bytes));
                }
            }
            (Some(_), None) => return at(Presence::OnlyFound, None),
            (None, _) => return at(Presence::OnlyRebuilt, None),
        }
    }
    Some(Within { path: None, presence: Presence::Both, bytes: None, only_times: only_times(&found, &rebuilt) })
}

fn files(archive: &Archive) -> BTreeMap<&str, &Entry> {
    archive.entries().iter().filter(|entry| !entry.is_folder()).map(|entry| (entry.name(), entry)).collect()
}

/// Whether order, methods and packed sizes are the same and times are not.
fn only_times(found: &Archive, rebuilt: &Archive) -> bool {
    let packing = |archive: &Archive| -> Vec<_> {
        archive.entries().iter().map(|entry| (entry.name().to_owned(), entry.method(), entry.packed().len())).collect()
    };
    let times = |archive: &Archive| archive.entries().iter().map(Entry::modified).collect::<Vec<_>>();
    packing(found) == packing(rebuilt) && times(found) != times(rebuilt)
}
