//! TLS: whom we trust, and with which certificate we show ourselves.
//!
//! Every HTTP client gets a configuration of ours with an explicit provider, never the process's, which is the embedder's.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

/// Whom a client trusts, and with which certificate it shows itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Trust {
    /// Whose signatures are believed.
    pub authorities: Authorities,
    /// A PEM file with our certificate, and one with its key.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Whether any certificate will do. Its owner must have its key all the same.
    pub anybody: bool,
}

/// Whose signatures are believed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Authorities {
    /// The system's, and those in these PEM files.
    System {
        /// The files.
        and: Vec<PathBuf>,
    },
    /// Those in this PEM file alone: nobody else signs for a private host.
    Only(PathBuf),
}

impl Default for Authorities {
    fn default() -> Self {
        Self::System { and: Vec::new() }
    }
}

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// A file does not hold what it should.
    #[error("cannot read {what} in `{}`: {reason}", .path.display())]
    File {
        /// What should be in it.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        reason: String,
    },
    /// The parts do not fit together.
    #[error("cannot set up TLS: {0}")]
    Setup(String),
}

impl Trust {
    /// A client configuration that trusts accordingly. The files are read at once, the system's authorities when the first
    /// certificate must be judged: a host without TLS costs nothing.
    ///
    /// # Errors
    /// When a file cannot be used.
    // Hidden because its type is another crate's, which may change with every release: it serves imgbuild's own crates.
    #[doc(hidden)]
    pub fn configuration(&self) -> Result<ClientConfig, TrustError> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let (system, files) = match &self.authorities {
            Authorities::System { and } => (true, and.as_slice()),
            Authorities::Only(file) => (false, std::slice::from_ref(file)),
        };
        let mut named = Vec::new();
        for path in files {
            named.extend(certificates(path)?);
        }
        let verifier = Verifier { provider: Arc::clone(&provider), system, named, anybody: self.anybody, inner: OnceLock::new() };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TrustError::Setup(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let Some((certificate, key)) = &self.identity else { return Ok(builder.with_no_client_auth()) };
        let chain = certificates(certificate)?;
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("the private key", key, &error))?;
        builder.with_client_auth_cert(chain, secret).map_err(|error| unreadable("the client certificate", certificate, &error))
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(unreadable("certificates", path, &"it holds no PEM certificate")),
        Err(error) => Err(unreadable("certificates", path, &error)),
    }
}

fn unreadable(what: &'static str, path: &Path, reason: &dyn std::fmt::Display) -> TrustError {
    TrustError::File { what, path: path.to_owned(), reason: reason.to_string() }
}

/// Why a certificate is not trusted, in words for people.
#[doc(hidden)]
#[must_use]
pub fn describe_certificate(error: &CertificateError) -> String {
    use CertificateError as C;
    match error {
        C::UnknownIssuer => "no trusted authority signed it".to_owned(),
        C::Expired | C::ExpiredContext { .. } => "it has expired".to_owned(),
        C::NotValidYet | C::NotValidYetContext { .. } => "it is not valid yet (is the clock right?)".to_owned(),
        C::NotValidForName | C::NotValidForNameContext { .. } => "it is for another name".to_owned(),
        other => other.to_string(),
    }
}

#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    system: bool,
    named: Vec<CertificateDer<'static>>,
    anybody: bool,
    inner: OnceLock<Result<Arc<WebPkiServerVerifier>, String>>,
}

impl Verifier {
    fn inner(&self) -> Result<&WebPkiServerVerifier, rustls::Error> {
        let build = || {
            let mut roots = RootCertStore::empty();
            // A single unreadable certificate of the system must not lock out every host.
            if self.system {
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
            roots.add_parsable_certificates(self.named.iter().cloned());
            if roots.is_empty() {
                return Err("this system has no trusted authorities (install ca-certificates or set SSL_CERT_FILE)".to_owned());
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
                .build()
                .map_err(|error| error.to_string())
        };
        match self.inner.get_or_init(build) {
            Ok(verifier) => Ok(verifier.as_ref()),
            Err(reason) => {
                let error: Arc<dyn std::error::Error + Send + Sync> =
                    Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(reason.as_str()));
                Err(rustls::Error::InvalidCertificate(CertificateError::Other(rustls::OtherError(error))))
            }
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.anybody {
            return Ok(ServerCertVerified::assertion());
        }
        self.inner()?.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
