//! The key that signs tokens, and the certificate by which the registry knows it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};
use std::{fs, io};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::json;

use crate::grant::Scope;
use crate::{ISSUER, SERVICE};

/// An RSA key of this run.
#[derive(Debug)]
pub(crate) struct Signer {
    key: RsaKeyPair,
    /// Base64 of the certificate's DER form: the `x5c` member of each token's header.
    certificate: String,
    certificate_file: PathBuf,
}

impl Signer {
    /// Makes a key and a self-signed certificate in `folder`. The program `openssl` does it: `ring` makes no RSA keys.
    pub(crate) fn generate(folder: &Path) -> io::Result<Self> {
        let (key_file, certificate_file) = (folder.join("key.pem"), folder.join("certificate.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=imgbuild peer", "-keyout"])
            .arg(&key_file)
            .arg("-out")
            .arg(&certificate_file)
            .stdin(Stdio::null())
            .output()?;
        if !made.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&made.stderr).into_owned()));
        }
        let certificate = pem_body(&fs::read_to_string(&certificate_file)?);
        let key = STANDARD.decode(pem_body(&fs::read_to_string(&key_file)?)).map_err(io::Error::other)?;
        let key = RsaKeyPair::from_pkcs8(&key).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self { key, certificate, certificate_file })
    }

    /// The certificate's PEM file, which the registry trusts.
    pub(crate) fn certificate_file(&self) -> &Path {
        &self.certificate_file
    }

    /// A token for `subject`, valid from now on for `ttl`.
    pub(crate) fn token(&self, subject: &str, access: &[Scope], ttl: Duration) -> io::Result<String> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_err(io::Error::other)?.as_secs();
        let header = json!({ "alg": "RS256", "typ": "JWT", "x5c": [self.certificate] });
        let claims = json!({
            "iss": ISSUER,
            "sub": subject,
            // A string: distribution 2.8 rejects the list that RFC 7519 allows here.
            "aud": SERVICE,
            "iat": now,
            "nbf": now,
            "exp": now + ttl.as_secs(),
            "access": access,
        });
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| io::Error::other("cannot sign a token"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// The user that a token of ours was issued to. The signature is the registry's to check.
pub(crate) fn subject(token: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    Some(claims.get("sub")?.as_str()?.to_owned())
}

/// The base64 text between the first pair of PEM lines.
fn pem_body(pem: &str) -> String {
    pem.lines().skip_while(|line| !line.starts_with("-----BEGIN")).skip(1).take_while(|line| !line.starts_with("-----END")).collect()
}
