//! The credentials that Docker's and podman's own tools use.

use std::path::{Path, PathBuf};

use crate::blob::BoxFuture;

use super::config_file::{ConfigFile, key_of, shown};
use super::credentials::{Credentials, CredentialsError, Found, Lookup};
use super::program::Program;

/// `DOCKER_AUTH_CONFIG`, Docker's `config.json` and podman's `auth.json`, in this order.
///
/// Files are read when they are asked, so that a login in between counts.
#[derive(Debug, Clone, Default)]
pub struct DockerCredentials {
    inline: Option<super::super::secret::Secret>,
    config: Option<PathBuf>,
    others: Vec<PathBuf>,
    programs: Option<PathBuf>,
}

impl DockerCredentials {
    /// What the environment names: `DOCKER_AUTH_CONFIG`, `DOCKER_CONFIG` or `~/.docker`, `REGISTRY_AUTH_FILE` or podman's own places.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from_variables(
            |name| std::env::var_os(name).filter(|value| !value.is_empty()).and_then(|value| value.into_string().ok()),
            std::env::home_dir().as_deref(),
        )
    }

    /// A `config.json` at this path and nothing else.
    #[must_use]
    pub fn from_file(config: impl Into<PathBuf>) -> Self {
        Self { config: Some(config.into()), ..Self::default() }
    }

    /// Starts credential programs from this folder instead of from PATH.
    #[must_use]
    pub fn programs_in(mut self, folder: impl Into<PathBuf>) -> Self {
        self.programs = Some(folder.into());
        self
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>, home: Option<&Path>) -> Self {
        let below_home = |path: &str| home.map(|home| home.join(path));
        let config =
            variable("DOCKER_CONFIG").map(PathBuf::from).or_else(|| below_home(".docker")).map(|folder| folder.join("config.json"));
        let others = if let Some(file) = variable("REGISTRY_AUTH_FILE") {
            vec![PathBuf::from(file)]
        } else {
            let running = variable("XDG_RUNTIME_DIR").map(PathBuf::from);
            let settings = variable("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| below_home(".config"));
            running.into_iter().chain(settings).map(|folder| folder.join("containers/auth.json")).collect()
        };
        let inline = variable("DOCKER_AUTH_CONFIG").map(super::super::secret::Secret::new);
        Self { inline, config, others, programs: None }
    }

    /// The `config.json` that a login writes.
    pub(super) fn config_path(&self) -> Result<&Path, CredentialsError> {
        let missing = || CredentialsError::Invalid("there is no home folder for `config.json`; set DOCKER_CONFIG".to_owned());
        self.config.as_deref().ok_or_else(missing)
    }

    /// The program that keeps a registry's credentials, where the file names one.
    pub(super) fn program<'a>(&'a self, name: &str, source: &'a str) -> Result<Program<'a>, CredentialsError> {
        Program::new(name, source, self.programs.as_deref())
    }

    async fn look(&self, domain: &str, path: &str) -> Result<Lookup, CredentialsError> {
        let mut lookup = Lookup::default();
        if let Some(inline) = &self.inline {
            let file = ConfigFile::parse(inline.reveal().as_bytes(), "DOCKER_AUTH_CONFIG")
                .map_err(|reason| CredentialsError::Invalid(format!("DOCKER_AUTH_CONFIG cannot be read: {reason}")))?;
            if self.look_into(&file, domain, path, &mut lookup).await? {
                return Ok(lookup);
            }
        }
        for place in self.config.iter().chain(&self.others) {
            let name = shown(place);
            match ConfigFile::read(place, &name)? {
                None => lookup.looked.push(format!("{name} (absent)")),
                Some(file) => {
                    if self.look_into(&file, domain, path, &mut lookup).await? {
                        break;
                    }
                }
            }
        }
        Ok(lookup)
    }

    async fn look_into(&self, file: &ConfigFile, domain: &str, path: &str, lookup: &mut Lookup) -> Result<bool, CredentialsError> {
        if let Some((name, source)) = file.program(domain) {
            lookup.looked.push(source.clone());
            if let Some(credential) = self.program(&name, &source)?.get(key_of(domain)).await? {
                lookup.found = Some(Found { credential, source });
                return Ok(true);
            }
        }
        lookup.looked.push(format!("auths of {}", file.name));
        lookup.found = file.entry(domain, path)?.map(|(credential, source)| Found { credential, source });
        Ok(lookup.found.is_some())
    }
}

impl Credentials for DockerCredentials {
    fn find<'a>(&'a self, domain: &'a str, path: &'a str) -> BoxFuture<'a, Result<Lookup, CredentialsError>> {
        Box::pin(self.look(domain, path))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::credentials::Credential;
    use super::*;

    struct Place(tempfile::TempDir);

    impl Place {
        fn new() -> Self {
            Self(tempfile::tempdir().unwrap())
        }

        fn write(&self, name: &str, content: &str) -> PathBuf {
            let path = self.0.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, content).unwrap();
            path
        }

        fn program(&self, name: &str, answer: &str) {
            let path = self.write(&format!("docker-credential-{name}"), &format!("#!/bin/sh\n{answer}\n"));
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }

        fn credentials(&self, variables: &[(&str, &str)]) -> DockerCredentials {
            let value = |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            DockerCredentials::from_variables(value, Some(self.0.path())).programs_in(self.0.path())
        }
    }

    /// `u1:p` and so on.
    const U1: &str = r#"{"auth":"dTE6cA=="}"#;
    const U2: &str = r#"{"auth":"dTI6cA=="}"#;

    async fn user(credentials: &DockerCredentials, domain: &str) -> Option<String> {
        match credentials.find(domain, "a/b").await.unwrap().found?.credential {
            Credential::Password { user, .. } => Some(user),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn sources_are_asked_in_dockers_order() {
        let place = Place::new();
        place.program("own", r#"echo '{"Username":"own","Secret":"s"}'"#);
        place.program("all", r#"echo '{"Username":"all","Secret":"s"}'"#);
        place.write(
            ".docker/config.json",
            &format!(r#"{{"credHelpers":{{"own.example":"own"}},"credsStore":"all","auths":{{"own.example":{U1},"all.example":{U1}}}}}"#),
        );
        let credentials = place.credentials(&[]);
        assert_eq!(user(&credentials, "own.example").await.as_deref(), Some("own"));
        assert_eq!(user(&credentials, "all.example").await.as_deref(), Some("all"));
        let inline = format!(r#"{{"auths":{{"all.example":{U2}}}}}"#);
        let credentials = place.credentials(&[("DOCKER_AUTH_CONFIG", &inline)]);
        assert_eq!(user(&credentials, "all.example").await.as_deref(), Some("u2"));
        assert_eq!(user(&credentials, "own.example").await.as_deref(), Some("own"));
        let source = credentials.find("own.example", "a").await.unwrap().found.unwrap().source;
        assert!(source.starts_with("credHelpers.own of ") && source.ends_with(".docker/config.json"), "{source}");
    }

    #[tokio::test]
    async fn podmans_file_is_asked_last() {
        let place = Place::new();
        place.write(".docker/config.json", &format!(r#"{{"auths":{{"r.example":{U1}}}}}"#));
        place.write(".config/containers/auth.json", &format!(r#"{{"auths":{{"r.example":{U2},"p.example/a":{U2}}}}}"#));
        let credentials = place.credentials(&[]);
        assert_eq!(user(&credentials, "r.example").await.as_deref(), Some("u1"));
        assert_eq!(user(&credentials, "p.example").await.as_deref(), Some("u2"));
        let other = place.write("other.json", &format!(r#"{{"auths":{{"p.example":{U1}}}}}"#));
        let credentials = place.credentials(&[("REGISTRY_AUTH_FILE", other.to_str().unwrap())]);
        assert_eq!(user(&credentials, "p.example").await.as_deref(), Some("u1"));
    }

    #[tokio::test]
    async fn a_program_that_fails_is_never_the_same_as_no_credentials() {
        let place = Place::new();
        place.program("broken", "exit 3");
        place.write(".docker/config.json", &format!(r#"{{"credHelpers":{{"h.example":"broken","m.example":"missing","e.example":"../evil"}},"auths":{{"h.example":{U1},"m.example":{U1},"e.example":{U1}}}}}"#));
        let credentials = place.credentials(&[]);
        for domain in ["h.example", "m.example", "e.example"] {
            let error = credentials.find(domain, "a").await.unwrap_err();
            assert!(error.to_string().contains("credHelpers."), "{error}");
        }
        assert_eq!(user(&credentials, "other.example").await, None);
    }

    #[tokio::test]
    async fn every_place_that_was_looked_at_is_named() {
        let place = Place::new();
        place.write(".docker/config.json", "{}");
        let looked = place.credentials(&[]).find("r.example", "a").await.unwrap().looked;
        assert!(looked[0].ends_with(".docker/config.json") && looked[1].ends_with("auth.json (absent)"), "{looked:?}");
    }
}
