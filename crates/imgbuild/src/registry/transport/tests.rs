//! Lines 21 to 23: where a registry may send us. A public registry on loopback needs a look inside: its address is made up.

use std::net::IpAddr;

use imgbuild_testkit::registry::{Answer, Registry, Tokens, What, When};
use serde_json::Value;

use super::*;
use crate::blob::Blob;
use crate::oci::{Compression, MediaType, Reference};
use crate::registry::{Client, ClientBuilder, Credential, Secret, StaticCredentials};

const LOOPBACK: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// A registry that seems to be a public one, and a client of it.
fn public(registry: &Registry, set_up: impl FnOnce(ClientBuilder) -> ClientBuilder) -> (Client, Reference) {
    let domain = format!("registry.example:{}", registry.address().port());
    let credential = Credential::Password { user: "writer".to_owned(), password: Secret::new("writepw") };
    let builder = Client::builder()
        .retry(Policy::default().attempts(2).delays(Duration::from_millis(1), Duration::from_millis(2)))
        .credentials(StaticCredentials::new(&domain, credential, "the test", crate::registry::Anonymous))
        .insecure("registry.example")
        .resolve("registry.example", LOOPBACK)
        .resolve("other.example", LOOPBACK);
    let client = set_up(builder).build();
    let reference: Reference = format!("{domain}/a/b:1").parse().unwrap();
    client.endpoint(&reference).answered_from("8.8.8.8".parse().unwrap());
    (client, reference)
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../../../fixtures/vectors/auth.json")).unwrap()
}

fn judge(base: &str, named: &str) -> Result<bool, Error> {
    let client = Client::default();
    let base = Url::parse(base).unwrap();
    let endpoint = Endpoint::new("registry.example", "registry.example");
    let named = resolve(&base, named).unwrap();
    client.transport().judge(&endpoint, &base, &named, "GET")
}

#[test]
fn the_vectors_realms_are_judged() {
    for case in vectors()["realm_validation"].as_array().unwrap() {
        let judged = judge("https://registry.example.com/", case["realm"].as_str().unwrap());
        assert_eq!(judged.is_err(), case["reject"].as_bool().unwrap(), "{case}");
    }
}

#[test]
fn the_vectors_upload_locations_are_resolved_and_judged() {
    for case in vectors()["upload_location"].as_array().unwrap() {
        let host = case["request_host"].as_str().unwrap();
        let scheme = if host.starts_with("127.") { "http" } else { "https" };
        let base = format!("{scheme}://{host}/");
        let location = case["location"].as_str().unwrap();
        if let Some(resolved) = case["resolved"].as_str() {
            assert_eq!(resolve(&Url::parse(&base).unwrap(), location).unwrap().as_str(), resolved, "{case}");
        }
        assert_eq!(judge(&base, location).is_err(), case["reject"].as_bool().unwrap_or(false), "{case}");
    }
}

#[test]
fn no_host_without_tls_and_no_other_scheme_is_gone_to() {
    for named in ["http://other.example/", "ftp://other.example/", "file:///etc/passwd"] {
        let judged = Url::parse("https://registry.example/").unwrap().join(named).ok().filter(Url::has_host);
        assert!(judged.is_none_or(|url| judge("https://registry.example/", url.as_str()).is_err()), "{named}");
    }
    assert!(judge("https://registry.example/", "https://other.example/").unwrap(), "its name is judged after DNS");
    assert!(!judge("https://10.0.0.1/", "https://10.0.0.2/").unwrap(), "a private registry may name private hosts");
}

#[test]
fn user_information_in_a_location_is_dropped() {
    let url = resolve(&Url::parse("https://registry.example/").unwrap(), "https://user:canary@other.example/x#y").unwrap();
    assert_eq!(url.as_str(), "https://other.example/x");
}

#[tokio::test]
async fn a_public_registry_may_not_name_a_private_token_server() {
    for (host, reason) in [("127.0.0.1", "may not send us to a private address"), ("other.example", "leads to 127.0.0.1")] {
        let registry = Registry::builder().tokens(Tokens::new().user("writer", "writepw", &["pull"])).start();
        let port = registry.address().port();
        let challenge = format!("Bearer realm=\"http://{host}:{port}/token\",service=\"registry.test\"");
        registry.inject(When::request("*", "/v2/").nth(1).then(What::WithHeader("www-authenticate".to_owned(), challenge)));
        let (client, reference) = public(&registry, |builder| builder);
        let error = client.head(&reference).await.unwrap_err();
        assert!(matches!(error, Error::Forbidden { .. }) && error.to_string().contains(reason), "{error}");
        assert!(error.hint().unwrap().contains(&format!("--allow-private-host {host}")), "{:?}", error.hint());
        assert_eq!(registry.count("*", "/token"), 0);

        let again = registry.url();
        registry.clear_faults();
        let challenge = format!("Bearer realm=\"http://{host}:{port}/token\",service=\"registry.test\"");
        registry.inject(When::request("*", "/v2/").nth(1).then(What::WithHeader("www-authenticate".to_owned(), challenge)));
        let (client, reference) = public(&registry, |builder| builder.allow_private_host(host));
        assert_eq!(client.head(&reference).await.unwrap(), None, "{again}");
    }
}

#[tokio::test]
async fn a_token_servers_redirect_is_judged_too() {
    let registry = Registry::builder().tokens(Tokens::new().user("writer", "writepw", &["pull"])).start();
    registry.inject(When::request("GET", "/token").then(What::RedirectTo("http://10.255.255.1".to_owned())));
    registry.inject(When::request("POST", "/token").answer(405));
    let (client, reference) = public(&registry, |builder| builder);
    let error = client.head(&reference).await.unwrap_err();
    assert!(matches!(&error, Error::Forbidden { host, .. } if host == "10.255.255.1"), "{error}");
}

#[tokio::test]
async fn an_uploads_place_and_a_next_page_are_judged_too() {
    let registry = Registry::start();
    registry.inject(
        When::request("POST", "/blobs/uploads/").then(What::WithHeader("location".to_owned(), "http://169.254.169.254/latest/".to_owned())),
    );
    let page = Answer::bare(200).header("link", "<http://10.255.255.1/v2/a/b/tags/list>; rel=\"next\"").body(r#"{"tags":["1"]}"#);
    registry.inject(When::request("GET", "/tags/list").then(What::Answer(page)));
    registry.inject(When::request("GET", "/blobs/sha256").then(What::RedirectTo("http://192.168.255.1".to_owned())));
    let (client, reference) = public(&registry, |builder| builder);
    let blob = Blob::from_bytes(MediaType::OciLayer(Compression::Gzip), &b"layer"[..]);
    let download = client.blob(&reference, blob.descriptor().clone()).read(100).await.unwrap_err().into();
    for error in [client.pusher(&reference).push_blob(&blob).await.unwrap_err(), client.tags(&reference).await.unwrap_err(), download] {
        assert!(matches!(error, Error::Forbidden { .. }), "{error}");
    }
}

#[tokio::test]
async fn https_never_falls_back_to_http() {
    let registry = Registry::start();
    let port = registry.address().port();
    let reference: Reference = format!("registry.example:{port}/a/b:1").parse().unwrap();
    let builder = || Client::builder().retry(Policy::default().attempts(1)).resolve("registry.example", LOOPBACK);
    let error = builder().build().head(&reference).await.unwrap_err();
    assert!(error.to_string().contains("does not speak TLS") && error.hint().unwrap().contains("--insecure"), "{error}");
    assert_eq!(registry.count("*", "/v2/"), 0);
    assert_eq!(builder().insecure(format!("registry.example:{port}")).build().head(&reference).await.unwrap(), None);
    assert_eq!(Client::default().head(&format!("127.0.0.1:{port}/a/b:1").parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn an_insecure_host_may_show_any_certificate_and_no_other_host_may() {
    let registry = Registry::builder().tls(imgbuild_testkit::registry::Tls::new()).start();
    let reference: Reference = format!("{}/a/b:1", registry.host()).parse().unwrap();
    assert_eq!(Client::builder().insecure(registry.host()).build().head(&reference).await.unwrap(), None);
    let error = Client::builder().insecure("localhost:1").build().head(&reference).await.unwrap_err();
    assert!(matches!(error, Error::Certificate { .. }), "{error}");
}

#[tokio::test]
async fn a_private_host_is_permitted_for_the_port_that_was_named() {
    let registry = Registry::start();
    let (client, reference) = public(&registry, |builder| builder.allow_private_host("other.example:1"));
    let endpoint = client.endpoint(&reference);
    for (port, permitted) in [(1, true), (2, false)] {
        let request = Request::new(Method::GET, Url::parse(&format!("http://other.example:{port}/")).unwrap());
        let error = client.transport().attempt(&endpoint, &request).await.err().unwrap();
        assert_eq!(matches!(error, Error::Network { .. }), permitted, "{error}");
        assert_eq!(matches!(error, Error::Forbidden { .. }), !permitted, "{error}");
    }
}

#[tokio::test]
async fn a_registry_may_not_name_the_proxys_own_host_beside_the_proxy() {
    let proxies = crate::registry::Proxies::new(Some("http://other.example:1"), Some("http://other.example:1"), "*.example:2,*.example:3");
    let registry = Registry::start();
    let (client, reference) = public(&registry, |builder| builder.proxies(proxies));
    let endpoint = client.endpoint(&reference);
    let url = |port: u16| Url::parse(&format!("http://other.example:{port}/")).unwrap();
    endpoint.base.set(Url::parse("http://registry.example/").unwrap()).unwrap();
    let direct = client.transport().attempt(&endpoint, &Request::new(Method::GET, url(2))).await.err().unwrap();
    assert!(matches!(direct, Error::Forbidden { .. }), "{direct}");
    let through = client.transport().attempt(&endpoint, &Request::new(Method::GET, url(4))).await.err().unwrap();
    assert!(matches!(through, Error::Network { .. }) && through.to_string().contains("through the proxy"), "{through}");
}

#[test]
fn a_host_that_may_lack_tls_may_be_named_by_a_registry_that_has_it() {
    let client = Client::builder().insecure("other.example").build();
    let base = Url::parse("https://registry.example/").unwrap();
    let endpoint = Endpoint::new("registry.example", "registry.example");
    let judged = |url: &str| client.transport().judge(&endpoint, &base, &Url::parse(url).unwrap(), "GET");
    assert!(judged("http://other.example/x").unwrap(), "its name is judged after DNS");
    assert!(judged("http://third.example/x").is_err());
}

#[test]
fn a_location_without_tls_names_the_flag_that_permits_it() {
    let error = judge("https://registry.example/", "http://registry.example/v2/a/blobs/uploads/1").unwrap_err();
    assert_eq!(error.hint().unwrap(), "if this host is really yours, allow it with --insecure registry.example");
    assert_eq!(judge("https://registry.example/", "ftp://registry.example/").unwrap_err().hint(), None);
}
