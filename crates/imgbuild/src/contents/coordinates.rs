//! Which library a JAR is: its name and its version.

use std::fmt;

use super::properties;

/// Words of a version that are no part of a name: `33.0.0-jre`, `2.0-rc-1`.
const QUALIFIERS: [&str; 15] =
    ["alpha", "beta", "rc", "cr", "m", "b", "ga", "sp", "final", "release", "snapshot", "jre", "android", "incubating", "pre"];

/// The name and the version of a library.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coordinates {
    /// The name without group, with the classifier where it has one: `netty-transport-native-epoll:linux-x86_64`.
    pub name: String,
    /// The version, where one is known.
    pub version: Option<String>,
}

impl Coordinates {
    /// Decides by the Maven properties within the JAR, else by its file name, else by the version of its manifest.
    /// `poms` are the contents of its `pom.properties`; a shaded JAR has those of others too.
    pub(super) fn new(file: &str, poms: &[String], manifest_version: Option<&str>) -> Self {
        let file = file.rsplit('/').next().unwrap_or(file);
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let poms: Vec<(String, String)> = poms.iter().filter_map(|text| of_pom(text)).collect();
        // Of several, the one that gave the file its name; one that stands alone is believed whatever the file is called.
        let fitting = poms.iter().filter(|(name, version)| stem.starts_with(&format!("{name}-{version}")) || stem == name);
        let alone = poms.first().filter(|_| poms.len() == 1);
        if let Some((name, version)) = fitting.max_by_key(|(name, _)| name.len()).or(alone) {
            let classifier = stem.strip_prefix(&format!("{name}-{version}-"));
            let name = classifier.map_or_else(|| name.clone(), |classifier| format!("{name}:{classifier}"));
            return Self { name, version: Some(version.clone()) };
        }
        match split(stem) {
            Some((name, version)) => Self { name: name.to_owned(), version: Some(version.to_owned()) },
            None => Self { name: stem.to_owned(), version: manifest_version.map(str::to_owned) },
        }
    }
}

fn of_pom(text: &str) -> Option<(String, String)> {
    let pairs = properties::parse(text);
    let value = |key: &str| pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value.clone());
    Some((value("artifactId")?, value("version")?))
}

/// Splits `log4j-1.2-api-2.24.1` in front of its version: a version starts with a digit, and no word in it that is no
/// qualifier is followed by another number.
fn split(stem: &str) -> Option<(&str, &str)> {
    let starts = stem.match_indices('-').map(|(at, _)| at + 1).filter(|at| *at > 1);
    let mut starts = starts.filter(|at| stem[*at..].starts_with(|first: char| first.is_ascii_digit()));
    let at = starts.find(|at| {
        let words: Vec<&str> = stem[*at..].split('-').collect();
        let is_name = |word: &str| word.chars().all(char::is_alphabetic) && !QUALIFIERS.contains(&word.to_ascii_lowercase().as_str());
        let first_name = words.iter().position(|word| is_name(word)).unwrap_or(words.len());
        !words[first_name..].iter().any(|word| word.starts_with(|first: char| first.is_ascii_digit()))
    })?;
    Some((&stem[..at - 1], &stem[at..]))
}

impl fmt::Display for Coordinates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)?;
        self.version.iter().try_for_each(|version| write!(formatter, " {version}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_versions_come_from_file_names() {
        let table = [
            ("lib/jackson-databind-2.17.1.jar", "jackson-databind 2.17.1"),
            ("log4j-1.2-api-2.24.1.jar", "log4j-1.2-api 2.24.1"),
            ("guava-33.0.0-jre.jar", "guava 33.0.0-jre"),
            ("model-1.2.0-SNAPSHOT.jar", "model 1.2.0-SNAPSHOT"),
            ("model-1.2.0-20240101.101010-1.jar", "model 1.2.0-20240101.101010-1"),
            ("netty-epoll-4.1.115.Final-linux-x86_64.jar", "netty-epoll 4.1.115.Final-linux-x86_64"),
            ("x-2.0-rc-1.jar", "x 2.0-rc-1"),
            ("app.jar", "app"),
            ("-1.jar", "-1"),
        ];
        for (file, expected) in table {
            assert_eq!(Coordinates::new(file, &[], None).to_string(), expected);
        }
    }

    #[test]
    fn maven_properties_decide_where_they_fit() {
        let pom = |name: &str, version: &str| format!("#Mon Jan 1\nartifactId={name}\nversion={version}\n");
        let (own, shaded) = (pom("netty-epoll", "4.1"), pom("jctools", "3.1"));
        let of = |file: &str, poms: &[&String]| {
            let poms: Vec<String> = poms.iter().map(|text| (*text).clone()).collect();
            Coordinates::new(file, &poms, Some("9")).to_string()
        };
        assert_eq!(of("netty-epoll-4.1-linux-x86_64.jar", &[&shaded, &own]), "netty-epoll:linux-x86_64 4.1");
        assert_eq!(of("renamed.jar", &[&own]), "netty-epoll 4.1");
        assert_eq!(of("fat-1.jar", &[&own, &shaded]), "fat 1");
        assert_eq!(of("plain.jar", &[]), "plain 9");
    }
}
