//! Docker's `config.json` and podman's `auth.json`: which entry is for which registry.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::super::secret::Secret;
use super::credentials::{Credential, CredentialsError};
use crate::oci::DOCKER_HUB;

/// Docker Hub's key, from the days of its first index.
pub(super) const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// Docker writes padding, other tools do not.
const BASE64: GeneralPurpose =
    GeneralPurpose::new(&STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));

/// The key under which Docker and its programs keep a registry's credentials.
pub(super) fn key_of(domain: &str) -> &str {
    if domain == DOCKER_HUB { DOCKER_HUB_KEY } else { domain }
}

/// A configuration as it was read; keys that are not known are kept.
#[derive(Debug, Clone, Default)]
pub(super) struct ConfigFile {
    pub(super) document: Map<String, Value>,
    /// What it is called in messages.
    pub(super) name: String,
}

/// A registry's domain, and the repository path where an entry is for a part of it.
#[derive(Debug, PartialEq, Eq)]
struct Key<'a> {
    host: &'a str,
    path: &'a str,
    /// Whether it has the form of Docker's old keys, whose path is that of an API.
    is_url: bool,
}

impl<'a> Key<'a> {
    fn parse(key: &'a str) -> Self {
        let bare = key.strip_prefix("https://").or_else(|| key.strip_prefix("http://"));
        let (host, path) = bare.unwrap_or(key).split_once('/').unwrap_or((bare.unwrap_or(key), ""));
        let path = path.trim_matches('/');
        let is_api = bare.is_some() || matches!(path, "v1" | "v2");
        let host = if matches!(host, "index.docker.io" | "registry-1.docker.io") { DOCKER_HUB } else { host };
        Self { host, path: if is_api { "" } else { path }, is_url: bare.is_some() }
    }

    /// Whether the entry is for this repository: for its registry, or for a part of that which holds it.
    fn is_for(&self, domain: &str, path: &str) -> bool {
        let inside = self.path.is_empty() || path == self.path || path.strip_prefix(self.path).is_some_and(|rest| rest.starts_with('/'));
        self.host == domain && inside
    }
}

impl ConfigFile {
    /// Reads a file; nothing where there is none.
    pub(super) fn read(path: &Path, name: &str) -> Result<Option<Self>, CredentialsError> {
        let failed = |reason: String| CredentialsError::File { action: "read", path: path.to_owned(), reason };
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => return Ok(None),
            Err(error) => return Err(failed(error.to_string())),
        };
        Self::parse(&text, name).map(Some).map_err(failed)
    }

    /// Reads a document. Its errors quote nothing of it.
    pub(super) fn parse(text: &[u8], name: &str) -> Result<Self, String> {
        if text.trim_ascii().is_empty() {
            return Ok(Self { document: Map::new(), name: name.to_owned() });
        }
        match serde_json::from_slice(text) {
            Ok(Value::Object(document)) => Ok(Self { document, name: name.to_owned() }),
            Ok(_) => Err("it is no JSON object".to_owned()),
            Err(error) => Err(format!("it is no valid JSON at line {}, column {}", error.line(), error.column())),
        }
    }

    /// The credential program of a registry, and what names it: its own, else the one for all.
    pub(super) fn program(&self, domain: &str) -> Option<(String, String)> {
        let own = self
            .section("credHelpers")
            .and_then(|helpers| helpers.iter().find(|(key, _)| Key::parse(key).is_for(domain, "")).and_then(|(_, name)| name.as_str()));
        if let Some(name) = own.filter(|name| !name.is_empty()) {
            return Some((name.to_owned(), format!("credHelpers.{name} of {}", self.name)));
        }
        let store = self.document.get("credsStore").and_then(Value::as_str).filter(|name| !name.is_empty())?;
        Some((store.to_owned(), format!("credsStore {store} of {}", self.name)))
    }

    /// The credential that is written in the file itself: the entry for the longest part of the repository's name.
    pub(super) fn entry(&self, domain: &str, path: &str) -> Result<Option<(Credential, String)>, CredentialsError> {
        let Some(entries) = self.section("auths") else { return Ok(None) };
        let mut fitting: Vec<(Key<'_>, &str, &Value)> = entries
            .iter()
            .map(|(key, value)| (Key::parse(key), key.as_str(), value))
            .filter(|(key, _, _)| key.is_for(domain, path))
            .collect();
        // The key that Docker writes today wins over its older forms.
        fitting.sort_by_key(|(key, text, _)| (std::cmp::Reverse(key.path.len()), *text != key_of(domain), key.is_url));
        for (_, key, value) in fitting {
            let credential =
                decode(value).map_err(|reason| CredentialsError::Invalid(format!("the entry `{key}` in {} {reason}", self.name)))?;
            if let Some(credential) = credential {
                return Ok(Some((credential, format!("auths of {}", self.name))));
            }
        }
        Ok(None)
    }

    /// The keys of all entries for a registry as a whole.
    pub(super) fn keys(&self, domain: &str) -> Vec<String> {
        let entries = self.section("auths").into_iter().flatten();
        entries.map(|(key, _)| key).filter(|key| Key::parse(key).is_for(domain, "")).cloned().collect()
    }

    fn section(&self, name: &str) -> Option<&Map<String, Value>> {
        self.document.get(name).and_then(Value::as_object)
    }
}

fn decode(entry: &Value) -> Result<Option<Credential>, &'static str> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    if let Some(token) = text("registrytoken") {
        return Ok(Some(Credential::RegistryToken(Secret::new(token))));
    }
    if let Some(token) = text("identitytoken") {
        return Ok(Some(Credential::IdentityToken(Secret::new(token))));
    }
    if let Some(auth) = text("auth") {
        let bytes = BASE64.decode(auth.trim()).map_err(|_| "has an `auth` that is not base64")?;
        let decoded = String::from_utf8(bytes).map_err(|_| "has an `auth` that is not text")?;
        let (user, password) = decoded.split_once(':').ok_or("has an `auth` without `:`")?;
        return Ok(Some(credential(user, password.trim_matches('\0'))));
    }
    Ok(text("username").zip(text("password")).map(|(user, password)| credential(user, password)))
}

/// A user and a secret; the user `<token>` says that the secret is an identity token.
pub(super) fn credential(user: &str, secret: &str) -> Credential {
    match user {
        "<token>" => Credential::IdentityToken(Secret::new(secret)),
        user => Credential::Password { user: user.to_owned(), password: Secret::new(secret) },
    }
}

/// A path as messages show it, with the home folder as `~`.
pub(super) fn shown(path: &Path) -> String {
    let home: Option<PathBuf> = std::env::home_dir();
    match home.as_deref().and_then(|home| path.strip_prefix(home).ok()) {
        Some(rest) => format!("~/{}", rest.display()),
        None => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(document: &str, domain: &str, path: &str) -> Option<String> {
        let file = ConfigFile::parse(document.as_bytes(), "the file").unwrap();
        match file.entry(domain, path).unwrap()?.0 {
            Credential::Password { user, .. } => Some(user),
            other => Some(format!("{other:?}")),
        }
    }

    fn entry(user: &str) -> String {
        format!(r#"{{"auth":"{}"}}"#, BASE64.encode(format!("{user}:canary")))
    }

    #[test]
    fn the_vectors_keys_name_their_hosts() {
        let vectors: Value = serde_json::from_str(include_str!("../../../../../fixtures/vectors/auth.json")).unwrap();
        for case in vectors["auth_key_hostname"].as_array().unwrap() {
            let key = Key::parse(case["key"].as_str().unwrap());
            assert!(key.is_for(case["hostname"].as_str().unwrap(), "any/thing"), "{case}");
        }
    }

    #[test]
    fn docker_hub_is_found_under_all_its_names() {
        for key in [
            "https://index.docker.io/v1/",
            "index.docker.io/v1/",
            "index.docker.io",
            "docker.io",
            "https://registry-1.docker.io/v2/",
            "http://index.docker.io",
        ] {
            let document = format!(r#"{{"auths":{{"{key}":{}}}}}"#, entry("hub"));
            assert_eq!(found(&document, "docker.io", "koin/api").as_deref(), Some("hub"), "{key}");
            assert_eq!(found(&document, "quay.io", "koin/api"), None, "{key}");
        }
        let document =
            |first: &str, second: &str| format!(r#"{{"auths":{{"{first}":{},"{second}":{}}}}}"#, entry("first"), entry("second"));
        let key = "https://index.docker.io/v1/";
        assert_eq!(found(&document(key, "docker.io"), "docker.io", "a").as_deref(), Some("first"), "the key that Docker writes wins");
        assert_eq!(found(&document("docker.io", key), "docker.io", "a").as_deref(), Some("second"));
    }

    #[test]
    fn the_longest_path_wins_and_no_other_registry_answers() {
        let document = format!(
            r#"{{"auths":{{"r.example":{},"r.example/team/app":{},"r.example/team":{},"r.example.evil":{},"example":{}}}}}"#,
            entry("all"),
            entry("app"),
            entry("team"),
            entry("evil"),
            entry("evil")
        );
        for (path, user) in [("team/app", "app"), ("team/app/x", "app"), ("team/apple", "team"), ("other", "all")] {
            assert_eq!(found(&document, "r.example", path).as_deref(), Some(user), "{path}");
        }
        assert_eq!(found(&document, "sub.r.example", "team/app"), None);
    }

    #[test]
    fn every_form_of_an_entry_is_read() {
        for (value, expected) in [
            (r#"{"auth":"dTpwOnc="}"#, Some("u")),
            (r#"{"auth":"dTpwOnc"}"#, Some("u")),
            (r#"{"username":"u","password":"p"}"#, Some("u")),
            (r#"{"auth":"PHRva2VuPjp4"}"#, Some("IdentityToken(***)")),
            (r#"{"auth":"dTo=","identitytoken":"canary"}"#, Some("IdentityToken(***)")),
            (r#"{"registrytoken":"canary"}"#, Some("RegistryToken(***)")),
            ("{}", None),
        ] {
            let document = format!(r#"{{"auths":{{"r.example":{value}}}}}"#);
            assert_eq!(found(&document, "r.example", "a").as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn an_empty_name_names_no_program() {
        let file = |text: &str| ConfigFile::parse(text.as_bytes(), "the file").unwrap();
        assert_eq!(file(r#"{"credsStore":"","credHelpers":{"r.example":""}}"#).program("r.example"), None);
        let program = file(r#"{"credsStore":"all","credHelpers":{"r.example":""}}"#).program("r.example");
        assert_eq!(program, Some(("all".to_owned(), "credsStore all of the file".to_owned())));
    }

    #[test]
    fn a_file_that_is_there_and_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config.json");
        std::fs::write(&file, "{}").unwrap();
        assert!(ConfigFile::read(&file, "it").unwrap().is_some());
        for absent in [folder.path().join("none"), file.join("below")] {
            assert!(ConfigFile::read(&absent, "it").unwrap().is_none(), "{}", absent.display());
        }
        let error = ConfigFile::read(folder.path(), "it").unwrap_err().to_string();
        assert!(error.starts_with(&format!("cannot read `{}`: ", folder.path().display())), "{error}");
    }

    #[test]
    fn damaged_files_and_entries_are_errors_that_quote_nothing() {
        for text in [
            r#"{"auths": canary}"#,
            r#"["canary"]"#,
            r#"{"auths":{"r.example":{"auth":"canary!"}}}"#,
            r#"{"auths":{"r.example":{"auth":"Y2FuYXJ5"}}}"#,
        ] {
            let error = match ConfigFile::parse(text.as_bytes(), "the file") {
                Err(reason) => reason,
                Ok(file) => file.entry("r.example", "a").unwrap_err().to_string(),
            };
            assert!(!error.contains("canary"), "{error}");
        }
    }
}
