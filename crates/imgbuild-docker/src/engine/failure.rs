//! What a failed HTTP request to an engine means.

use std::io;

use imgbuild::connection::{causes, describe_certificate, find_cause};

use super::{Endpoint, Error};

/// Reads the meaning of an error of the HTTP client.
pub(super) fn explain(error: &reqwest::Error, endpoint: &Endpoint, request: &str) -> Error {
    let (host, origin) = (endpoint.host.to_string(), endpoint.origin.clone());
    if let Some(tls) = find_cause::<rustls::Error>(error) {
        return Error::Tls { host, reason: describe(tls) };
    }
    if error.is_connect() {
        if find_cause::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
            return Error::PermissionDenied { host, origin };
        }
        return Error::NoDaemon { host, origin, reason: chain(error) };
    }
    Error::Network { request: request.to_owned(), reason: chain(error) }
}

/// An answer that broke off.
pub(crate) fn broken(request: &str, error: &reqwest::Error) -> Error {
    Error::Network { request: request.to_owned(), reason: format!("the answer broke off: {}", chain(error)) }
}

fn describe(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(reason) => format!("its certificate is not trusted: {}", describe_certificate(reason)),
        rustls::Error::AlertReceived(alert) => format!("it refuses our certificate, or misses one (alert {alert:?})"),
        rustls::Error::InvalidMessage(_) => "it does not speak TLS".to_owned(),
        other => other.to_string(),
    }
}

/// Why a request failed. The client's own words for a time limit are of no use.
pub(super) fn chain(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "it took too long".to_owned();
    }
    causes(error).unwrap_or_else(|| "the connection failed".to_owned())
}
