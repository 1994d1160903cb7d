//! The forward proxy.

use super::*;

fn through(proxy: &str) -> Client {
    client_builder(None).proxy(reqwest::Proxy::all(proxy).unwrap()).build().unwrap()
}

#[tokio::test]
async fn plain_requests_are_forwarded() {
    let registry = Registry::start();
    let proxy = Proxy::builder().resolve("registry.example:80", registry.address()).start();
    let digest = registry.put_blob("a", "x");
    let client = through(&proxy.url());
    let url = format!("http://registry.example/v2/a/blobs/{digest}");
    assert_eq!(client.get(&url).send().await.unwrap().text().await.unwrap(), "x");
    let direct = format!("{}/v2/a/blobs/{digest}", registry.url());
    assert_eq!(client.get(&direct).send().await.unwrap().text().await.unwrap(), "x");
    let asked: Vec<String> = proxy.log().requests().into_iter().map(|entry| entry.path).collect();
    assert_eq!(asked, [url, direct]);
    assert_eq!(registry.requests()[0].header("host"), Some("registry.example"));
    assert_eq!(client.get("http://127.0.0.1:1/").send().await.unwrap().status(), 502);
}

#[tokio::test]
async fn tunnels_and_credentials() {
    let registry = Registry::builder().tls(Tls::new()).start();
    let proxy = Proxy::builder().basic("user", "canary").start();
    let url = format!("{}/v2/", registry.url());
    let client = |proxy: &str| client_builder(registry.authority_pem()).proxy(reqwest::Proxy::all(proxy).unwrap()).build().unwrap();
    assert_eq!(client(&proxy.url_with("user", "canary")).get(&url).send().await.unwrap().status(), 200);
    assert!(client(&proxy.url()).get(&url).send().await.is_err());
    assert_eq!(proxy.log().lines(), [format!("CONNECT {} → 200", registry.host()), format!("CONNECT {} → 407", registry.host()),]);
    assert_eq!(registry.requests()[0].header("proxy-authorization"), None);
    let plain = Registry::start();
    let refused = through(&proxy.url()).get(plain.url()).send().await.unwrap();
    assert_eq!((refused.status().as_u16(), header(&refused, "proxy-authenticate")), (407, "Basic realm=\"proxy\""));
    assert!(plain.requests().is_empty());
}
