//! Who uses a cache: a locked file for each process that has it open, whose time says since when.

use std::fs::{self, File};
use std::path::Path;
use std::time::SystemTime;

use tempfile::NamedTempFile;

/// Says that a process uses the cache; ends when it is dropped, or with the process. A cache that cannot be written to is
/// used unseen: nobody removes anything from it either.
pub(super) fn register(folder: &Path) -> Option<NamedTempFile> {
    let file = NamedTempFile::new_in(folder).ok()?;
    file.as_file().lock().ok()?;
    Some(file)
}

/// Since when the process has run that has used the cache for the longest time, apart from `own`. Files of processes that
/// are gone are removed.
pub(super) fn oldest(folder: &Path, own: Option<&Path>) -> Option<SystemTime> {
    let mut oldest = None;
    for entry in fs::read_dir(folder).ok()?.flatten() {
        let path = entry.path();
        if own == Some(path.as_path()) {
            continue;
        }
        let Ok(file) = File::open(&path) else { continue };
        if file.try_lock().is_ok() {
            // Another process may have removed it first.
            let _ = fs::remove_file(&path);
        } else if let Ok(began) = file.metadata().and_then(|metadata| metadata.modified()) {
            oldest = Some(oldest.map_or(began, |known: SystemTime| known.min(began)));
        }
    }
    oldest
}
