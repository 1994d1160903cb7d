//! TLS and HTTP/2.

use super::*;

#[tokio::test]
async fn https_speaks_http2_to_those_who_trust_it() {
    let registry = Registry::builder().tls(Tls::new()).storage().start();
    let digest = registry.put_blob("a", "x");
    let url = format!("{}/v2/a/blobs/{digest}", registry.url());
    let trusting = client_trusting(registry.authority_pem());
    let response = trusting.get(&url).send().await.unwrap();
    assert_eq!((response.version(), response.status().as_u16()), (reqwest::Version::HTTP_2, 200));
    let session = open_session(&trusting, &registry, "a").await;
    assert_eq!((session.scheme(), session.port()), ("https", Some(registry.address().port())));
    assert!(client().get(&url).send().await.unwrap_err().is_connect());
    assert_eq!(registry.requests()[0].version, "HTTP/2.0");
    assert!(registry.storage_url().unwrap().starts_with("https://"));
}

#[tokio::test]
async fn bad_certificates_are_bad() {
    for tls in [Tls::new().expired(), Tls::new().names(&["registry.example"])] {
        let registry = Registry::builder().tls(tls.clone()).start();
        let refused = client_trusting(registry.authority_pem()).get(registry.url()).send().await;
        assert!(refused.unwrap_err().is_connect(), "{tls:?}");
    }
    let registry = Registry::builder().tls(Tls::new().http1_only()).start();
    let response = client_trusting(registry.authority_pem()).get(registry.url()).send().await.unwrap();
    assert_eq!(response.version(), reqwest::Version::HTTP_11);
}

#[tokio::test]
async fn an_http2_stream_can_be_reset_alone_or_with_its_connection() {
    let registry = Registry::builder()
        .tls(Tls::new())
        .fault(When::request("GET", "/blobs/").nth(1).then(What::TruncateBodyAt(5)))
        .fault(When::request("GET", "/blobs/").nth(3).then(What::ResetAnswerAt(5)))
        .fault(When::request("GET", "/blobs/").nth(5).then(What::GoAway))
        .start();
    let digest = registry.put_blob("a", "0123456789");
    let client = client_trusting(registry.authority_pem());
    let mut whole = Vec::new();
    for _ in 0..6 {
        let response = client.get(format!("{}/v2/a/blobs/{digest}", registry.url())).send().await.unwrap();
        whole.push(response.bytes().await.is_ok());
    }
    assert_eq!(whole, [false, true, false, true, true, true]);
    let connections: Vec<u64> = registry.requests().iter().map(|entry| entry.connection).collect();
    assert_eq!(connections, [1, 1, 1, 2, 2, 3]);
}
