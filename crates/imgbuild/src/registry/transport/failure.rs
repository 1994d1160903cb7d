//! What a failed HTTP request means.

use std::error::Error as StdError;
use std::io;

use reqwest::Method;
use url::Url;

use super::super::Error;
use super::super::secret::redact;
use super::address::authority;
use super::resolve::PrivateAddress;

/// The flag that lets a public registry name a private host.
pub(super) const ALLOW_PRIVATE: &str = "--allow-private-host";

/// Method and URL as errors and events show them.
pub(crate) fn request_line(method: &Method, url: &Url) -> String {
    format!("{method} {}", redact(url))
}

/// Reads the meaning of an error of the HTTP client; `proxy` is the proxy of the request.
pub(crate) fn explain(error: &reqwest::Error, method: &Method, url: &Url, proxy: Option<&Url>) -> Error {
    let request = request_line(method, url);
    if let Some(private) = find::<PrivateAddress>(error) {
        return Error::Forbidden { request, host: private.host.clone(), reason: private.to_string(), flag: Some(ALLOW_PRIVATE) };
    }
    match find::<rustls::Error>(error) {
        Some(rustls::Error::InvalidCertificate(reason)) => {
            return Error::Certificate { request, host: authority(url), reason: describe_certificate(reason) };
        }
        Some(rustls::Error::InvalidMessage(_)) => return Error::Network { request, reason: "the host does not speak TLS".to_owned() },
        _ => {}
    }
    let reason = chain(error);
    if let Some(alert) = alert_on_our_certificate(&reason) {
        return Error::ClientCertificate { request, host: authority(url), reason: format!("alert {alert}") };
    }
    match proxy {
        // The type of the connector's error is private, its words are not.
        Some(proxy) if reason.contains("proxy authorization required") => Error::Proxy { request, proxy: redact(proxy) },
        Some(proxy) => Error::Network { request, reason: format!("{reason} (through the proxy `{}`)", redact(proxy)) },
        None => Error::Network { request, reason },
    }
}

/// Whether the other side accepted a connection but spoke something else than TLS.
pub(crate) fn is_plain_server(error: &reqwest::Error) -> bool {
    // What fails on a finished connection has spoken TLS: the alert that asks for our certificate comes only then (RFC 8446, section 4.4.2.4).
    if !error.is_connect() {
        return false;
    }
    let kind = find_io(error).map(io::Error::kind);
    let unreachable = matches!(
        kind,
        Some(
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable
        )
    );
    match find::<rustls::Error>(error) {
        Some(rustls::Error::InvalidMessage(_)) => true,
        Some(_) => false,
        None => !unreachable && !error.is_dns() && find::<PrivateAddress>(error).is_none(),
    }
}

/// The alert of a server that does not like our certificate, or misses it. HTTP/2's errors show it in their words alone.
fn alert_on_our_certificate(reason: &str) -> Option<&str> {
    let (_, alert) = reason.split_once("received fatal alert: ")?;
    let alert = alert.split(|character: char| !character.is_alphanumeric()).next()?;
    (alert.contains("Certificate") || matches!(alert, "UnknownCA" | "AccessDenied")).then_some(alert)
}

fn describe_certificate(error: &rustls::CertificateError) -> String {
    use rustls::CertificateError as C;
    match error {
        C::UnknownIssuer => "no trusted authority signed it".to_owned(),
        C::Expired | C::ExpiredContext { .. } => "it has expired".to_owned(),
        C::NotValidYet | C::NotValidYetContext { .. } => "it is not valid yet (is the clock right?)".to_owned(),
        C::NotValidForName | C::NotValidForNameContext { .. } => "it is for another name".to_owned(),
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

fn find_io<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    find::<io::Error>(error)
}

/// Why a body broke off.
pub(crate) fn chain_of_body(error: &reqwest::Error) -> String {
    format!("the answer broke off: {}", chain(error))
}

/// The causes, outermost first, without repetition and without URLs (reqwest's own errors name the full one).
fn chain(error: &reqwest::Error) -> String {
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
        [] if error.is_timeout() => "it took too long".to_owned(),
        [] => "the connection failed".to_owned(),
        parts => parts.join(": "),
    }
}
