//! Why a lock could not be used.

use std::io;
use std::path::{Path, PathBuf};

use crate::oci::Digest;

/// Why a lock could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LockError {
    /// It cannot be read.
    #[error("cannot read the lock `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It cannot be written.
    #[error("cannot write the lock `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// It is no valid lock.
    #[error("the lock `{}` is damaged{}: {reason}", path.display(), place(*line, *column))]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from 1; 0 where it is not known.
        line: usize,
        /// Counted from 1; 0 where it is not known.
        column: usize,
        /// What is wrong there.
        reason: String,
    },
    /// Another imgbuild wrote it, in a form of its own.
    #[error("the lock `{}` has version {found}, and this imgbuild reads version {known}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// The version that it has.
        found: u32,
        /// The version that is read.
        known: u32,
    },
    /// There is none, though it must not change.
    #[error("there is no lock `{}`", .0.display())]
    Missing(PathBuf),
    /// It holds another base than the one that is to be built on.
    #[error("the lock `{}` is of the base `{locked}`, but `{wanted}` is to be built on", path.display())]
    OtherBase {
        /// The file.
        path: PathBuf,
        /// The base that it holds.
        locked: String,
        /// The base that was asked for.
        wanted: String,
    },
    /// The base is addressed by another digest than the lock holds.
    #[error("the lock `{}` holds `{locked}`, but `{wanted}` is to be built on", path.display())]
    OtherDigest {
        /// The file.
        path: PathBuf,
        /// The digest that it holds.
        locked: Digest,
        /// The base that was asked for.
        wanted: String,
    },
    /// It names another image for a platform than the base has under the digest that it names.
    #[error("the lock `{}` says that `{platform}` is `{locked}`, but in the base that it names it is `{found}`", path.display())]
    Contradiction {
        /// The file.
        path: PathBuf,
        /// The platform.
        platform: String,
        /// What the lock says.
        locked: Digest,
        /// What the base has.
        found: Digest,
    },
    /// It would change, though it must not.
    #[error("the lock `{}` would change:\n{}", path.display(), list(changes))]
    WouldChange {
        /// The file.
        path: PathBuf,
        /// What would change.
        changes: Vec<String>,
    },
}

/// Where something is wrong, as far as that is known.
fn place(line: usize, column: usize) -> String {
    if line == 0 { String::new() } else { format!(" in line {line}, column {column}") }
}

fn list(changes: &[String]) -> String {
    changes.iter().map(|change| format!("      - {change}")).collect::<Vec<_>>().join("\n")
}

impl LockError {
    /// What the user can do.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::InvalidData => {
                Some("it is no text that imgbuild wrote; `--update-lock` writes it anew".to_owned())
            }
            Self::Read { .. } | Self::Write { .. } => None,
            Self::Syntax { .. } | Self::Contradiction { .. } => {
                Some("it was changed by hand or in a merge; `--update-lock` writes it anew".to_owned())
            }
            Self::Version { .. } => Some("use the imgbuild that wrote it, or write it anew with `--update-lock`".to_owned()),
            Self::Missing(_) => Some("write it with `--lock` and keep it beside the sources".to_owned()),
            Self::OtherBase { .. } | Self::OtherDigest { .. } => {
                Some("`--update-lock` makes it the lock of the new base; `--lock-file` names another lock".to_owned())
            }
            Self::WouldChange { .. } => Some("run the build with `--lock`, look at what changed, and keep the new lock".to_owned()),
        }
    }

    /// An error of the JSON reader, without the place that its text repeats.
    pub(super) fn syntax(path: &Path, text: &str, error: &serde_json::Error) -> Self {
        let place = format!(" at line {} column {}", error.line(), error.column());
        let reason = error.to_string();
        let reason = reason.strip_suffix(&place).unwrap_or(&reason).to_owned();
        let (line, column) = if error.line() > 0 { (error.line(), error.column()) } else { find(text, &reason) };
        Self::Syntax { path: path.to_owned(), line, column, reason }
    }
}

/// Where the value stands that a reason quotes: errors of values have no place of their own.
fn find(text: &str, reason: &str) -> (usize, usize) {
    let quoted = reason.split('`').nth(1).filter(|value| !value.is_empty());
    let found = quoted.and_then(|value| {
        let quoted = format!("\"{value}\"");
        text.lines().enumerate().find_map(|(number, line)| Some((number + 1, line.find(&quoted)? + 1)))
    });
    found.unwrap_or((0, 0))
}
