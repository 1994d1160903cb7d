//! Whether a host hangs up because of our certificate.
//!
//! In TLS 1.3 the alert on a client's certificate follows a handshake that is finished for the client (RFC 8446, section 4.4.2.4).
//! The HTTP client loses it where it comes before the first request is on its way: what is left is a closed connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;

use super::super::Error;

/// How often a host that has asked for a certificate hangs up on one request before that is taken for its reason: fewer times may be
/// the network's doing.
const HANG_UPS: u32 = 3;

/// What a host has asked, as a client with one kind of trust sees it, and whether it has answered.
#[derive(Debug)]
pub(super) struct ClientAuth {
    certificates: Arc<dyn ResolvesClientCert>,
    asked: AtomicBool,
    answered: AtomicBool,
    /// By request.
    hang_ups: Mutex<HashMap<String, u32>>,
}

impl ClientAuth {
    pub(super) fn new(certificates: Arc<dyn ResolvesClientCert>) -> Self {
        Self { certificates, asked: AtomicBool::default(), answered: AtomicBool::default(), hang_ups: Mutex::default() }
    }

    /// Remembers that the host has answered a request: it takes us as we are.
    pub(super) fn answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// The meaning of a connection that was made and broke before any answer.
    pub(super) fn judge(&self, error: Error, host: &str) -> Error {
        if !self.asked.load(Ordering::Relaxed) || self.answered.load(Ordering::Relaxed) {
            return error;
        }
        let Error::Network { request, reason } = error else { return error };
        let mut hang_ups = self.hang_ups.lock().unwrap_or_else(PoisonError::into_inner);
        let times = hang_ups.entry(request.clone()).or_default();
        *times += 1;
        if *times < HANG_UPS {
            return Error::Network { request, reason };
        }
        Error::ClientCertificate { request, host: host.to_owned(), reason: format!("it asked for one and hung up: {reason}") }
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
