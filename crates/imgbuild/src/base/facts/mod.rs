//! What is known about the files of a base image: its folders, links, programs and users, and its Java.
//!
//! Values only, found by whoever read the layers, or read from a lock. A [`Tree`] of all layers knows every path; one
//! that was narrowed to what a build asks says [`Lookup::Unknown`] about the others, and never guesses.

mod answers;
mod asked;
mod java;
mod layer;
mod node;
mod start;
mod tree;
mod users;
mod walk;

pub use crate::elf::{Elf, Libc, Machine};
pub use answers::{Executable, Facts, Folder};
pub(in crate::base) use java::{JAVA, RELEASE};
pub use java::{Java, JavaVersion};
pub use layer::LayerFacts;
pub use node::{File, Node, Permissions};
pub use start::Start;
pub use tree::{Resolved, Tree};
pub use users::Identity;
pub(in crate::base) use walk::End;

/// The answer to a question about a base.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup<T> {
    /// It is there.
    Found(T),
    /// It is not there.
    Absent,
    /// The facts do not reach so far: a lock holds only what a build asked about.
    Unknown,
}

impl<T> Lookup<T> {
    /// What was found.
    #[must_use]
    pub fn found(self) -> Option<T> {
        match self {
            Self::Found(found) => Some(found),
            Self::Absent | Self::Unknown => None,
        }
    }

    /// The answer about something that follows from what was found.
    #[must_use]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Lookup<U> {
        self.and_then(|found| Lookup::Found(change(found)))
    }

    /// The answer to the next question, asked of what was found.
    #[must_use]
    pub fn and_then<U>(self, next: impl FnOnce(T) -> Lookup<U>) -> Lookup<U> {
        match self {
            Self::Found(found) => next(found),
            Self::Absent => Lookup::Absent,
            Self::Unknown => Lookup::Unknown,
        }
    }
}

impl<T> From<Option<T>> for Lookup<T> {
    fn from(found: Option<T>) -> Self {
        found.map_or(Self::Absent, Self::Found)
    }
}
