//! Whether the base is held by a lock.

use std::path::{Path, PathBuf};

use clap::Args;
use imgbuild::Build;
use imgbuild::base::LOCK_FILE;
use imgbuild::build::LockMode;

/// Whether the base is held by a lock.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Lock")]
pub(crate) struct LockArguments {
    /// Writes the lock: which base is built on, and what is known about it; one that is there is kept and completed
    #[arg(long)]
    lock: bool,
    /// Takes what the base is now, and writes the lock anew
    #[arg(long, conflicts_with = "lock")]
    update_lock: bool,
    /// Fails where there is no lock, or where it would change
    #[arg(long, conflicts_with_all = ["lock", "update_lock"])]
    locked: bool,
    /// The lock, which is used wherever it exists [default: imgbuild.lock beside the recipe]
    #[arg(long, value_name = "FILE")]
    lock_file: Option<PathBuf>,
}

impl LockArguments {
    /// The build with its lock; `folder` is that of the recipe.
    pub(crate) fn apply(&self, build: Build, folder: &Path) -> Build {
        let mode = match (self.lock, self.update_lock, self.locked) {
            (true, ..) => LockMode::Write,
            (_, true, _) => LockMode::Update,
            (.., true) => LockMode::Frozen,
            _ => LockMode::Use,
        };
        build.lock(self.lock_file.clone().unwrap_or_else(|| folder.join(LOCK_FILE)), mode)
    }
}
