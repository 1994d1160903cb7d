//! A real registry behind real token authentication.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imgbuild_token_proxy::{Options, TokenProxy};
use serde_json::json;
use tempfile::TempDir;

use super::registry::{Authentication, Registry};
use super::{base, require};

/// A registry and the token proxy in front of it; clients use the proxy's address.
///
/// Its users: `reader` with `readpw` may pull, `writer` with `writepw` may also push, `admin` with `adminpw` may also delete.
#[derive(Debug)]
pub struct TokenRegistry {
    proxy: TokenProxy,
    registry: Registry,
    folder: TempDir,
}

impl TokenRegistry {
    /// Starts both; a skip where `docker-registry` or `openssl` is not installed.
    ///
    /// # Panics
    /// Where one does not start.
    #[must_use]
    pub fn start(options: Options) -> Option<Self> {
        require("openssl")?;
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("cannot make a folder for keys: {error}"));
        let proxy = TokenProxy::start(folder.path(), options).unwrap_or_else(|error| panic!("cannot start the token proxy: {error}"));
        let registry = Registry::start(&Authentication::Token { realm: proxy.realm(), certificate: proxy.certificate_file().to_owned() })?;
        proxy.set_upstream(registry.address());
        Some(Self { proxy, registry, folder })
    }

    /// Starts both with the peers' JDK base pushed as `library/amazoncorretto:17`; a skip where something for it is missing.
    ///
    /// # Panics
    /// Where one does not start or the push fails.
    #[must_use]
    pub fn with_base() -> Option<Self> {
        let (base, skopeo) = (base()?, require("skopeo")?);
        let registry = Self::start(Options::default())?;
        skopeo.run([
            "copy",
            "--quiet",
            "--all",
            "--preserve-digests",
            "--dest-tls-verify=false",
            "--dest-creds=writer:writepw",
            &format!("oci:{}:17", base.display()),
            &format!("docker://{}/library/amazoncorretto:17", registry.address()),
        ]);
        registry.proxy.clear_log();
        Some(registry)
    }

    /// Where clients find it: `127.0.0.1:PORT`.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.proxy.address()
    }

    /// The proxy, with its access log and options.
    #[must_use]
    pub fn proxy(&self) -> &TokenProxy {
        &self.proxy
    }

    /// The registry, to be killed and started again.
    pub fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// A folder for `DOCKER_CONFIG` that holds the credentials of `reader`, `writer` or `admin`.
    ///
    /// # Panics
    /// Where there is no such user, or the folder cannot be written.
    #[must_use]
    pub fn credentials(&self, user: &str) -> std::path::PathBuf {
        let password = match user {
            "reader" => "readpw",
            "writer" => "writepw",
            "admin" => "adminpw",
            _ => panic!("no user `{user}`"),
        };
        let folder = self.folder.path().join(user);
        docker_config(&folder, self.address(), user, password);
        folder
    }
}

/// Writes a Docker `config.json` with one registry's credentials into `folder`.
///
/// # Panics
/// Where the folder cannot be written.
pub fn docker_config(folder: &Path, registry: SocketAddr, user: &str, password: &str) {
    let credentials = STANDARD.encode(format!("{user}:{password}"));
    let config = json!({ "auths": { registry.to_string(): { "auth": credentials } } });
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(folder.join("config.json"), config.to_string()))
        .unwrap_or_else(|error| panic!("cannot write `{}`: {error}", folder.display()));
}
