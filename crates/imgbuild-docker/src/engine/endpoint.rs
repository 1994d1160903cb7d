//! Which engine is meant: by option, environment or Docker's contexts.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Error, Host};

/// The context that stands for `DOCKER_HOST` or the engine of this machine.
const DEFAULT_CONTEXT: &str = "default";
/// A context's description and the client's configuration are small; more than this is something else.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// An engine's address, how TLS is spoken with it, and who said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// The address.
    pub host: Host,
    /// TLS, where the address is `tcp` and TLS is spoken.
    pub tls: Option<Tls>,
    /// Who named it, for messages: `--host`, `DOCKER_HOST`, the context `prod`.
    pub origin: String,
}

/// How TLS is spoken with an engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tls {
    /// The file with the authorities that may sign the engine's certificate; none takes the system's.
    pub authority: Option<PathBuf>,
    /// Our certificate and its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Whether any certificate of the engine will do.
    pub anybody: bool,
}

impl Endpoint {
    /// The engine at `host`, called `origin` in messages. TLS is spoken where the environment of Docker says so
    /// (`DOCKER_TLS_VERIFY`, `DOCKER_TLS`, `DOCKER_CERT_PATH`).
    ///
    /// # Errors
    /// When `host` is no address.
    pub fn at(host: &str, origin: &str) -> Result<Self, Error> {
        Environment(&variable).host(host, origin)
    }

    /// The engine that is meant: by `context`, by `host`, else by `DOCKER_HOST`, `DOCKER_CONTEXT`, the current context of
    /// Docker's client, else the one of this machine.
    ///
    /// # Errors
    /// When both are given, or what names the engine cannot be read.
    pub fn choose(host: Option<&str>, context: Option<&str>) -> Result<Self, Error> {
        Environment(&variable).choose(host, context)
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The variables of the environment; empty ones are not set.
struct Environment<'a>(&'a dyn Fn(&str) -> Option<String>);

impl Environment<'_> {
    fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    fn choose(&self, host: Option<&str>, context: Option<&str>) -> Result<Endpoint, Error> {
        match (host, context) {
            (Some(_), Some(_)) => return Err(Error::HostAndContext),
            (Some(host), None) => return self.host(host, "--host"),
            (None, Some(context)) => return self.context(context, "--context"),
            (None, None) => {}
        }
        if let Some(host) = self.get("DOCKER_HOST") {
            return self.host(&host, "DOCKER_HOST");
        }
        if let Some(context) = self.get("DOCKER_CONTEXT") {
            return self.context(&context, "DOCKER_CONTEXT");
        }
        match self.current_context()? {
            Some(context) => self.context(&context, "currentContext"),
            None => Ok(local()),
        }
    }

    fn host(&self, host: &str, origin: &str) -> Result<Endpoint, Error> {
        let address: Host = host.parse()?;
        let tls = match address {
            Host::Tcp { .. } if host.starts_with("http://") => None,
            Host::Tcp { .. } => self.tls().or_else(|| host.starts_with("https://").then(Tls::default)),
            _ => None,
        };
        Ok(Endpoint { host: address, tls, origin: origin.to_owned() })
    }

    /// A folder of certificates alone asks for TLS with a check: the careful reading of what Docker's programs read differently.
    fn tls(&self) -> Option<Tls> {
        let (verify, unverified, folder) = (self.get("DOCKER_TLS_VERIFY"), self.get("DOCKER_TLS"), self.get("DOCKER_CERT_PATH"));
        if verify.is_none() && unverified.is_none() && folder.is_none() {
            return None;
        }
        let folder = folder.map_or_else(|| self.folder(), PathBuf::from);
        let anybody = verify.is_none() && unverified.is_some();
        Some(Tls::in_folder(&folder, anybody))
    }

    fn context(&self, name: &str, origin: &str) -> Result<Endpoint, Error> {
        if name == DEFAULT_CONTEXT {
            return self.get("DOCKER_HOST").map_or_else(|| Ok(local()), |host| self.host(&host, "DOCKER_HOST"));
        }
        let fail = |reason: String| Error::Context { name: name.to_owned(), origin: origin.to_owned(), reason };
        let id = imgbuild::Digest::of(name.as_bytes()).hex().to_owned();
        let folder = self.folder().join("contexts");
        let path = folder.join("meta").join(&id).join("meta.json");
        let bytes = read(&path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => fail(format!("there is none of this name in `{}`", folder.display())),
            _ => fail(format!("`{}`: {error}", path.display())),
        })?;
        let meta: Meta = serde_json::from_slice(&bytes).map_err(|error| fail(format!("`{}`: {error}", path.display())))?;
        let docker = meta.endpoints.docker.ok_or_else(|| fail("it names no Docker Engine".to_owned()))?;
        let host: Host = if docker.host.is_empty() { Host::local() } else { docker.host.parse()? };
        let certificates = folder.join("tls").join(&id).join("docker");
        let tls = matches!(host, Host::Tcp { .. }) && (certificates.is_dir() || docker.skip_tls_verify);
        let tls = tls.then(|| Tls::in_folder(&certificates, docker.skip_tls_verify));
        Ok(Endpoint { host, tls, origin: format!("context `{name}`") })
    }

    fn current_context(&self) -> Result<Option<String>, Error> {
        let path = self.folder().join("config.json");
        let fail = |reason: String| Error::Configuration { path: path.clone(), reason };
        match read(&path) {
            Ok(bytes) => {
                let file: ConfigFile = serde_json::from_slice(&bytes).map_err(|error| fail(error.to_string()))?;
                Ok(file.current_context.filter(|name| !name.is_empty()))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(fail(error.to_string())),
        }
    }

    /// The folder of Docker's client.
    fn folder(&self) -> PathBuf {
        let home = || PathBuf::from(self.get("HOME").unwrap_or_else(|| "/".to_owned())).join(".docker");
        self.get("DOCKER_CONFIG").map_or_else(home, PathBuf::from)
    }
}

fn local() -> Endpoint {
    Endpoint { host: Host::local(), tls: None, origin: "the default".to_owned() }
}

impl Tls {
    /// What `ca.pem`, `cert.pem` and `key.pem` of a folder say; those that are missing say nothing.
    fn in_folder(folder: &Path, anybody: bool) -> Self {
        let file = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
        Self { authority: file("ca.pem"), identity: file("cert.pem").zip(file("key.pem")), anybody }
    }
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_FILE_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Meta {
    endpoints: Endpoints,
}

#[derive(Deserialize)]
struct Endpoints {
    docker: Option<ContextEndpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextEndpoint {
    #[serde(default)]
    host: String,
    #[serde(default, rename = "SkipTLSVerify")]
    skip_tls_verify: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConfigFile {
    current_context: Option<String>,
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
