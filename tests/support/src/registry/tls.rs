//! A certificate authority of this process and the certificates of its servers.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How a server presents itself over TLS.
#[derive(Debug, Clone)]
pub struct Tls {
    names: Vec<String>,
    expired: bool,
    http2: bool,
    clients: Clients,
}

/// Which clients a server serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clients {
    All,
    Known,
    /// It hangs up on others without an alert.
    KnownSilently,
}

/// How a server takes a connection.
#[derive(Clone)]
pub(super) struct Acceptor {
    tls: TlsAcceptor,
    hangs_up: bool,
}

impl Acceptor {
    /// Shakes hands; none where the client leaves or is a stranger to be left.
    pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, socket: S) -> Option<TlsStream<S>> {
        // A client that distrusts the certificate ends here, and that is its right.
        let stream = self.tls.accept(socket).await.ok()?;
        (!self.hangs_up || stream.get_ref().1.peer_certificates().is_some()).then_some(stream)
    }
}

/// What a TLS server and its clients need of each other.
pub(super) struct Prepared {
    pub(super) acceptor: Acceptor,
    /// The authority's certificate, in PEM.
    pub(super) authority: String,
    /// A client's certificate of that authority and its key, in PEM.
    pub(super) client: (String, String),
}

impl Default for Tls {
    fn default() -> Self {
        Self { names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()], expired: false, http2: true, clients: Clients::All }
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

    /// Serves only clients that show a certificate of the same authority.
    #[must_use]
    pub fn known_clients(mut self) -> Self {
        self.clients = Clients::Known;
        self
    }

    /// Serves only clients that show a certificate of the same authority, and hangs up on others after the handshake without a word.
    #[must_use]
    pub fn known_clients_silently(mut self) -> Self {
        self.clients = Clients::KnownSilently;
        self
    }

    /// Makes the certificates, new ones for each server.
    pub(super) fn prepare(&self) -> Result<Prepared, Box<dyn std::error::Error>> {
        let mut authority = CertificateParams::new(Vec::new())?;
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        authority.distinguished_name.push(DnType::CommonName, "imgbuild test authority");
        let authority_key = KeyPair::generate()?;
        let own = authority.self_signed(&authority_key)?;
        let issuer = Issuer::new(authority, authority_key);

        let mut server = CertificateParams::new(self.names.clone())?;
        server.distinguished_name.push(DnType::CommonName, "imgbuild test registry");
        if self.expired {
            server.not_before = date_time_ymd(2020, 1, 1);
            server.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate()?;
        let certificate = server.signed_by(&key, &issuer)?;

        let client_key = KeyPair::generate()?;
        let client = (CertificateParams::new(Vec::new())?.signed_by(&client_key, &issuer)?.pem(), client_key.serialize_pem());

        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(own.der().clone())?;
        let config = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let config = match self.clients {
            Clients::All => config.with_no_client_auth(),
            Clients::Known => config.with_client_cert_verifier(verifier.build()?),
            Clients::KnownSilently => config.with_client_cert_verifier(verifier.allow_unauthenticated().build()?),
        };
        let mut config = config
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))?;
        let protocols: &[&[u8]] = if self.http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let acceptor = Acceptor { tls: TlsAcceptor::from(Arc::new(config)), hangs_up: self.clients == Clients::KnownSilently };
        Ok(Prepared { acceptor, authority: own.pem(), client })
    }
}
