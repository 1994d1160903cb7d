//! The archive around the entries: what stands in front, the central directory, the end record, what follows.

use std::{collections::HashSet, fmt, sync::Arc};

use super::{Descriptor, Entry, Manifest, record::End};

type Change = Arc<dyn Fn(&mut End) + Send + Sync>;

/// A JAR that is still to be written, entries in the order in which they were added.
#[derive(Clone, Default)]
pub struct Jar {
    entries: Vec<Entry>,
    prefix: Vec<u8>,
    prefix_counts: bool,
    comment: Vec<u8>,
    zip64: bool,
    end: Option<Change>,
    trailing: Vec<u8>,
}

impl Jar {
    /// An archive without entries.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an entry. Nothing is checked: names may repeat.
    #[must_use]
    pub fn entry(mut self, entry: Entry) -> Self {
        self.entries.push(entry);
        self
    }

    /// Adds a deflated file with a data descriptor, as Spring Boot's plugins write it.
    #[must_use]
    pub fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(Entry::file(name, content).descriptor(Descriptor::Signed))
    }

    /// Adds a stored file with true local headers, as Spring Boot's plugins write nested JARs.
    #[must_use]
    pub fn stored(self, name: &str, content: &[u8]) -> Self {
        self.entry(Entry::stored(name, content))
    }

    /// Adds those directories above `path` that are not there yet.
    #[must_use]
    pub fn directories_of(mut self, path: &str) -> Self {
        let there: HashSet<Vec<u8>> = self.entries.iter().map(|entry| entry.name().to_vec()).collect();
        for (at, _) in path.match_indices('/') {
            if !there.contains(&path.as_bytes()[..=at]) {
                self.entries.push(Entry::directory(&path[..at]));
            }
        }
        self
    }

    /// Adds `META-INF/` and the manifest.
    #[must_use]
    pub fn manifest(self, manifest: &Manifest) -> Self {
        self.directories_of("META-INF/MANIFEST.MF").file("META-INF/MANIFEST.MF", manifest.to_string().as_bytes())
    }

    /// Puts a script in front. Offsets do not count it, as in Boot's executable archives: readers find out.
    #[must_use]
    pub fn prefix(mut self, script: &[u8]) -> Self {
        self.prefix = script.to_vec();
        self
    }

    /// Lets offsets count what stands in front, as `zip -A` makes them.
    #[must_use]
    pub fn adjusted(mut self) -> Self {
        self.prefix_counts = true;
        self
    }

    /// Sets the archive's comment, at most 65,535 bytes.
    #[must_use]
    pub fn comment(mut self, comment: &[u8]) -> Self {
        self.comment = comment.to_vec();
        self
    }

    /// Writes zip64 end records, however small the archive is.
    #[must_use]
    pub fn zip64(mut self) -> Self {
        self.zip64 = true;
        self
    }

    /// Changes what the end record says.
    #[must_use]
    pub fn change_end(mut self, change: impl Fn(&mut End) + Send + Sync + 'static) -> Self {
        self.end = Some(Arc::new(change));
        self
    }

    /// Puts bytes behind the end record, outside of its comment.
    #[must_use]
    pub fn followed_by(mut self, bytes: &[u8]) -> Self {
        self.trailing = bytes.to_vec();
        self
    }

    /// The archive's bytes.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        let mut out = self.prefix.clone();
        let uncounted = if self.prefix_counts { 0 } else { self.prefix.len() as u64 };
        let mut central = Vec::new();
        let mut entries = 0;
        for entry in &self.entries {
            out.extend(&entry.before);
            let offset = out.len() as u64 - uncounted;
            entry.put_local(&mut out);
            if !entry.hidden {
                entry.central(offset).put_central(&mut central);
                entries += 1;
            }
        }
        let offset = out.len() as u64 - uncounted;
        let size = central.len() as u64;
        out.extend(central);
        let mut end = End { entries, size, offset, comment: self.comment.clone(), zip64: self.zip64 };
        if let Some(change) = &self.end {
            change(&mut end);
        }
        end.put(&mut out, offset + size);
        out.extend(&self.trailing);
        out
    }
}

impl fmt::Debug for Jar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Jar").field("entries", &self.entries).finish_non_exhaustive()
    }
}
