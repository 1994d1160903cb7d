//! The Java that an image starts.

use std::fmt;
use std::str::FromStr;

use super::{Executable, Libc, Lookup, Machine, Node, Start, Tree, answers};

/// The name of the program.
pub(in crate::base) const JAVA: &str = "java";
/// The name of the file beside `bin` in which a JDK says what it is.
pub(in crate::base) const RELEASE: &str = "release";

/// The Java that an image starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Java {
    /// The program, behind all links: `/usr/lib/jvm/java-17-openjdk-amd64/bin/java`.
    pub executable: String,
    /// The machine that it is for; `None` where it is no ELF file, such as a script.
    pub machine: Option<Machine>,
    /// The C library that it is linked to; `None` where it is no ELF file.
    pub libc: Option<Libc>,
    /// `JAVA_VERSION` of the file `release`; `None` where there is none.
    pub version: Option<JavaVersion>,
}

/// A version of Java, such as `17.0.12`, `1.8.0_402` or `25-ea`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JavaVersion {
    text: String,
    feature: u32,
}

impl JavaVersion {
    /// The number that people mean: 17, 8, 25.
    #[must_use]
    pub const fn feature(&self) -> u32 {
        self.feature
    }

    /// The version in a file `release`.
    #[must_use]
    pub fn from_release(text: &str) -> Option<Self> {
        let value = text.lines().find_map(|line| line.trim().strip_prefix("JAVA_VERSION="))?;
        value.trim().trim_matches('"').parse().ok()
    }
}

impl fmt::Display for JavaVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.text)
    }
}

impl FromStr for JavaVersion {
    type Err = String;

    /// Before 9 the feature was the second number (JEP 223, JEP 322).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut numbers = text.split(|character: char| !character.is_ascii_digit()).map(str::parse);
        let first: Option<u32> = numbers.next().and_then(Result::ok);
        let feature = if first == Some(1) { numbers.next().and_then(Result::ok) } else { first };
        let plain = text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        match feature.filter(|feature| plain && *feature > 0) {
            Some(feature) => Ok(Self { text: text.to_owned(), feature }),
            None => Err(format!("`{}` is no version of Java", text.chars().take(64).collect::<String>())),
        }
    }
}

/// The Java that `start` starts, described.
pub(super) fn find(tree: &Tree, start: &Start) -> Lookup<Java> {
    locate(tree, start).and_then(|found| describe(tree, start, &found))
}

/// The Java that `start` starts: its command if that is a `java`, else the `java` that a script would find.
pub(super) fn locate(tree: &Tree, start: &Start) -> Lookup<Executable> {
    let at_home = start.java_home.as_ref().map(|home| format!("{home}/bin/{JAVA}"));
    let names = start.command.first().map(String::as_str).into_iter().chain([JAVA]).chain(at_home.as_deref());
    for name in names {
        match answers::executable(tree, start, name) {
            Lookup::Found(found) if is_java(&found.path) => return Lookup::Found(found),
            Lookup::Found(_) | Lookup::Absent => {}
            Lookup::Unknown => return Lookup::Unknown,
        }
    }
    Lookup::Absent
}

fn is_java(path: &str) -> bool {
    path.rsplit('/').next() == Some(JAVA)
}

fn describe(tree: &Tree, start: &Start, found: &Executable) -> Lookup<Java> {
    let folder = found.path.strip_suffix("/bin/java");
    // A JDK 8 has a second `java` in its `jre`, and one file `release` above both.
    let homes = [folder, folder.and_then(|home| home.strip_suffix("/jre")), start.java_home.as_deref()];
    let mut version = None;
    for home in homes.into_iter().flatten() {
        match tree.resolve(&format!("{home}/{RELEASE}")) {
            Lookup::Found(file) => {
                version = version.or_else(|| match file.node {
                    Some(Node::File(file)) => file.text.as_deref().and_then(JavaVersion::from_release),
                    _ => None,
                });
            }
            Lookup::Absent => {}
            Lookup::Unknown => return Lookup::Unknown,
        }
    }
    let (machine, libc) = found.elf.as_deref().map(|elf| (elf.machine, elf.libc())).unzip();
    Lookup::Found(Java { executable: found.path.clone(), machine, libc, version })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_feature_is_the_number_that_people_mean() {
        for (text, feature) in [("17.0.12", 17), ("1.8.0_402", 8), ("25-ea", 25), ("21", 21), ("11.0.24", 11), ("9.0.4.1", 9)] {
            let version: JavaVersion = text.parse().unwrap();
            assert_eq!((version.feature(), version.to_string().as_str()), (feature, text));
        }
        for text in ["", "ea", "1", "0.5", "17\n", "-17", "99999999999"] {
            assert!(text.parse::<JavaVersion>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_release_file_is_read_as_jdks_write_it() {
        let text = "IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_VERSION=\"21.0.4\"\nJAVA_VERSION_DATE=\"2024-07-16\"\n";
        assert_eq!(JavaVersion::from_release(text).unwrap().feature(), 21);
        assert_eq!(JavaVersion::from_release("JAVA_VERSION_DATE=\"2024-07-16\"\n"), None);
    }
}
