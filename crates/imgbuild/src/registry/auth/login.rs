//! Storing and forgetting credentials where Docker's tools find them.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::super::Error;
use super::super::client::Client;
use super::super::error::{Denied, Why};
use super::super::secret::Secret;
use super::super::transport::{Endpoint, Request};
use super::config_file::{ConfigFile, key_of, shown};
use super::credentials::{Anonymous, Credential, CredentialsError, StaticCredentials};
use super::docker::DockerCredentials;
use super::scope::Scopes;
use crate::oci::Reference;

impl Client {
    /// Checks a user's password or access token against `registry` and stores it: in the credential program that `config.json`
    /// names for this registry, else in that file. Says where.
    ///
    /// # Errors
    /// When the registry does not accept it, in which case nothing is stored, or when it cannot be stored.
    pub async fn login(&self, store: &DockerCredentials, registry: &str, user: &str, password: &Secret) -> Result<String, Error> {
        let place = registry_of(registry)?;
        // Basic authentication ends the user's name at the first colon (RFC 7617, section 2).
        if user.is_empty() || user.contains(':') || user.contains(char::is_control) {
            return Err(Error::Input(format!("`{}` is no user name: it is not empty and has no `:`", user.escape_default())));
        }
        if password.reveal().is_empty() {
            return Err(Error::Input("the password is empty".to_owned()));
        }
        self.check(&place, user, password).await?;
        let path = real_path(store.config_path()?);
        let mut file = ConfigFile::read(&path, &shown(&path))?.unwrap_or_default();
        let key = key_of(place.domain());
        if let Some((name, source)) = file.program(place.domain()) {
            store.program(&name, &source)?.store(key, user, password).await?;
            return Ok(source);
        }
        let encoded = BASE64_STANDARD.encode(format!("{user}:{}", password.reveal()));
        entries(&mut file).insert(key.to_owned(), json!({ "auth": encoded }));
        write(&path, &file.document)?;
        Ok(shown(&path))
    }

    /// Forgets the credentials of `registry`, in its credential program and in `config.json`. Names the places that had any.
    ///
    /// # Errors
    /// When the program fails or the file cannot be written.
    pub async fn logout(&self, store: &DockerCredentials, registry: &str) -> Result<Vec<String>, Error> {
        let place = registry_of(registry)?;
        let path = real_path(store.config_path()?);
        let mut places = Vec::new();
        let Some(mut file) = ConfigFile::read(&path, &shown(&path))? else { return Ok(places) };
        if let Some((name, source)) = file.program(place.domain())
            && store.program(&name, &source)?.erase(key_of(place.domain())).await?
        {
            places.push(source);
        }
        let keys = file.keys(place.domain());
        for key in &keys {
            entries(&mut file).shift_remove(key);
        }
        if !keys.is_empty() {
            write(&path, &file.document)?;
            places.push(shown(&path));
        }
        Ok(places)
    }

    async fn check(&self, place: &Reference, user: &str, password: &Secret) -> Result<(), Error> {
        let credential = Credential::Password { user: user.to_owned(), password: password.clone() };
        let credentials = StaticCredentials::new(place.domain(), credential, "this login", Anonymous);
        let endpoint = Endpoint::new(place.domain(), place.registry_host()).with_credentials(Arc::new(credentials));
        let base = endpoint.base(self.transport()).await?;
        let url = base.join("v2/").map_err(|error| Error::Input(error.to_string()))?;
        let request = Request::new(Method::GET, url).access("", Scopes::default());
        match self.transport().send(&endpoint, &request).await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(self.transport().refuse(&endpoint, &request, answer).await),
            // The token server knows the user; a token for nothing opens no door.
            Err(Error::Denied(denied)) if matches!(*denied, Denied { why: Why::MissingScope, .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Reads a registry as users write it: `docker.io`, `https://index.docker.io/v1/`, `ghcr.io`.
fn registry_of(text: &str) -> Result<Reference, Error> {
    let bare = text.trim_start_matches("https://").trim_start_matches("http://");
    let host = bare.split('/').next().unwrap_or_default();
    let host = if host.contains(['.', ':']) || host == "localhost" { host } else { "" };
    format!("{host}/login/check").parse().map_err(|_| Error::Input(format!("`{text}` is no registry; write its host, such as `docker.io`")))
}

/// The file itself where the path is a link, so that writing it does not replace the link.
fn real_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

fn entries(file: &mut ConfigFile) -> &mut Map<String, Value> {
    let entry = file.document.entry("auths").or_insert_with(|| json!({}));
    if !entry.is_object() {
        *entry = json!({});
    }
    match entry {
        Value::Object(entries) => entries,
        _ => unreachable!("it was made an object above"),
    }
}

/// Writes the file at once as a whole, for its owner alone.
fn write(path: &Path, document: &Map<String, Value>) -> Result<(), CredentialsError> {
    let failed = |reason: String| CredentialsError::File { action: "write", path: path.to_owned(), reason };
    let folder = path.parent().unwrap_or(Path::new("."));
    let store = || -> std::io::Result<()> {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let mut file =
            tempfile::Builder::new().prefix(".config.json.").permissions(std::fs::Permissions::from_mode(0o600)).tempfile_in(folder)?;
        // Docker writes tabs, so a file under version control shows only what changed.
        let mut serializer = serde_json::Serializer::with_formatter(Vec::new(), serde_json::ser::PrettyFormatter::with_indent(b"\t"));
        serde::Serialize::serialize(document, &mut serializer)?;
        file.write_all(&serializer.into_inner())?;
        file.write_all(b"\n")?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    store().map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_read_as_users_write_it() {
        for (text, domain) in [
            ("docker.io", Some("docker.io")),
            ("https://index.docker.io/v1/", Some("docker.io")),
            ("http://r.example:5000", Some("r.example:5000")),
            ("ghcr.io/koin/api", Some("ghcr.io")),
            ("localhost", Some("localhost")),
            ("registry:5000", Some("registry:5000")),
            ("hub", None),
            ("", None),
            ("a b.example", None),
        ] {
            assert_eq!(registry_of(text).ok().as_ref().map(Reference::domain), domain, "{text}");
        }
    }
}
