//! JARs that hold the same and are not the same bytes.

use super::Change;
use crate::contents::JarContents;

/// What of the times and the packing differs, counted over all JARs.
#[derive(Debug, Default)]
pub(super) struct Repacked {
    pub(super) times: usize,
    pub(super) packed: Vec<String>,
}

impl Repacked {
    /// Takes two JARs of other bytes. Says whether they hold the same; only then it was counted.
    pub(super) fn take(&mut self, path: &str, left: &JarContents, right: &JarContents) -> bool {
        if left.files.keys().ne(right.files.keys()) || !left.files.iter().zip(&right.files).all(|((_, one), (_, other))| same(one, other)) {
            return false;
        }
        // Times of nested libraries are times of this JAR as well.
        let nested = left.files.iter().zip(&right.files).any(|((_, one), (_, other))| one.digest != other.digest);
        if left.packing == right.packing && (nested || left.times != right.times) {
            self.times += 1;
        } else {
            self.packed.push(path.to_owned());
        }
        true
    }

    pub(super) fn changes(self) -> impl Iterator<Item = Change> {
        self.packed.into_iter().map(|path| Change::Packing { path })
    }
}

/// Whether two files of JARs hold the same; a nested JAR does when everything in it does.
fn same(left: &crate::contents::JarFile, right: &crate::contents::JarFile) -> bool {
    if left.digest == right.digest {
        return true;
    }
    match (&left.jar, &right.jar) {
        (Some(one), Some(other)) => {
            one.packing == other.packing
                && one.files.keys().eq(other.files.keys())
                && one.files.iter().zip(&other.files).all(|((_, one), (_, other))| same(one, other))
        }
        _ => false,
    }
}
