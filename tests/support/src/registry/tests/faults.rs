//! Each fault, as a client meets it.

use std::error::Error as _;
use std::time::{Duration, Instant};

use super::*;

/// A registry with one blob of 100,000 bytes and one fault on it; the blob's URL.
fn faulty(what: What) -> (Registry, String, Vec<u8>) {
    let bytes: Vec<u8> = (0..100_000u32).map(|i| i.to_le_bytes()[0]).collect();
    let registry = Registry::builder().storage().fault(When::request("GET", "/blobs/").times(1).then(what)).start();
    let digest = registry.put_blob("a", bytes.clone());
    let url = format!("{}/v2/a/blobs/{digest}", registry.url());
    (registry, url, bytes)
}

/// Whether some cause of the error is a TCP reset.
fn is_reset(error: &reqwest::Error) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// What arrives of a body, and the error that ends it.
async fn read(mut response: Response) -> (Vec<u8>, Option<reqwest::Error>) {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => return (bytes, None),
            Err(error) => return (bytes, Some(error)),
        }
    }
}

#[tokio::test]
async fn resets_come_after_exactly_the_asked_bytes() {
    for at in [0, 1, 50_000, 99_999] {
        let (registry, url, bytes) = faulty(What::ResetAnswerAt(at as u64));
        let (got, error) = read(client().get(&url).send().await.unwrap()).await;
        assert_eq!(got, bytes[..at]);
        assert!(is_reset(&error.unwrap()), "{at}");
        assert_eq!((registry.faults_struck(), registry.requests()[0].bytes_out), (1, at as u64));
        assert_eq!(registry.requests()[0].faults.len(), 1);
        let rest = client().get(&url).header("range", format!("bytes={at}-")).send().await.unwrap();
        assert_eq!((rest.status().as_u16(), rest.bytes().await.unwrap().to_vec()), (206, bytes[at..].to_vec()));
    }
}

#[tokio::test]
async fn truncated_corrupted_and_gzipped_bodies() {
    let (_registry, url, bytes) = faulty(What::TruncateBodyAt(10));
    let (got, error) = read(client().get(&url).send().await.unwrap()).await;
    assert_eq!(got, bytes[..10]);
    assert!(!is_reset(&error.unwrap()));

    let (_registry, url, bytes) = faulty(What::CorruptByte(70_000));
    let (got, error) = read(client().get(&url).send().await.unwrap()).await;
    assert!(error.is_none());
    let wrong: Vec<usize> = (0..bytes.len()).filter(|i| got[*i] != bytes[*i]).collect();
    assert_eq!((got.len(), wrong), (bytes.len(), vec![70_000]));

    let (_registry, url, bytes) = faulty(What::Gzip);
    let response = client().get(&url).send().await.unwrap();
    assert_eq!(header(&response, "content-encoding"), "gzip");
    let mut plain = Vec::new();
    let packed = response.bytes().await.unwrap();
    std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(packed.as_ref()), &mut plain).unwrap();
    assert_eq!(plain, bytes);
}

#[tokio::test]
async fn stalls_and_trickles_take_their_time() {
    let pause = Duration::from_millis(120);
    let slow = What::TrickleBody { bytes: 25_000, every: pause / 4 };
    for what in [What::StallHeaders(pause), What::StallBodyAt(5, pause), slow] {
        let (_registry, url, bytes) = faulty(what.clone());
        let started = Instant::now();
        let got = client().get(&url).send().await.unwrap().bytes().await.unwrap();
        assert!(started.elapsed() >= pause, "{what:?}");
        assert_eq!(got, bytes);
    }
    let stall = When::request("PUT", "/uploads/").then(What::StallRequestAt(1, pause));
    let registry = Registry::builder().fault(stall).start();
    let session = open_session(&client(), &registry, "a").await;
    let started = Instant::now();
    let put = client().put(committing(session, &sha256(b"abc"))).body("abc").send().await.unwrap();
    assert!(put.status() == 201 && started.elapsed() >= pause);
}

#[tokio::test]
async fn answers_in_the_registrys_place() {
    let registry = Registry::builder()
        .fault(When::request("GET", "/v2/a/").nth(1).then(What::Answer(Answer::status(429).retry_after(3))))
        .fault(When::request("GET", "/v2/a/").nth(2).then(What::Answer(Answer::html(502))))
        .fault(When::request("GET", "/v2/a/").nth(3).answer(503))
        .fault(When::request("GET", "/v2/a/").from(4).then(What::WithHeader("Warning".into(), "299 - \"old\"".into())))
        .fault(When::request("GET", "/v2/a/").from(4).then(What::WithoutHeader("Docker-Content-Digest".into())))
        .start();
    seed_image(&registry, "a", "t");
    let get = || client().get(format!("{}/v2/a/manifests/t", registry.url())).send();
    let limited = get().await.unwrap();
    assert_eq!((limited.status().as_u16(), header(&limited, "retry-after")), (429, "3"));
    assert_eq!(code(limited).await, "TOOMANYREQUESTS");
    let gateway = get().await.unwrap();
    assert_eq!((gateway.status().as_u16(), header(&gateway, "content-type")), (502, "text/html"));
    assert_eq!(get().await.unwrap().status(), 503);
    let warned = get().await.unwrap();
    assert_eq!((warned.status().as_u16(), header(&warned, "warning")), (200, "299 - \"old\""));
    assert!(!warned.headers().contains_key("docker-content-digest"));
    registry.clear_faults();
    assert!(get().await.unwrap().headers().contains_key("docker-content-digest"));
}

#[tokio::test]
async fn redirects_go_to_a_server_with_a_log_of_its_own() {
    let (registry, url, bytes) = faulty(What::RedirectToStorage);
    let redirect = client().get(&url).bearer_auth("secret").send().await.unwrap();
    assert_eq!(redirect.status(), 307);
    let location = header(&redirect, "location").to_owned();
    assert!(location.starts_with(&registry.storage_url().unwrap()) && location.contains("X-Signature="));
    assert_eq!(client().get(&location).send().await.unwrap().bytes().await.unwrap(), bytes);
    let stored = registry.storage_log().unwrap().requests();
    assert_eq!((stored.len(), stored[0].header("authorization")), (1, None));
}

#[tokio::test]
async fn a_lost_commit_was_carried_out() {
    let registry = Registry::builder().fault(When::request("PUT", "/uploads/").nth(1).then(What::LoseAnswer)).start();
    let client = client();
    let session = committing(open_session(&client, &registry, "a").await, &sha256(b"x"));
    let lost = client.put(session.clone()).body("x").send().await.unwrap_err();
    assert!(is_reset(&lost));
    assert!(registry.has_blob("a", &sha256(b"x")));
    assert_eq!(registry.requests()[1].status, None);
    assert_eq!(code(client.put(session).body("x").send().await.unwrap()).await, "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn a_reset_upload_can_go_on_where_it_ended() {
    let fault = When::request("PATCH", "/uploads/").nth(1).then(What::ResetRequestAt(40_000));
    let registry = Registry::builder().fault(fault).start();
    let client = client();
    let session = open_session(&client, &registry, "a").await;
    let body = vec![7u8; 100_000];
    assert!(client.patch(session.clone()).body(body.clone()).send().await.is_err());
    let status = client.get(session.clone()).send().await.unwrap();
    assert_eq!(header(&status, "range"), "0-39999");
    let put = client.put(committing(session, &sha256(&body))).body(body[40_000..].to_vec());
    assert_eq!(put.send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn a_restart_forgets_sessions_and_keeps_content() {
    let registry = Registry::start();
    let client = client();
    let digest = registry.put_blob("a", "x");
    let url = format!("{}/v2/a/blobs/{digest}", registry.url());
    let session = open_session(&client, &registry, "a").await;
    registry.restart_after(Duration::from_millis(200));
    assert!(std::net::TcpStream::connect(registry.address()).is_err());
    tokio::time::sleep(Duration::from_millis(400)).await;
    // A new client each time: an old one may not have noticed yet that its connection is gone.
    let get = |url: &str| super::client().get(url).send();
    assert_eq!(get(&url).await.unwrap().status(), 200);
    assert_eq!(get(session.as_str()).await.unwrap().status(), 404);
    registry.restart();
    assert_eq!(get(&url).await.unwrap().status(), 200);
    registry.inject(When::request("GET", "/v2/a/blobs/").nth(1).then(What::Restart(Duration::ZERO)));
    assert!(is_reset(&get(&url).await.unwrap_err()));
    assert_eq!(get(&url).await.unwrap().status(), 200);
}

#[tokio::test]
async fn going_away_answers_first() {
    let (registry, url, bytes) = faulty(What::GoAway);
    let client = client();
    assert_eq!(client.get(&url).send().await.unwrap().bytes().await.unwrap(), bytes);
    assert_eq!(client.get(&url).send().await.unwrap().bytes().await.unwrap(), bytes);
    let connections: Vec<u64> = registry.requests().iter().map(|entry| entry.connection).collect();
    assert_eq!(connections, [1, 2]);
}

#[tokio::test]
async fn an_early_answer_does_not_wait_for_the_body() {
    let gateway = Answer::html(413).early();
    let elsewhere = Registry::start();
    let registry = Registry::builder()
        .fault(When::request("PUT", "/uploads/").nth(1).then(What::Answer(gateway)))
        .fault(When::request("PUT", "/uploads/").nth(2).then(What::RedirectTo(elsewhere.url())))
        .fault(When::request("PUT", "/uploads/").nth(3).then(What::Reset))
        .start();
    let session = committing(open_session(&client(), &registry, "a").await, &sha256(b"x"));
    let put = || client().put(session.clone()).body(vec![0; 10_000_000]).send();
    // Whether the client sees the answer or a broken pipe is a race, as it is with a real gateway.
    let _ = put().await;
    let moved = put().await.unwrap();
    assert!(header(&moved, "location").starts_with(&elsewhere.url()));
    assert!(put().await.is_err());
    let seen: Vec<_> = registry.log().matching("PUT", "*").iter().map(|entry| (entry.status, entry.bytes_in)).collect();
    assert_eq!(seen, [(Some(413), 0), (Some(307), 10_000_000), (None, 0)]);
    assert!(Answer::status(503).retry_at(Duration::from_mins(1)).response().headers()["retry-after"].to_str().unwrap().ends_with(" GMT"));
}
