//! What a failed HTTP request to an engine means.

use std::error::Error as StdError;
use std::io;

use super::{Endpoint, Error};

/// Reads the meaning of an error of the HTTP client.
pub(super) fn explain(error: &reqwest::Error, endpoint: &Endpoint, request: &str) -> Error {
    let (host, origin) = (endpoint.host.to_string(), endpoint.origin.clone());
    if let Some(tls) = find::<rustls::Error>(error) {
        return Error::Tls { host, reason: describe(tls) };
    }
    if error.is_connect() {
        if find::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::PermissionDenied) {
            return Error::PermissionDenied { host, origin };
        }
        return Error::NoDaemon { host, origin, reason: chain(error) };
    }
    Error::Network { request: request.to_owned(), reason: chain(error) }
}

fn describe(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(reason) => format!("its certificate is not trusted: {reason}"),
        rustls::Error::AlertReceived(alert) => format!("it refuses our certificate, or misses one (alert {alert:?})"),
        rustls::Error::InvalidMessage(_) => "it does not speak TLS".to_owned(),
        other => other.to_string(),
    }
}

/// An error of this type anywhere in the chain; what travelled inside an `io::Error` is no source of it and needs a look of its own.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = inner.and_then(|inner| find::<T>(inner as &(dyn StdError + 'static))) {
            return Some(found);
        }
        current = error.source();
    }
    None
}

/// The causes, outermost first, without repetition.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut current = error.source();
    while let Some(error) = current {
        let text = error.to_string();
        if !parts.iter().any(|part| part.contains(&text)) {
            parts.push(text);
        }
        current = error.source();
    }
    match parts.as_slice() {
        _ if error.is_timeout() => "it took too long".to_owned(),
        [] => "the connection failed".to_owned(),
        parts => parts.join(": "),
    }
}
