//! A certificate authority of this process and the certificates of its servers.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// How a server presents itself over TLS.
#[derive(Debug, Clone)]
pub struct Tls {
    names: Vec<String>,
    expired: bool,
    http2: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Self { names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()], expired: false, http2: true }
    }
}

impl Tls {
    /// A valid certificate for `localhost` and `127.0.0.1` from a private authority; HTTP/2 is offered.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A certificate for these names instead.
    #[must_use]
    pub fn names(mut self, names: &[&str]) -> Self {
        self.names = names.iter().map(|name| (*name).to_owned()).collect();
        self
    }

    /// A certificate that ended in 2021.
    #[must_use]
    pub fn expired(mut self) -> Self {
        self.expired = true;
        self
    }

    /// Offers HTTP/1.1 alone.
    #[must_use]
    pub fn http1_only(mut self) -> Self {
        self.http2 = false;
        self
    }

    /// The acceptor and the authority's certificate in PEM.
    pub(super) fn acceptor(&self) -> Result<(TlsAcceptor, String), Box<dyn std::error::Error>> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority.distinguished_name.push(DnType::CommonName, "imgbuild test authority");
        let authority_key = KeyPair::generate()?;
        let authority_pem = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(authority, authority_key);

        let mut server = CertificateParams::new(self.names.clone())?;
        server.distinguished_name.push(DnType::CommonName, "imgbuild test registry");
        if self.expired {
            server.not_before = date_time_ymd(2020, 1, 1);
            server.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &issuer)?;

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))?;
        let protocols: &[&[u8]] = if self.http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        Ok((TlsAcceptor::from(Arc::new(config)), authority_pem))
    }
}
