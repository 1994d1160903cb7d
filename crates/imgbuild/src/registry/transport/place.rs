//! The places that a registry names: redirects, token servers, uploads and next pages.

use reqwest::header::LOCATION;
use url::Url;

use super::super::Error;
use super::address::{authority, is_private_literal, same_origin};
use super::answer::Answer;
use super::failure::ALLOW_PRIVATE;
use super::{Endpoint, Transport};

impl Transport {
    /// Judges where a registry sends us; says whether DNS must be judged as well.
    pub(super) fn judge(&self, endpoint: &Endpoint, base: &Url, url: &Url, line: &str) -> Result<bool, Error> {
        let forbidden =
            |reason: &str, flag| Err(Error::Forbidden { request: line.to_owned(), host: authority(url), reason: reason.to_owned(), flag });
        if same_origin(base, url) {
            return Ok(false);
        }
        match (base.scheme(), url.scheme()) {
            (_, "https") | ("http", "http") => {}
            ("https", "http") if self.clients.hosts.is_insecure(url) => {}
            ("https", "http") => return forbidden("a registry with TLS may not send us to a host without", Some("--insecure")),
            _ => return forbidden("only http and https are spoken", None),
        }
        if self.clients.hosts.is_allowed(url) || endpoint.is_private(base) {
            return Ok(false);
        }
        if is_private_literal(url) {
            return forbidden(&format!("`{}` is public and may not send us to a private address", endpoint.domain), Some(ALLOW_PRIVATE));
        }
        Ok(true)
    }
}

/// Resolves a location against the URL that answered; user information in it would become an `Authorization` of its own.
pub(crate) fn resolve(from: &Url, location: &str) -> Option<Url> {
    let mut url = from.join(location).ok().filter(Url::has_host)?;
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_fragment(None);
    Some(url)
}

/// Whether a redirect stays where it is: only then may it carry a body along.
pub(super) fn same_origin_location(answer: &Answer) -> bool {
    answer.header(LOCATION.as_str()).and_then(|location| resolve(answer.url(), location)).is_some_and(|url| same_origin(&url, answer.url()))
}
