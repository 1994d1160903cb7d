//! TLS: whom we trust, and with which certificate we show ourselves.
//!
//! Every HTTP client gets a configuration of its own with an explicit provider. The system's authorities are read when
//! the first certificate must be judged, so that a registry without TLS costs nothing.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::super::Error;

/// What one host needs beyond the system's authorities.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Trust {
    /// Files of authorities to trust as well.
    pub(crate) authorities: Vec<PathBuf>,
    /// A certificate and its key to show to the host.
    pub(crate) identity: Option<(PathBuf, PathBuf)>,
    /// Whether any certificate will do.
    pub(crate) anybody: bool,
}

impl Trust {
    /// What Docker's `certs.d/HOST` folders say of a host: `*.crt` are authorities, `*.cert` with `*.key` is for us.
    pub(crate) fn of_host(host: &str, folders: &[PathBuf], ca_file: Option<&Path>, anybody: bool) -> Self {
        let mut trust = Self { authorities: ca_file.map(Path::to_owned).into_iter().collect(), identity: None, anybody };
        for folder in folders {
            let Ok(entries) = std::fs::read_dir(folder.join(host)) else { continue };
            let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
            paths.sort();
            let has = |path: &Path, extension: &str| path.extension().is_some_and(|own| own == extension);
            trust.authorities.extend(paths.iter().filter(|path| has(path, "crt")).cloned());
            let pair = paths.iter().filter(|path| has(path, "cert")).map(|path| (path.clone(), path.with_extension("key")));
            trust.identity = trust.identity.or_else(|| pair.into_iter().next());
        }
        trust
    }

    /// A client configuration that trusts accordingly.
    pub(crate) fn configuration(&self) -> Result<ClientConfig, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut extra = Vec::new();
        for path in &self.authorities {
            extra.extend(certificates(path)?);
        }
        let verifier = Verifier { provider: Arc::clone(&provider), extra, anybody: self.anybody, inner: OnceLock::new() };
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| Error::Input(format!("cannot set up TLS: {error}")))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut configuration = match &self.identity {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let chain = certificates(certificate)?;
                let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable("the private key", key, &error))?;
                builder.with_client_auth_cert(chain, secret).map_err(|error| unreadable("the client certificate", certificate, &error))?
            }
        };
        configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(configuration)
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(unreadable("certificates", path, &"it holds no PEM certificate")),
        Err(error) => Err(unreadable("certificates", path, &error)),
    }
}

fn unreadable(what: &str, path: &Path, reason: &dyn std::fmt::Display) -> Error {
    Error::Input(format!("cannot read {what} in `{}`: {reason}", path.display()))
}

#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    extra: Vec<CertificateDer<'static>>,
    anybody: bool,
    inner: OnceLock<Result<Arc<WebPkiServerVerifier>, String>>,
}

impl Verifier {
    fn inner(&self) -> Result<&WebPkiServerVerifier, rustls::Error> {
        let build = || {
            let mut roots = RootCertStore::empty();
            // A single unreadable certificate of the system must not lock out every registry.
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            roots.add_parsable_certificates(self.extra.iter().cloned());
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
#[path = "tls_tests.rs"]
mod tests;
