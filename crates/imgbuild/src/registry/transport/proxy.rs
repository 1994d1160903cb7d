//! Proxies: which requests go through which one.

use std::net::IpAddr;

use url::{Host, Url};

use super::address::is_loopback;

/// The proxies to use, as `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name them.
#[derive(Clone, Default)]
pub struct Proxies {
    http: Option<Url>,
    https: Option<Url>,
    except: Vec<Exception>,
}

#[derive(Clone, Debug)]
enum Exception {
    All,
    Name { suffix: String, exact: bool, port: Option<u16> },
    Network { address: IpAddr, prefix: u8 },
}

impl Proxies {
    /// Proxies for `http:` and `https:` URLs, and the hosts that are reached without them.
    ///
    /// `except` is a list as in `NO_PROXY`: names (with all their subdomains), `.suffixes`, addresses and networks, each with a
    /// port where wanted, separated by commas; `*` is every host.
    #[must_use]
    pub fn new(http: Option<&str>, https: Option<&str>, except: &str) -> Self {
        Self {
            http: http.and_then(proxy_url),
            https: https.and_then(proxy_url),
            except: except.split(',').filter_map(Exception::parse).collect(),
        }
    }

    /// What the environment says; names in lower case come first, as in curl and Go.
    #[must_use]
    pub fn from_environment() -> Self {
        Self::from_variables(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let either = |lower: &str| variable(lower).or_else(|| variable(&lower.to_ascii_uppercase()));
        let all = either("all_proxy");
        // A web server hands a request's `Proxy` header to a CGI program as HTTP_PROXY (httpoxy).
        let http = if variable("REQUEST_METHOD").is_some() { variable("http_proxy") } else { either("http_proxy") };
        let https = either("https_proxy").or_else(|| all.clone());
        Self::new(http.or(all).as_deref(), https.as_deref(), &either("no_proxy").unwrap_or_default())
    }

    /// The proxy that a request to `url` goes through.
    pub(crate) fn of(&self, url: &Url) -> Option<&Url> {
        let proxy = if url.scheme() == "https" { self.https.as_ref() } else { self.http.as_ref() }?;
        let direct = is_loopback(url) || self.except.iter().any(|exception| exception.matches(url));
        (!direct).then_some(proxy)
    }
}

impl std::fmt::Debug for Proxies {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |url: &Option<Url>| url.as_ref().map(super::super::secret::redact);
        formatter
            .debug_struct("Proxies")
            .field("http", &shown(&self.http))
            .field("https", &shown(&self.https))
            .field("except", &self.except)
            .finish()
    }
}

fn proxy_url(text: &str) -> Option<Url> {
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    Url::parse(&with_scheme).ok().filter(Url::has_host)
}

impl Exception {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        if text == "*" {
            return Some(Self::All);
        }
        let (network, prefix) = text.split_once('/').map_or((text.as_str(), None), |(network, prefix)| (network, Some(prefix)));
        if let Ok(address) = network.trim_matches(['[', ']']).parse::<IpAddr>() {
            let full = if address.is_ipv4() { 32 } else { 128 };
            let prefix = prefix.map_or(Some(full), |prefix| prefix.parse().ok().filter(|&bits| bits <= full))?;
            return Some(Self::Network { address, prefix });
        }
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) => (name, Some(port.parse().ok()?)),
            None => (text.as_str(), None),
        };
        let suffix = name.trim_start_matches('*');
        (!suffix.is_empty()).then(|| Self::Name {
            exact: !suffix.starts_with('.'),
            suffix: suffix.trim_start_matches('.').to_owned(),
            port,
        })
    }

    fn matches(&self, url: &Url) -> bool {
        match (self, url.host()) {
            (Self::All, _) => true,
            (Self::Name { suffix, exact, port }, Some(host)) => {
                let host = host.to_string();
                let below = host.strip_suffix(suffix.as_str()).is_some_and(|rest| rest.ends_with('.'));
                port.is_none_or(|port| url.port_or_known_default() == Some(port)) && (below || (*exact && host == *suffix))
            }
            (Self::Network { address: IpAddr::V4(network), prefix }, Some(Host::Ipv4(address))) => {
                let shift = 32 - u32::from(*prefix);
                u64::from(network.to_bits()) >> shift == u64::from(address.to_bits()) >> shift
            }
            (Self::Network { address: IpAddr::V6(network), prefix }, Some(Host::Ipv6(address))) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(*prefix)).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_is_read_as_go_and_curl_read_it() {
        let through = |except: &str, url: &str| {
            let proxies = Proxies::new(Some("proxy:3128"), Some("http://user:canary@proxy:3128"), except);
            proxies.of(&Url::parse(url).unwrap()).is_some()
        };
        for (except, url, proxied) in [
            ("", "https://registry.example/", true),
            ("", "http://127.0.0.1:5000/", false),
            ("", "http://localhost:5000/", false),
            ("example", "https://registry.example/", false),
            ("registry.example", "https://registry.example/", false),
            ("registry.example", "https://a.registry.example/", false),
            (".registry.example", "https://registry.example/", true),
            (".registry.example", "https://a.registry.example/", false),
            ("*.registry.example", "https://a.registry.example/", false),
            ("gistry.example", "https://registry.example/", true),
            ("registry.example:443", "https://registry.example/", false),
            ("registry.example:5000", "https://registry.example/", true),
            ("10.0.0.0/8", "https://10.1.2.3/", false),
            ("10.0.0.0/8", "https://11.1.2.3/", true),
            ("0.0.0.0/0", "https://11.1.2.3/", false),
            ("10.1.2.3/32", "https://10.1.2.3/", false),
            ("10.1.2.3", "https://10.1.2.4/", true),
            ("10.1.2.3/33", "https://10.1.2.3/", true),
            ("::/0", "https://[fe12::1]/", false),
            ("[fd12::1]", "https://[fd12::1]/", false),
            ("registry.example:port", "https://registry.example/", true),
            ("*registry.example", "https://registry.example/", false),
            ("*.", "https://registry.example/", true),
            (",", "https://registry.example/", true),
            ("fd00::/8", "https://[fd12::1]/", false),
            ("fd00::/8", "https://[fe12::1]/", true),
            (" a , *", "https://registry.example/", false),
        ] {
            assert_eq!(through(except, url), proxied, "{except} {url}");
        }
    }

    #[test]
    fn variables_in_lower_case_come_first_and_httpoxy_is_ignored() {
        let from = |variables: &[(&str, &str)]| {
            let proxies =
                Proxies::from_variables(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()));
            let host = |url: &Option<Url>| url.as_ref().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default();
            (host(&proxies.http), host(&proxies.https))
        };
        let text = |http: &str, https: &str| (http.to_owned(), https.to_owned());
        assert_eq!(from(&[("https_proxy", "a"), ("HTTPS_PROXY", "b"), ("HTTP_PROXY", "c")]), text("c", "a"));
        assert_eq!(from(&[("HTTP_PROXY", "c"), ("REQUEST_METHOD", "GET")]), text("", ""));
        assert_eq!(from(&[("ALL_PROXY", "d")]), text("d", "d"));
    }

    #[test]
    fn each_scheme_has_its_own_proxy() {
        let of = |proxies: &Proxies, url: &str| proxies.of(&Url::parse(url).unwrap()).map(ToString::to_string);
        let both = Proxies::new(Some("plain:1"), Some("http://secure:2"), "");
        assert_eq!(of(&both, "http://registry.example/").as_deref(), Some("http://plain:1/"));
        assert_eq!(of(&both, "https://registry.example/").as_deref(), Some("http://secure:2/"));
        let one = Proxies::new(Some("plain:1"), Some("://"), "");
        assert_eq!((of(&one, "http://registry.example/").is_some(), of(&one, "https://registry.example/")), (true, None));
    }

    #[test]
    fn a_proxys_password_is_not_shown() {
        let proxies = Proxies::new(None, Some("http://user:canary@proxy:3128"), "");
        let shown = format!("{proxies:?}");
        assert!(shown.contains("http://proxy:3128/") && !shown.contains("canary"), "{shown}");
    }
}
