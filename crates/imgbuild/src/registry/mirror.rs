//! Mirrors: other places to pull from, as containers' `registries.conf` (version 2) names them. Nothing is pushed to a mirror.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde::Deserialize;

use super::Error;
use crate::oci::Reference;

/// The places to pull from instead of a registry, or of a part of one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mirrors(Vec<Rule>);

/// A mirror as a flag or a recipe names it: `PREFIX=LOCATION`, such as `docker.io=mirror.example:5000/hub`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    prefix: String,
    location: String,
}

impl Mirror {
    /// What begins with `prefix` is looked for at `location` first.
    ///
    /// # Errors
    /// When one of them is no registry and no part of one.
    pub fn new(prefix: &str, location: &str) -> Result<Self, Error> {
        for part in [prefix, location] {
            let (host, rest) = part.split_once('/').unwrap_or((part, "x"));
            // As in a reference: without a dot or a port a first part is a name at Docker Hub.
            let is_host = host.contains(['.', ':']) || host == "localhost";
            let path = format!("{host}/{rest}").parse::<Reference>().ok().filter(|read| read.tag().is_none() && read.digest().is_none());
            if !is_host || path.is_none() {
                return Err(Error::Input(format!(
                    "`{part}` is no place for a mirror: write `HOST` or `HOST/PATH`, without a scheme or a tag"
                )));
            }
        }
        Ok(Self { prefix: prefix.to_owned(), location: location.to_owned() })
    }
}

impl FromStr for Mirror {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (prefix, location) = text.split_once('=').ok_or_else(|| {
            Error::Input(format!("`{text}` names no mirror: write `PREFIX=LOCATION`, such as `docker.io=mirror.example`"))
        })?;
        Self::new(prefix, location)
    }
}

/// Which references a mirror serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Serves {
    /// Everything.
    #[default]
    All,
    /// What is asked for by digest, which cannot be forged.
    DigestOnly,
    /// What is asked for by tag.
    TagOnly,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    prefix: String,
    /// What stands in for the prefix at the registry itself.
    location: String,
    insecure: bool,
    blocked: bool,
    mirrors: Vec<Place>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    location: String,
    insecure: bool,
    serves: Serves,
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    registry: Vec<RegistryTable>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct RegistryTable {
    prefix: Option<String>,
    location: Option<String>,
    #[serde(default)]
    insecure: bool,
    #[serde(default)]
    blocked: bool,
    #[serde(default)]
    mirror_by_digest_only: bool,
    #[serde(default)]
    mirror: Vec<MirrorTable>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct MirrorTable {
    location: String,
    #[serde(default)]
    insecure: bool,
    pull_from_mirror: Option<Serves>,
}

impl Mirrors {
    /// Adds a mirror: what begins with `prefix` (such as `docker.io` or `docker.io/library`) is looked for at `location` first.
    #[must_use]
    pub fn with(mut self, prefix: &str, location: &str, serves: Serves) -> Self {
        let mirror = Place { location: location.to_owned(), insecure: false, serves };
        match self.0.iter_mut().find(|rule| rule.prefix == prefix) {
            Some(rule) => rule.mirrors.push(mirror),
            None => self.0.push(Rule {
                prefix: prefix.to_owned(),
                location: prefix.to_owned(),
                insecure: false,
                blocked: false,
                mirrors: vec![mirror],
            }),
        }
        self
    }

    /// Adds mirrors that serve everything, in this order.
    #[must_use]
    pub fn with_all<'a>(self, mirrors: impl IntoIterator<Item = &'a Mirror>) -> Self {
        mirrors.into_iter().fold(self, |all, mirror| all.with(&mirror.prefix, &mirror.location, Serves::All))
    }

    /// Reads a `registries.conf`; its rules stand behind those that are there.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn with_file(mut self, path: &Path) -> Result<Self, Error> {
        let failed = |reason: String| Error::Input(format!("cannot read `{}`: {reason}", path.display()));
        let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
        let file: File = toml::from_str(&text).map_err(|error| failed(error.message().to_owned()))?;
        for table in file.registry {
            let Some(prefix) = table.prefix.clone().or_else(|| table.location.clone()) else {
                return Err(failed("a registry has neither `prefix` nor `location`".to_owned()));
            };
            // The file that is read first decides on a prefix.
            if self.0.iter().any(|rule| rule.prefix == prefix) {
                continue;
            }
            let by_default = if table.mirror_by_digest_only { Serves::DigestOnly } else { Serves::All };
            let mirrors = table.mirror.into_iter().map(|mirror| Place {
                location: mirror.location,
                insecure: mirror.insecure,
                serves: mirror.pull_from_mirror.unwrap_or(by_default),
            });
            self.0.push(Rule {
                location: table.location.unwrap_or_else(|| prefix.clone()),
                prefix,
                insecure: table.insecure,
                blocked: table.blocked,
                mirrors: mirrors.collect(),
            });
        }
        Ok(self)
    }

    /// Adds what the environment names, behind what is there: `CONTAINERS_REGISTRIES_CONF`, else the user's file and the system's,
    /// each with the files of its `registries.conf.d` first.
    ///
    /// # Errors
    /// When a file is there and cannot be read or understood.
    pub fn with_environment(self) -> Result<Self, Error> {
        let home = std::env::home_dir().map(|home| home.join(".config/containers"));
        let folders: Vec<PathBuf> = home.into_iter().chain([PathBuf::from("/etc/containers")]).collect();
        self.with_places(std::env::var_os("CONTAINERS_REGISTRIES_CONF").as_deref(), &folders)
    }

    fn with_places(self, named: Option<&OsStr>, folders: &[PathBuf]) -> Result<Self, Error> {
        if let Some(path) = named.filter(|path| !path.is_empty()) {
            return self.with_file(Path::new(path));
        }
        let mut mirrors = self;
        for folder in folders {
            let entries = std::fs::read_dir(folder.join("registries.conf.d")).into_iter().flatten();
            let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            files.retain(|path| path.extension().is_some_and(|extension| extension == "conf"));
            // Files that sort last decide, as containers' own tools have it.
            files.sort_by(|one, other| other.cmp(one));
            files.push(folder.join("registries.conf"));
            for path in files.iter().filter(|path| path.is_file()) {
                mirrors = mirrors.with_file(path)?;
            }
        }
        Ok(mirrors)
    }

    /// The hosts that a rule lets lack TLS.
    pub(super) fn insecure_hosts(&self) -> Vec<String> {
        let own = self.0.iter().filter(|rule| rule.insecure).map(|rule| &rule.location);
        let mirrors = self.0.iter().flat_map(|rule| &rule.mirrors).filter(|mirror| mirror.insecure).map(|mirror| &mirror.location);
        own.chain(mirrors).map(|location| location.split('/').next().unwrap_or_default().to_owned()).collect()
    }

    /// The places to ask for a reference, best first; the registry itself is the last.
    ///
    /// # Errors
    /// When a rule blocks the reference.
    pub(super) fn places(&self, reference: &Reference) -> Result<Vec<Reference>, Error> {
        let name = reference.repository();
        let rule = self.0.iter().filter(|rule| covers(&rule.prefix, &name)).max_by_key(|rule| rule.prefix.len());
        let Some(rule) = rule else { return Ok(vec![reference.clone()]) };
        if rule.blocked {
            return Err(Error::Input(format!("`{reference}` is blocked by a registries.conf (prefix `{}`)", rule.prefix)));
        }
        let serves = |mirror: &&Place| match mirror.serves {
            Serves::All => true,
            Serves::DigestOnly => reference.digest().is_some(),
            Serves::TagOnly => reference.digest().is_none(),
        };
        let mirrors = rule.mirrors.iter().filter(serves).map(|mirror| &mirror.location);
        let own = if rule.prefix.starts_with("*.") { Ok(reference.clone()) } else { moved(reference, &rule.prefix, &rule.location) };
        mirrors.map(|location| moved(reference, &rule.prefix, location)).chain([own]).collect()
    }
}

/// Whether a prefix covers a repository: whole parts of its name, or `*.domain`.
fn covers(prefix: &str, name: &str) -> bool {
    match prefix.strip_prefix("*.") {
        Some(domain) => name.split('/').next().and_then(|host| host.strip_suffix(domain)).is_some_and(|rest| rest.ends_with('.')),
        None => name.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    }
}

fn moved(reference: &Reference, prefix: &str, location: &str) -> Result<Reference, Error> {
    let text = reference.to_string();
    let kept =
        if prefix.starts_with("*.") { text.find('/').map_or("", |slash| &text[slash..]) } else { &text[prefix.len().min(text.len())..] };
    format!("{location}{kept}")
        .parse()
        .map_err(|error| Error::Input(format!("the mirror `{location}` of `{prefix}` makes no reference: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"
        unqualified-search-registries = ["docker.io"]
        [[registry]]
        location = "docker.io"
        [[registry.mirror]]
        location = "mirror.example:5000/hub"
        insecure = true
        [[registry.mirror]]
        location = "second.example"
        pull-from-mirror = "digest-only"
        [[registry]]
        prefix = "docker.io/secret"
        blocked = true
        [[registry]]
        prefix = "old.example/team"
        location = "new.example/group"
        [[registry]]
        prefix = "*.wild.example"
        [[registry.mirror]]
        location = "third.example/wild"
    "#;

    fn places(reference: &str) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registries.conf");
        std::fs::write(&path, FILE).unwrap();
        let mirrors = Mirrors::default().with_file(&path).unwrap();
        assert_eq!(mirrors.insecure_hosts(), ["mirror.example:5000"]);
        let places = mirrors.places(&reference.parse().unwrap()).map_err(|error| error.to_string())?;
        Ok(places.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_registries_conf_names_places_in_order() {
        let digest = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(
            places("amazoncorretto:17").unwrap(),
            ["mirror.example:5000/hub/library/amazoncorretto:17", "docker.io/library/amazoncorretto:17"]
        );
        assert_eq!(places(&format!("a/b@{digest}")).unwrap()[1], format!("second.example/a/b@{digest}"));
        assert_eq!(places("old.example/team/app:1").unwrap(), ["new.example/group/app:1"]);
        assert_eq!(places("old.example/teams/app:1").unwrap(), ["old.example/teams/app:1"]);
        assert_eq!(places("a.wild.example/x:1").unwrap(), ["third.example/wild/x:1", "a.wild.example/x:1"]);
        assert!(places("docker.io/secret/x").unwrap_err().contains("blocked"));
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registries.conf");
        for text in ["[[registry]]\nlocation = 3", "[[registry]]\ninsecure = true", "[[registry"] {
            std::fs::write(&path, text).unwrap();
            let error = Mirrors::default().with_file(&path).unwrap_err().to_string();
            assert!(error.contains("registries.conf"), "{error}");
        }
    }

    #[test]
    fn a_flag_goes_before_a_file_and_its_mirrors_are_asked_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("registries.conf");
        std::fs::write(&path, FILE).unwrap();
        let named: Vec<Mirror> = ["docker.io=one.example", "docker.io=two.example:5000/hub"].map(|text| text.parse().unwrap()).into();
        let mirrors = Mirrors::default().with_all(&named).with_file(&path).unwrap();
        let places: Vec<String> = mirrors.places(&"a/b:1".parse().unwrap()).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(places, ["one.example/a/b:1", "two.example:5000/hub/a/b:1", "docker.io/a/b:1"]);
    }

    #[test]
    fn a_file_that_is_named_is_the_only_one_and_else_the_first_of_all_decides() {
        let folder = tempfile::tempdir().unwrap();
        for (file, prefix, mirror) in [
            ("named", "a.example", "named.example"),
            ("own/registries.conf.d/10.conf", "a.example", "own10.example"),
            ("own/registries.conf.d/20.conf", "a.example", "own20.example"),
            ("own/registries.conf.d/30.toml", "a.example", "own30.example"),
            ("own/registries.conf", "b.example", "own.example"),
            ("system/registries.conf", "b.example", "system.example"),
            ("system/registries.conf.d/10.conf", "c.example", "system10.example"),
        ] {
            let path = folder.path().join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, format!("[[registry]]\nlocation = '{prefix}'\n[[registry.mirror]]\nlocation = '{mirror}'\n")).unwrap();
        }
        let folders = ["own", "system", "none"].map(|name| folder.path().join(name));
        let first = |named: Option<&Path>, domain: &str| {
            let mirrors = Mirrors::default().with_places(named.map(Path::as_os_str), &folders).unwrap();
            mirrors.places(&format!("{domain}/x:1").parse().unwrap()).unwrap()[0].domain().to_owned()
        };
        for (domain, expected) in [("a.example", "own20.example"), ("b.example", "own.example"), ("c.example", "system10.example")] {
            assert_eq!(first(None, domain), expected);
            assert_eq!(first(Some(Path::new("")), domain), expected, "a variable that is empty names nothing");
        }
        let named = folder.path().join("named");
        assert_eq!((first(Some(&named), "a.example").as_str(), first(Some(&named), "b.example").as_str()), ("named.example", "b.example"));
    }

    #[test]
    fn what_is_no_place_is_no_mirror() {
        for text in [
            "docker.io",
            "=m.example",
            "docker.io=",
            "docker.io=https://m.example",
            "hub=m.example",
            "docker.io=m.example/x:1",
            "a.example/b@c=m.example",
        ] {
            assert!(text.parse::<Mirror>().is_err(), "{text}");
        }
        assert!("docker.io/library=localhost/x".parse::<Mirror>().is_ok());
    }
}
