//! What a failed HTTP request means.

use std::io;

use reqwest::Method;
use url::Url;

use super::super::Error;
use super::super::secret::redact;
use super::address::authority;
use super::client_auth::ClientAuth;
use super::resolve::{PrivateAddress, UnknownHost};
use crate::connection::{causes, describe_certificate, find_cause};

/// The flag that lets a public registry name a private host.
pub(super) const ALLOW_PRIVATE: &str = "--allow-private-host";

/// Method and URL as errors and events show them.
pub(crate) fn request_line(method: &Method, url: &Url) -> String {
    format!("{method} {}", redact(url))
}

/// Reads the meaning of an error of the HTTP client; `auth` is what the host has shown so far, `proxy` the proxy of the request.
pub(crate) fn explain(error: &reqwest::Error, auth: &ClientAuth, method: &Method, url: &Url, proxy: Option<&Url>) -> Error {
    let meaning = read(error, method, url, proxy);
    // Whose doing it is that a proxy's tunnel ends nobody says.
    let is_hang_up = error.is_request() && !error.is_connect() && !error.is_timeout() && proxy.is_none();
    if is_hang_up { auth.judge(meaning, &authority(url)) } else { meaning }
}

fn read(error: &reqwest::Error, method: &Method, url: &Url, proxy: Option<&Url>) -> Error {
    let request = request_line(method, url);
    if let Some(private) = find_cause::<PrivateAddress>(error) {
        return Error::Forbidden { request, host: private.host.clone(), reason: private.to_string(), flag: Some(ALLOW_PRIVATE) };
    }
    if let Some(UnknownHost { host, reason }) = find_cause(error).cloned() {
        return Error::UnknownHost { request, host, reason };
    }
    match find_cause::<rustls::Error>(error) {
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
    let kind = find_cause::<io::Error>(error).map(io::Error::kind);
    let unreachable = matches!(
        kind,
        Some(
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable
        )
    );
    match find_cause::<rustls::Error>(error) {
        Some(rustls::Error::InvalidMessage(_)) => true,
        Some(_) => false,
        None => !unreachable && !error.is_dns(),
    }
}

/// The alert of a server that does not like our certificate, or misses it. HTTP/2's errors show it in their words alone.
fn alert_on_our_certificate(reason: &str) -> Option<&str> {
    let (_, alert) = reason.split_once("received fatal alert: ")?;
    let alert = alert.split(|character: char| !character.is_alphanumeric()).next()?;
    (alert.contains("Certificate") || matches!(alert, "UnknownCA" | "AccessDenied")).then_some(alert)
}

/// Why a body broke off.
pub(crate) fn chain_of_body(error: &reqwest::Error) -> String {
    format!("the answer broke off: {}", chain(error))
}

fn chain(error: &reqwest::Error) -> String {
    causes(error).unwrap_or_else(|| if error.is_timeout() { "it took too long" } else { "the connection failed" }.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_on_our_certificate_is_told_from_others() {
        for (reason, alert) in [
            ("connection error: received fatal alert: CertificateRequired", Some("CertificateRequired")),
            ("received fatal alert: UnknownCA (Connect)", Some("UnknownCA")),
            ("received fatal alert: AccessDenied: broken pipe", Some("AccessDenied")),
            ("received fatal alert: HandshakeFailure", None),
            ("the certificate is bad", None),
        ] {
            assert_eq!(alert_on_our_certificate(reason), alert, "{reason}");
        }
    }
}
