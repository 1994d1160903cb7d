//! DNS, and the judgement of what it answers.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use hickory_resolver::TokioResolver;
use hickory_resolver::config::LookupIpStrategy;
use hickory_resolver::net::NetError;
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

/// A name that leads nowhere.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason}")]
pub(crate) struct UnknownHost {
    /// The name that was looked up.
    pub(crate) host: String,
    /// Why, in one's own words: the resolver's speak of its inside.
    pub(crate) reason: String,
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

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, UnknownHost> {
        let fixed: Vec<IpAddr> = self.fixed.iter().filter(|(name, _)| name == host).map(|(_, address)| *address).collect();
        if !fixed.is_empty() {
            return Ok(fixed);
        }
        if is_loopback_name(host) {
            return Ok(vec![IpAddr::from([127, 0, 0, 1]), std::net::Ipv6Addr::LOCALHOST.into()]);
        }
        let unknown = |reason| UnknownHost { host: host.to_owned(), reason };
        let resolver = self.resolver.get_or_init(system_resolver).as_ref().map_err(|reason| unknown(reason.clone()))?;
        let found = resolver.lookup_ip(host).await.map_err(|error| unknown(why(&error)))?;
        Ok(found.iter().collect())
    }
}

fn why(error: &NetError) -> String {
    match error {
        _ if error.is_nx_domain() => "DNS knows no such name".to_owned(),
        _ if error.is_no_records_found() => "DNS knows the name, and no address for it".to_owned(),
        NetError::Timeout => "DNS did not answer in time".to_owned(),
        NetError::NoConnections => "no DNS server can be reached".to_owned(),
        // The outer words are the kind of the error, which is known by now.
        _ => error.to_string().trim_start_matches("DNS error: ").to_owned(),
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

#[cfg(test)]
mod tests {
    use hickory_resolver::net::{DnsError, NoRecords};
    use hickory_resolver::proto::op::{Query, ResponseCode};

    use super::*;

    #[test]
    fn what_dns_said_is_told_in_our_own_words() {
        let none = |code| NetError::Dns(DnsError::NoRecordsFound(NoRecords::new(Query::default(), code)));
        for (error, told) in [
            (none(ResponseCode::NXDomain), "DNS knows no such name"),
            (none(ResponseCode::NoError), "DNS knows the name, and no address for it"),
            (NetError::Timeout, "DNS did not answer in time"),
            (NetError::NoConnections, "no DNS server can be reached"),
            (NetError::Message("DNS error: it is broken"), "it is broken"),
        ] {
            assert_eq!(why(&error), told);
        }
    }

    #[tokio::test]
    async fn names_that_are_fixed_or_our_own_are_not_asked_for() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let names = Names::with_fixed(vec![
            ("a.example".to_owned(), address("10.0.0.1")),
            ("b.example".to_owned(), address("10.0.0.2")),
            ("a.example".to_owned(), address("8.8.8.8")),
            ("c.localhost".to_owned(), address("10.0.0.3")),
        ]);
        for (name, expected) in [
            ("a.example", &["10.0.0.1", "8.8.8.8"][..]),
            ("b.example", &["10.0.0.2"]),
            ("localhost", &["127.0.0.1", "::1"]),
            ("c.localhost", &["10.0.0.3"]),
            ("d.localhost", &["127.0.0.1", "::1"]),
        ] {
            let expected: Vec<IpAddr> = expected.iter().map(|text| address(text)).collect();
            assert_eq!(names.addresses(name).await.unwrap(), expected, "{name}");
        }
        let look = async |name: &str, guarded| {
            Resolver { names: names.clone(), guarded }.resolve(name.parse().unwrap()).await.map(Iterator::count)
        };
        assert_eq!(look("a.example", false).await.unwrap(), 2);
        let error = look("a.example", true).await.unwrap_err();
        assert_eq!(error.to_string(), "its name leads to 10.0.0.1, a private address", "one private answer among public ones is enough");
    }
}
