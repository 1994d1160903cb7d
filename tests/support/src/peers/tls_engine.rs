//! A Docker Engine on TCP that demands client certificates, and the certificates for it.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tempfile::TempDir;

use super::Engine;
use super::engine::EngineOptions;
use super::process::free_address;

/// A running engine with TLS.
#[derive(Debug)]
pub struct TlsEngine {
    port: u16,
    _engine: Engine,
    folder: TempDir,
}

impl TlsEngine {
    /// Starts one; a skip where Docker is not installed or we are not root.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("cannot make a folder for certificates: {error}"));
        certificates(folder.path()).unwrap_or_else(|error| panic!("cannot make certificates: {error}"));
        let port = free_address().port();
        let file = |option: &str, name: &str| format!("--{option}={}", folder.path().join(name).display());
        let arguments = vec![
            format!("--host=tcp://127.0.0.1:{port}"),
            "--tlsverify".to_owned(),
            file("tlscacert", "good/ca.pem"),
            file("tlscert", "server/cert.pem"),
            file("tlskey", "server/key.pem"),
        ];
        let engine = Engine::start_with(&EngineOptions { inside: Vec::new(), arguments })?;
        Some(Self { port, _engine: engine, folder })
    }

    /// `tcp://127.0.0.1:PORT`.
    #[must_use]
    pub fn host(&self) -> String {
        format!("tcp://127.0.0.1:{}", self.port)
    }

    /// A folder with `ca.pem`, `cert.pem` and `key.pem` that the engine accepts.
    #[must_use]
    pub fn certificates(&self) -> PathBuf {
        self.folder.path().join("good")
    }

    /// The same with a certificate that somebody else signed.
    #[must_use]
    pub fn refused_certificates(&self) -> PathBuf {
        self.folder.path().join("refused")
    }

    /// The same with the authority of somebody else, which did not sign the engine's certificate.
    #[must_use]
    pub fn strange_authority(&self) -> PathBuf {
        self.folder.path().join("strange")
    }
}

fn certificates(folder: &Path) -> Result<(), Box<dyn Error>> {
    for name in ["good", "refused", "strange", "server"] {
        fs::create_dir(folder.join(name))?;
    }
    let (own, own_pem) = authority("engine")?;
    let (other, other_pem) = authority("somebody else")?;
    leaf(&folder.join("server"), &own, ExtendedKeyUsagePurpose::ServerAuth)?;
    for (name, issuer, authority) in [("good", &own, &own_pem), ("refused", &other, &own_pem), ("strange", &own, &other_pem)] {
        fs::write(folder.join(name).join("ca.pem"), authority)?;
        leaf(&folder.join(name), issuer, ExtendedKeyUsagePurpose::ClientAuth)?;
    }
    Ok(())
}

fn authority(name: &str) -> Result<(Issuer<'static, KeyPair>, String), Box<dyn Error>> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, format!("imgbuild test authority of {name}"));
    let key = KeyPair::generate()?;
    let pem = authority.self_signed(&key)?.pem();
    Ok((Issuer::new(authority, key), pem))
}

fn leaf(folder: &Path, issuer: &Issuer<'_, KeyPair>, usage: ExtendedKeyUsagePurpose) -> Result<(), Box<dyn Error>> {
    let mut leaf = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    leaf.extended_key_usages = vec![usage];
    let key = KeyPair::generate()?;
    fs::write(folder.join("cert.pem"), leaf.signed_by(&key, issuer)?.pem())?;
    fs::write(folder.join("key.pem"), key.serialize_pem())?;
    Ok(())
}
