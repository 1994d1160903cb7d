//! Whether the base is held by a lock.

use std::path::PathBuf;

use clap::Args;
use imgbuild::build::LockMode;
use imgbuild::{Build, Verify};

/// Whether the base is held by a lock, and whether that is written.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Lock")]
pub(crate) struct LockArguments {
    /// Writes the lock: which base is built on, and what is known about it; one that is there is kept and completed
    #[arg(long, conflicts_with = "locked")]
    lock: bool,
    /// Takes what the base is now, and writes the lock anew
    #[arg(long, conflicts_with_all = ["lock", "locked"])]
    update_lock: bool,
    #[command(flatten)]
    used: LockedArguments,
}

/// Which lock holds the base.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Lock")]
pub(crate) struct LockedArguments {
    /// Fails where there is no lock, or where it would change
    #[arg(long)]
    locked: bool,
    /// The lock, which is used wherever it exists [default: beside the recipe, imgbuild.lock or imgbuild.SERVICE.lock]
    #[arg(long, value_name = "FILE")]
    lock_file: Option<PathBuf>,
}

impl LockArguments {
    /// Whether one place is named, which cannot be that of several locks.
    pub(crate) const fn names_file(&self) -> bool {
        self.used.lock_file.is_some()
    }

    /// The build with its lock, which lies at `usual` unless another place is named.
    pub(crate) fn apply(&self, build: Build, usual: PathBuf) -> Build {
        let mode = match (self.lock, self.update_lock, self.used.locked) {
            (true, ..) => LockMode::Write,
            (_, true, _) => LockMode::Update,
            (.., true) => LockMode::Frozen,
            _ => LockMode::Use,
        };
        build.lock(self.used.path(usual), mode)
    }
}

impl LockedArguments {
    /// The check with its lock, which lies at `usual` unless another place is named.
    pub(crate) fn apply(&self, verify: Verify, usual: PathBuf) -> Verify {
        verify.lock(self.path(usual)).locked(self.locked)
    }

    fn path(&self, usual: PathBuf) -> PathBuf {
        self.lock_file.clone().unwrap_or(usual)
    }
}
