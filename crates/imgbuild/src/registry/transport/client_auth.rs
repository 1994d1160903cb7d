//! Whether a host hangs up because of our certificate.
//!
//! In TLS 1.3 the alert on a client's certificate follows a handshake that is finished for the client (RFC 8446, section 4.4.2.4).
//! The HTTP client loses it where it comes before the first request is on its way: what is left is a closed connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;

use super::super::Error;

/// How often a host that has asked for a certificate hangs up before that is taken for its reason. Once may be the network's doing.
const HANG_UPS: u32 = 2;

/// What one host has asked and answered so far.
#[derive(Debug)]
pub(super) struct ClientAuth {
    certificates: Arc<dyn ResolvesClientCert>,
    asked: AtomicBool,
    answered: AtomicBool,
    hang_ups: AtomicU32,
}

impl ClientAuth {
    pub(super) fn new(certificates: Arc<dyn ResolvesClientCert>) -> Self {
        Self { certificates, asked: AtomicBool::default(), answered: AtomicBool::default(), hang_ups: AtomicU32::default() }
    }

    /// Remembers that the host has answered a request: it takes us as we are.
    pub(super) fn answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// The meaning of a connection that was made and broke before any answer.
    pub(super) fn judge(&self, error: Error, host: &str) -> Error {
        let suspect = self.asked.load(Ordering::Relaxed) && !self.answered.load(Ordering::Relaxed);
        match error {
            Error::Network { request, .. } if suspect && self.hang_ups.fetch_add(1, Ordering::Relaxed) + 1 >= HANG_UPS => {
                Error::ClientCertificate { request, host: host.to_owned(), reason: "it asked for one and hung up".to_owned() }
            }
            error => error,
        }
    }
}

impl ResolvesClientCert for ClientAuth {
    fn resolve(&self, authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Relaxed);
        self.certificates.resolve(authorities, schemes)
    }

    fn has_certs(&self) -> bool {
        self.certificates.has_certs()
    }
}
