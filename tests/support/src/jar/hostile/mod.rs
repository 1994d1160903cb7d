//! Archives as attackers and odd tools write them, each with what a careful reader must do: take it, or refuse it and
//! name the entry. Java, unzip and Python judge the table: they agree about what is taken, and not about what is disputed.

mod ends;
mod headers;
pub mod judges;
mod names;
mod odd;

use super::{Entry, Jar};

/// What a careful reader must do with an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every reader sees the same content: it is taken.
    Taken,
    /// Readers disagree, or some refuse it: it is refused.
    Disputed,
    /// Readers may agree, but its headers contradict each other, bytes are hidden or shared, or no safe file system can
    /// be made of it: it is refused.
    Dangerous,
}

/// One archive of the table.
#[derive(Clone, Debug)]
pub struct Case {
    /// A stable name for messages, such as `local-name-differs`.
    pub id: &'static str,
    /// What must be done with it.
    pub verdict: Verdict,
    /// The entry that an error must name; `None` where the archive as a whole is wrong.
    pub entry: Option<&'static str>,
    /// The archive.
    pub bytes: Vec<u8>,
}

/// Every archive of the table.
#[must_use]
pub fn cases() -> Vec<Case> {
    [odd::cases(), headers::cases(), ends::cases(), names::cases()].concat()
}

/// An honest archive whose one entry `bomb.bin` inflates to `size` zero bytes: about a thousandth of that is kept.
#[must_use]
pub fn bomb(size: usize) -> Vec<u8> {
    usual().entry(Entry::file("bomb.bin", &vec![0; size])).build()
}

/// An archive whose entry `bomb.bin` says that it has `claimed` bytes, in both headers, and inflates to `size`.
#[must_use]
pub fn lying_bomb(claimed: u64, size: usize) -> Vec<u8> {
    usual().entry(Entry::file("bomb.bin", &vec![0; size]).change(|header| header.size = claimed)).build()
}

/// Three entries that nobody objects to.
fn usual() -> Jar {
    Jar::new()
        .entry(Entry::directory("META-INF"))
        .entry(Entry::file("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n\r\n"))
        .entry(Entry::stored("a.txt", b"first"))
}

/// Content that deflate makes smaller.
fn text() -> Vec<u8> {
    b"the quick brown fox jumps over the lazy dog\n".repeat(20)
}

fn case(verdict: Verdict, id: &'static str, entry: Option<&'static str>, jar: &Jar) -> Case {
    Case { id, verdict, entry, bytes: jar.build() }
}

#[cfg(test)]
mod tests;
