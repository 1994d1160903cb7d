//! TLS with an engine.

use imgbuild::connection::{Authorities, Trust};
use rustls::ClientConfig;

use super::{Error, Tls};

impl Tls {
    /// A client configuration that trusts accordingly: the engine's own authority alone where there is one.
    pub(super) fn configuration(&self, host: &str) -> Result<ClientConfig, Error> {
        let authorities = self.authority.clone().map_or_else(Authorities::default, Authorities::Only);
        let trust = Trust { authorities, identity: self.identity.clone(), anybody: self.anybody };
        trust.configuration().map_err(|error| Error::Tls { host: host.to_owned(), reason: error.to_string() })
    }
}
