//! `imgbuild.yaml` with `services:`: several images that share defaults.

use std::fmt;
use std::path::Path;

use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::file::{Keys, read_file, read_text};
use super::{Error, Settings, near};

/// A whole `imgbuild.yaml`.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Project {
    /// What holds for every service; all there is where the file names no services.
    pub defaults: Settings,
    /// The services, in the order of the file.
    pub services: Vec<Service>,
}

/// One of several images.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// What it asks for beside the defaults.
    pub settings: Settings,
}

impl Project {
    /// Reads an `imgbuild.yaml`, or a Dockerfile.
    ///
    /// # Errors
    /// When the file cannot be read or is not valid.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, Error> {
        read_file(path.as_ref())
    }

    /// Reads the text of an `imgbuild.yaml` that lies in `folder`.
    ///
    /// # Errors
    /// When it is not valid.
    pub fn parse(text: &str, folder: impl AsRef<Path>) -> Result<Self, Error> {
        read_text(text, folder.as_ref(), "the recipe")
    }

    /// The services of these names, in the order of the file; all of them where none is named.
    ///
    /// # Errors
    /// When there is no service of a name.
    pub fn select(&self, names: &[String]) -> Result<Vec<&Service>, Error> {
        let known: Vec<&str> = self.services.iter().map(|service| service.name.as_str()).collect();
        if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
            let near = near::nearest(name, &known).map(str::to_owned);
            return Err(Error::NoService { name: name.clone(), near, known: known.into_iter().map(str::to_owned).collect() });
        }
        Ok(self.services.iter().filter(|service| names.is_empty() || names.contains(&service.name)).collect())
    }

    /// The settings of a file without services.
    pub(super) fn single(self, file: &str) -> Result<Settings, Error> {
        if self.services.is_empty() { Ok(self.defaults) } else { Err(Error::SeveralServices { file: file.to_owned() }) }
    }
}

/// `services:`, each a map of the keys that the whole file may have.
pub(super) fn services<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Keys)>, D::Error> {
    struct Named;
    impl<'de> Visitor<'de> for Named {
        type Value = Vec<(String, Keys)>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a map of services")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut services: Vec<(String, Keys)> = Vec::new();
            while let Some(name) = map.next_key::<String>()? {
                let fits = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
                if !name.starts_with(|first: char| first.is_ascii_alphanumeric()) || !name.chars().all(fits) {
                    return Err(A::Error::custom(format_args!(
                        "`{name}` is no name of a service: write letters, digits, `-`, `_` and `.`"
                    )));
                }
                let keys: Keys = map.next_value()?;
                if keys.has_services() {
                    return Err(A::Error::custom("a service has no services of its own"));
                }
                services.push((name, keys));
            }
            Ok(services)
        }
    }
    deserializer.deserialize_map(Named)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Recipe;

    const FIVE: &str = "base: eclipse-temurin:21\nenv: {TZ: Asia/Seoul}\nservices:\n  api:\n    jar: api.jar\n    tags: koin/api:1\n  worker:\n    jar: worker.jar\n    env: {TZ: UTC, MODE: worker}\n";

    #[test]
    fn services_share_the_defaults_and_lay_their_own_over_them() {
        let project = Project::parse(FIVE, "/srv").unwrap();
        let [api, worker] = &project.services[..] else { panic!("{project:?}") };
        assert_eq!((api.name.as_str(), api.settings.application.as_deref()), ("api", Some(Path::new("/srv/api.jar"))));
        let recipe = Recipe::from_sources([project.defaults.clone(), worker.settings.clone()]).unwrap();
        assert_eq!(recipe.base.to_string(), "docker.io/library/eclipse-temurin:21");
        let env: Vec<String> = recipe.overlay.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(env, ["TZ=UTC", "MODE=worker"]);
    }

    #[test]
    fn services_are_chosen_by_name() {
        let project = Project::parse(FIVE, "").unwrap();
        let names = |chosen: &[&str]| {
            let chosen: Vec<String> = chosen.iter().map(|&name| name.to_owned()).collect();
            project.select(&chosen).map(|services| services.iter().map(|service| service.name.clone()).collect::<Vec<_>>())
        };
        assert_eq!(names(&[]).unwrap(), ["api", "worker"]);
        assert_eq!(names(&["worker"]).unwrap(), ["worker"]);
        let error = names(&["wroker"]).unwrap_err();
        assert!(error.hint().unwrap().contains("`worker`"), "{error:?}");
    }

    #[test]
    fn a_service_that_is_there_twice_is_refused_with_its_line() {
        let text = "services:\n  api: {jar: a.jar}\n  worker: {jar: b.jar}\n  api: {jar: c.jar}\n";
        let Err(Error::Syntax { line, reason, .. }) = Project::parse(text, "") else { panic!("taken") };
        assert!(line == 4 && reason.contains("`api`"), "line {line}: {reason}");
        for (bad, says) in [
            ("services: {a: {services: {b: {jar: x}}}}", "no services of its own"),
            ("services: {\"a b\": {jar: x}}", "no name of a service"),
            ("services: {a: {jra: x}}", "unknown key `jra`"),
            ("services: [a]", "a map"),
        ] {
            let error = Project::parse(bad, "").unwrap_err().to_string();
            assert!(error.contains(says), "{bad}: {error}");
        }
        let error = Settings::parse(FIVE, "").unwrap_err();
        assert!(matches!(error, Error::SeveralServices { .. }), "{error:?}");
    }

    #[test]
    fn a_dockerfile_is_named_with_its_context() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("web")).unwrap();
        for (name, base) in [("Dockerfile", "one"), ("web/Dockerfile", "two")] {
            std::fs::write(folder.path().join(name), format!("ARG TAG=1\nFROM {base}:$TAG\nWORKDIR /srv\n")).unwrap();
        }
        let text = "base: three:3\nservices:\n  web: {dockerfile: web/Dockerfile, build-args: {TAG: 2}}\n  all: {dockerfile: web/Dockerfile, context: ., base: four:4}\n  jar: {jar: a.jar}\n";
        let recipe = |text: &str, number: usize| {
            let project = Project::parse(text, folder.path()).unwrap();
            let settings = project.services[number].settings.clone();
            (settings.application.clone().unwrap(), Recipe::from_sources([project.defaults, settings]).unwrap())
        };
        // The Dockerfile's FROM is stronger than a default, and weaker than what its own service names.
        for (number, context, base) in [(0, "web", "two:2"), (1, ".", "four:4"), (2, "a.jar", "three:3")] {
            let (application, recipe) = recipe(text, number);
            assert_eq!((application, recipe.base.to_string()), (folder.path().join(context), format!("docker.io/library/{base}")));
            assert_eq!(recipe.dockerfile.is_some(), number < 2);
        }
        // A service with a JAR needs no Dockerfile of the defaults.
        let (application, jar) = recipe("dockerfile: Dockerfile\nservices:\n  jar: {jar: a.jar}\n  web: {tags: koin/web:1}\n", 0);
        assert_eq!((application, jar.dockerfile), (folder.path().join("a.jar"), None));
        for (bad, says) in [
            ("jar: a.jar\ndockerfile: Dockerfile", "`jar` together with `dockerfile`"),
            ("context: web", "no `dockerfile`"),
            ("dockerfile: no/Dockerfile", "no/Dockerfile"),
            ("dockerfile: ''", "Dockerfile"),
        ] {
            let error = Project::parse(bad, folder.path()).unwrap_err().to_string();
            assert!(error.contains(says) || bad.ends_with("''"), "{bad}: {error}");
        }
    }
}
