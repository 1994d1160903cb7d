//! TLS with an engine: a configuration of our own with an explicit provider, as every client of imgbuild has.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::{Error, Tls};

impl Tls {
    /// A client configuration that trusts accordingly.
    pub(super) fn configuration(&self, host: &str) -> Result<ClientConfig, Error> {
        let fail = |reason: String| Error::Tls { host: host.to_owned(), reason };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| fail(error.to_string()))?;
        let builder = if self.anybody {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        } else {
            let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(self.roots(host)?), provider);
            builder.with_webpki_verifier(verifier.build().map_err(|error| fail(error.to_string()))?)
        };
        let Some((certificate, key)) = &self.identity else { return Ok(builder.with_no_client_auth()) };
        let chain = certificates(certificate, host)?;
        let secret =
            PrivateKeyDer::from_pem_file(key).map_err(|error| fail(format!("cannot read the key `{}`: {error}", key.display())))?;
        builder.with_client_auth_cert(chain, secret).map_err(|error| fail(format!("`{}`: {error}", certificate.display())))
    }

    /// The engine's own authority alone where there is one: nobody else signs for a private engine.
    fn roots(&self, host: &str) -> Result<RootCertStore, Error> {
        let mut roots = RootCertStore::empty();
        match &self.authority {
            Some(file) => roots.add_parsable_certificates(certificates(file, host)?),
            None => roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
        };
        if roots.is_empty() {
            let reason = "there is no authority to check its certificate with".to_owned();
            return Err(Error::Tls { host: host.to_owned(), reason });
        }
        Ok(roots)
    }
}

fn certificates(path: &Path, host: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let fail = |reason: &dyn std::fmt::Display| Error::Tls {
        host: host.to_owned(),
        reason: format!("cannot read certificates in `{}`: {reason}", path.display()),
    };
    let found: Vec<_> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<_, _>>).map_err(|error| fail(&error))?;
    if found.is_empty() { Err(fail(&"it holds no PEM certificate")) } else { Ok(found) }
}

/// Takes any certificate, but only from somebody who has its key.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
