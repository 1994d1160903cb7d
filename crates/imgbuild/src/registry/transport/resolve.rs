//! DNS, and the judgement of what it answers.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::{is_loopback_name, is_private};

/// A name that leads to an address where we may not be sent.
#[derive(Debug, Clone, thiserror::Error)]
#[error("its name leads to {address}, a private address")]
pub(crate) struct PrivateAddress {
    /// The name that was looked up.
    pub(crate) host: String,
    /// What DNS answered.
    pub(crate) address: IpAddr,
}

/// Looks names up, with the system's configuration; shared by all HTTP clients of one registry client.
#[derive(Clone, Default)]
pub(crate) struct Names {
    // Built at first use: hickory needs a running tokio, and most builds on loopback need no DNS at all.
    resolver: Arc<OnceLock<Result<TokioResolver, String>>>,
    fixed: Arc<Vec<(String, IpAddr)>>,
}

impl Names {
    /// Answers some names with fixed addresses.
    pub(crate) fn with_fixed(fixed: Vec<(String, IpAddr)>) -> Self {
        Self { fixed: Arc::new(fixed), ..Self::default() }
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let fixed: Vec<IpAddr> = self.fixed.iter().filter(|(name, _)| name == host).map(|(_, address)| *address).collect();
        if !fixed.is_empty() {
            return Ok(fixed);
        }
        if is_loopback_name(host) {
            return Ok(vec![IpAddr::from([127, 0, 0, 1]), std::net::Ipv6Addr::LOCALHOST.into()]);
        }
        let resolver = self.resolver.get_or_init(system_resolver).as_ref().map_err(Clone::clone)?;
        Ok(resolver.lookup_ip(host).await?.iter().collect())
    }
}

fn system_resolver() -> Result<TokioResolver, String> {
    let describe = |error| format!("cannot set up name resolution from `/etc/resolv.conf`: {error}");
    let mut builder = TokioResolver::builder_tokio().map_err(describe)?;
    // Both families, so that the connector can try the other one when the first does not answer (RFC 8305).
    builder.options_mut().ip_strategy = LookupIpStrategy::Ipv6AndIpv4;
    builder.build().map_err(describe)
}

/// A resolver for one HTTP client.
#[derive(Clone)]
pub(crate) struct Resolver {
    pub(crate) names: Names,
    /// Whether names may lead to public addresses alone.
    pub(crate) guarded: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let this = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_owned();
            let addresses = this.names.addresses(&host).await?;
            // One private answer among public ones is refused too: the connector might take that one.
            if let Some(&address) = addresses.iter().find(|&&address| this.guarded && is_private(address)) {
                return Err(PrivateAddress { host, address }.into());
            }
            let addresses: Addrs = Box::new(addresses.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}
