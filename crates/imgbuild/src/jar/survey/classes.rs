//! Versions of class files (JVMS 4.1).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Class files by major version. Those in folders for later releases of Java (`META-INF/versions/`) and module
/// descriptors are apart: a Java that is older than they ask for never loads them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Classes(BTreeMap<u16, Versioned>);

/// The classes of one version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Versioned {
    count: u32,
    example: String,
}

/// `major_version` of the first release, which has no number of its own: 45 is Java 1.1.
const BEFORE_JAVA_1: u16 = 44;

/// The release of Java that loads classes of this version: 61 is 17.
#[must_use]
pub fn java_release(major: u16) -> u16 {
    major.saturating_sub(BEFORE_JAVA_1)
}

/// Whether an entry is a class that counts.
pub(super) fn is_class(name: &str) -> bool {
    name.strip_suffix(".class").is_some()
        && !name.starts_with("META-INF/versions/")
        && !name.ends_with("/module-info.class")
        && name != "module-info.class"
}

impl Classes {
    /// Counts a class by its first bytes; a file that only has the name of one is left out.
    pub(super) fn add(&mut self, name: &str, start: Option<[u8; 8]>) {
        let Some([0xca, 0xfe, 0xba, 0xbe, _, _, high, low]) = start else { return };
        let major = u16::from_be_bytes([high, low]);
        match self.0.get_mut(&major) {
            Some(versioned) => versioned.count += 1,
            None => drop(self.0.insert(major, Versioned { count: 1, example: name.to_owned() })),
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (major, versioned) in &other.0 {
            match self.0.get_mut(major) {
                Some(known) => known.count += versioned.count,
                None => drop(self.0.insert(*major, versioned.clone())),
            }
        }
    }

    /// How many classes there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.0.values().map(|versioned| versioned.count).sum()
    }

    /// Those that a Java of this release does not load: their number, the newest version among them, and one of them.
    #[must_use]
    pub fn beyond(&self, release: u16) -> Option<(u32, u16, &str)> {
        let mut beyond = self.0.iter().filter(|(major, _)| java_release(**major) > release).rev();
        let (newest, versioned) = beyond.next()?;
        let count = versioned.count + beyond.map(|(_, versioned)| versioned.count).sum::<u32>();
        Some((count, *newest, &versioned.example))
    }
}
