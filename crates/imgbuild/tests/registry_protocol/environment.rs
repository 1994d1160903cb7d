//! Proxies, certificates, mirrors, addresses and limits.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use imgbuild::registry::{Error, Mirrors, Proxies, Serves, Tagged};
use imgbuild_testkit::registry::{Answer, Proxy, Registry, Tls, What, When};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{builder, image, layer, noise, push, quick, reference, remote, tokens, user};

#[tokio::test]
async fn a_proxy_is_used_and_no_proxy_keeps_from_it() {
    let registry = Registry::start();
    let host = format!("registry.example:{}", registry.address().port());
    let proxy = Proxy::builder().resolve(&host, registry.address()).start();
    let target: imgbuild::oci::Reference = format!("{host}/a/b:1").parse().unwrap();
    let client = |except: &str| {
        builder().insecure(&host).proxies(Proxies::new(Some(&proxy.url()), Some(&proxy.url()), except)).retry(quick().attempts(1))
    };
    assert_eq!(client("").build().head(&target).await.unwrap(), None);
    assert!(!proxy.log().requests().is_empty());
    let before = proxy.log().requests().len();
    let direct = client("registry.example").resolve("registry.example", registry.address().ip()).build();
    assert_eq!(direct.head(&target).await.unwrap(), None);
    assert_eq!(proxy.log().requests().len(), before);
}

#[tokio::test]
async fn a_proxy_that_wants_credentials_is_named_without_its_password() {
    let registry = Registry::builder().tls(Tls::new().names(&["registry.example"])).start();
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, registry.authority_pem().unwrap()).unwrap();
    let host = format!("registry.example:{}", registry.address().port());
    let proxy = Proxy::builder().basic("user", "right").resolve(&host, registry.address()).start();
    let target: imgbuild::oci::Reference = format!("{host}/a/b:1").parse().unwrap();
    let client = |url: &str| builder().ca_file(&authority).proxies(Proxies::new(Some(url), Some(url), "")).build();
    assert_eq!(client(&proxy.url_with("user", "right")).head(&target).await.unwrap(), None);
    let error = client(&proxy.url_with("user", "canary")).head(&target).await.unwrap_err();
    assert!(matches!(error, Error::Proxy { .. }), "{error}");
    assert!(!format!("{error} {error:?} {:?}", error.hint()).contains("canary"));
}

#[tokio::test]
async fn a_proxy_for_plain_http_that_answers_407_is_told_apart_from_the_registry() {
    let registry = Registry::start();
    let host = format!("registry.example:{}", registry.address().port());
    let proxy = Proxy::builder().basic("user", "right").resolve(&host, registry.address()).start();
    let client = builder()
        .insecure(&host)
        .proxies(Proxies::new(Some(&proxy.url()), None, ""))
        .resolve("registry.example", registry.address().ip())
        .build();
    let error = client.head(&format!("{host}/a/b:1").parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, Error::Proxy { .. }), "{error}");
    assert_eq!(registry.count("*", "/v2/a/b"), 0);
}

#[tokio::test]
async fn certs_d_trusts_an_authority_for_its_host_alone() {
    let registry = Registry::builder().tls(Tls::new()).tokens(tokens()).start();
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("localhost:1");
    let own = folder.path().join(registry.host());
    for place in [&other, &own] {
        std::fs::create_dir(place).unwrap();
    }
    std::fs::write(other.join("ca.crt"), registry.authority_pem().unwrap()).unwrap();
    let client = || user(&registry, "writer", "writepw").certificates(folder.path()).build();
    let target = reference(&registry, "a/b");
    assert!(matches!(client().head(&target).await, Err(Error::Certificate { .. })));
    std::fs::write(own.join("ca.crt"), registry.authority_pem().unwrap()).unwrap();
    assert_eq!(push(&client().pusher(&target), &image(100), "1").await.unwrap(), Tagged::Moved);
}

#[tokio::test]
async fn a_file_of_authorities_that_cannot_be_read_is_named() {
    let error = builder().ca_file("/nonexistent/ca.pem").build().head(&"registry.example/a:1".parse().unwrap()).await.unwrap_err();
    assert!(matches!(&error, Error::Input(reason) if reason.contains("/nonexistent/ca.pem")), "{error}");
}

#[tokio::test]
async fn a_mirror_is_asked_first_and_the_registry_where_it_fails() {
    let (registry, mirror) = (Registry::start(), Registry::start());
    let bytes = noise(10_000, 1);
    let image = image(100);
    for (place, folder) in [(&registry, "a/b"), (&mirror, "copy/a/b")] {
        place.put_manifest(folder, image.index.0.media_type.as_str(), image.index.1.clone());
        place.tag(folder, "1", image.index.0.digest.as_str());
    }
    mirror.put_blob("copy/a/b", bytes.clone());
    let mirrors = Mirrors::default().with(&registry.host(), &format!("{}/copy", mirror.host()), Serves::All);
    let client = builder().mirrors(mirrors).build();
    let target = reference(&registry, "a/b:1");
    client.head(&target).await.unwrap().unwrap();
    client.pull_document(&target).await.unwrap();
    let blob = client.blob(&target, layer(bytes.clone()).descriptor().clone());
    assert_eq!(blob.read(1 << 20).await.unwrap(), bytes);
    assert_eq!(registry.requests().len(), 0);
    assert_eq!(blob.repository().unwrap().domain(), registry.host(), "what is mounted is mounted from the registry itself");

    registry.put_blob("a/b", bytes.clone());
    mirror.inject(When::request("*", "/v2/copy").answer(503));
    assert_eq!(client.pull_document(&target).await.unwrap().descriptor().digest, image.index.0.digest);
    assert_eq!(blob.read(1 << 20).await.unwrap(), bytes);
    push(&client.pusher(&target), &image, "2").await.unwrap();
    assert_eq!(mirror.count("PUT", "*") + mirror.count("POST", "*"), 0, "something was pushed to a mirror");
}

#[tokio::test]
async fn both_address_families_are_tried() {
    for (listens, dead) in [
        (SocketAddr::from((Ipv6Addr::LOCALHOST, 0)), IpAddr::from([127, 0, 0, 1])),
        (SocketAddr::from(([127, 0, 0, 1], 0)), IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ] {
        let registry = Registry::builder().listen(listens).start();
        let name = format!("registry.example:{}", registry.address().port());
        let client =
            builder().insecure(&name).resolve("registry.example", dead).resolve("registry.example", registry.address().ip()).build();
        assert_eq!(client.head(&format!("{name}/a/b:1").parse().unwrap()).await.unwrap(), None, "{listens}");
    }
    let registry = Registry::builder().listen(SocketAddr::from((Ipv6Addr::LOCALHOST, 0))).start();
    let literal = format!("[::1]:{}/a/b:1", registry.address().port());
    assert_eq!(builder().build().head(&literal.parse().unwrap()).await.unwrap(), None);
}

#[tokio::test]
async fn no_more_blobs_move_at_once_than_jobs() {
    let registry = Registry::builder().fault(When::request("PUT", "/blobs/").then(What::StallHeaders(Duration::from_millis(60)))).start();
    let most = AtomicUsize::new(0);
    let pusher = builder().jobs(2).build().pusher(&reference(&registry, "a/b"));
    let all: Vec<_> = (0..6)
        .map(|number| {
            let pusher = pusher.clone();
            tokio::spawn(async move { pusher.push_blob(&layer(noise(1_000, number))).await })
        })
        .collect();
    while !all.iter().all(tokio::task::JoinHandle::is_finished) {
        let running = registry.requests().iter().filter(|entry| entry.method == "PUT" && entry.status.is_none()).count();
        most.fetch_max(running, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    for one in all {
        one.await.unwrap().unwrap();
    }
    assert_eq!(most.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn the_same_blob_wanted_twice_at_once_is_sent_once() {
    let registry = Registry::start();
    let client = builder().build();
    let blob = remote(&client, &registry, "x/y", &noise(1_000, 1));
    let copy = layer(blob.read(1_000).await.unwrap());
    let pusher = client.pusher(&reference(&registry, "a/b"));
    let (one, two) = tokio::join!(pusher.push_blob(&copy), pusher.push_blob(&copy));
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!((registry.count("POST", "*"), registry.count("PUT", "*")), (1, 1));
}

#[tokio::test]
async fn a_name_that_dns_does_not_answer_is_asked_again() {
    let ears = crate::support::Ears::default();
    let client = builder().events(ears.events()).retry(quick().attempts(3)).build();
    let error = client.head(&"registry.invalid/a/b:1".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, Error::GaveUp { attempts: 3, .. }) && error.kind() == imgbuild::registry::Kind::Network, "{error}");
    assert_eq!(ears.retries(), 2);
    let text = error.to_string();
    assert_eq!(text.matches("DNS").count(), 1, "{text}");
    assert!(
        text.contains("the host `registry.invalid` cannot be found: ") && error.hint().unwrap().contains("getent hosts registry.invalid"),
        "{text}"
    );
}

#[tokio::test]
async fn a_mirrors_word_is_not_the_target_registrys() {
    let (registry, mirror) = (Registry::start(), Registry::start());
    let image = image(100);
    mirror.put_manifest("copy/a/b", image.index.0.media_type.as_str(), image.index.1.clone());
    mirror.tag("copy/a/b", "1", image.index.0.digest.as_str());
    let mirrors = Mirrors::default().with(&registry.host(), &format!("{}/copy", mirror.host()), Serves::All);
    let client = builder().mirrors(mirrors).build();
    let target = reference(&registry, "a/b:1");
    assert!(client.head(&target).await.unwrap().is_some(), "a base may come from the mirror");
    let pusher = client.pusher(&target);
    assert_eq!(pusher.named("1").await.unwrap(), None);
    assert_eq!(push(&pusher, &image, "1").await.unwrap(), Tagged::Moved);
    assert_eq!(pusher.named("1").await.unwrap(), Some(image.index.0.digest));
}

#[tokio::test]
async fn a_mirror_that_breaks_off_for_good_is_left_where_it_broke() {
    let bytes = noise(300_000, 1);
    let (registry, mirror) = (Registry::start(), Registry::start());
    registry.put_blob("a/b", bytes.clone());
    mirror.put_blob("copy/a/b", bytes.clone());
    mirror.inject(When::request("GET", "/blobs/").then(What::ResetAnswerAt(150_000)));
    let mirrors = Mirrors::default().with(&registry.host(), &format!("{}/copy", mirror.host()), Serves::All);
    let blob = builder().mirrors(mirrors).build().blob(&reference(&registry, "a/b"), layer(bytes.clone()).descriptor().clone());
    mirror.inject(When::request("GET", "/blobs/").from(2).answer(503));
    assert_eq!(blob.read(1 << 20).await.unwrap(), bytes);
    let asked = registry.log().matching("GET", "/blobs/");
    let range = asked[0].header("range").unwrap_or_default().to_owned();
    assert!(asked.len() == 1 && range.starts_with("bytes=") && range != "bytes=0-", "what the mirror gave is asked for again: `{range}`");
}

#[tokio::test]
async fn a_mirror_that_serves_wrong_bytes_is_left_for_the_registry_and_that_is_told() {
    let (registry, mirror) = (Registry::start(), Registry::start());
    let (bytes, image) = (noise(10_000, 1), image(100));
    let blob = layer(bytes.clone()).descriptor().clone();
    registry.put_blob("a/b", bytes.clone());
    registry.put_manifest("a/b", image.index.0.media_type.as_str(), image.index.1.clone());
    mirror.put_broken_blob("copy/a/b", blob.digest.as_str(), noise(10_000, 2));
    mirror
        .inject(When::request("GET", "/manifests/").then(What::Answer(Answer::status(200).body(r#"{"schemaVersion":2,"manifests":[]}"#))));
    let mirrors = Mirrors::default().with(&registry.host(), &format!("{}/copy", mirror.host()), Serves::All);
    let ears = crate::support::Ears::default();
    let client = builder().mirrors(mirrors).events(ears.events()).build();
    let target = reference(&registry, "a/b:1");

    assert_eq!(client.pull_bytes(&target, &blob, 1 << 20).await.unwrap(), bytes);
    assert_eq!(mirror.count("GET", "/blobs/"), 1, "it is not asked twice");
    // What was told of one blob says nothing of others.
    assert!(
        ears.warnings().iter().any(|said| said.contains(&mirror.host()) && said.contains(blob.digest.as_str())),
        "{:?}",
        ears.warnings()
    );
    let told = ears.warnings().len();
    assert_eq!(client.pull_child(&target, &image.index.0).await.unwrap().raw(), &image.index.1);
    assert_eq!(ears.warnings().len(), told + 1);

    // Where the registry is no better, that is an error.
    registry.forget_blob("a/b", blob.digest.as_str());
    registry.put_broken_blob("a/b", blob.digest.as_str(), noise(10_000, 3));
    let error = client.pull_bytes(&target, &blob, 1 << 20).await.unwrap_err();
    assert!(matches!(error, Error::Integrity { .. }), "{error}");
}

#[tokio::test]
async fn a_mirror_that_fails_is_tried_once_more_and_no_longer() {
    let (registry, mirror) = (Registry::start(), Registry::start());
    let (bytes, image) = (noise(10_000, 1), image(100));
    registry.put_blob("a/b", bytes.clone());
    registry.put_manifest("a/b", image.index.0.media_type.as_str(), image.index.1.clone());
    registry.tag("a/b", "1", image.index.0.digest.as_str());
    let mirrors = Mirrors::default().with(&registry.host(), &format!("{}/copy", mirror.host()), Serves::All);
    let client = builder().mirrors(mirrors).build();
    let target = reference(&registry, "a/b:1");
    // One that says how long to wait is not waited for.
    for (answer, attempts) in [(Answer::status(503), 2), (Answer::status(429).retry_after(1), 1)] {
        mirror.clear_faults();
        mirror.inject(When::request("*", "/v2/copy").then(What::Answer(answer)));
        for step in ["head", "document", "child", "blob"] {
            mirror.clear_log();
            match step {
                "head" => assert_eq!(client.head(&target).await.unwrap().unwrap().digest, image.index.0.digest),
                "document" => assert_eq!(client.pull_document(&target).await.unwrap().raw(), &image.index.1),
                "child" => assert_eq!(client.pull_child(&target, &image.index.0).await.unwrap().raw(), &image.index.1),
                _ => assert_eq!(client.pull_bytes(&target, layer(bytes.clone()).descriptor(), 1 << 20).await.unwrap(), bytes),
            }
            assert_eq!(mirror.count("*", "/v2/copy"), attempts, "{step}");
        }
    }
}

#[tokio::test]
async fn a_host_that_may_lack_tls_is_known_with_and_without_the_port_of_either_scheme() {
    let registry = Registry::start();
    let start = Proxy::builder().resolve("registry.example:443", registry.address());
    let proxy = start.resolve("registry.example:80", registry.address()).start();
    for (named, may_lack_tls) in
        [("registry.example", true), ("Registry.Example:443", true), ("registry.example:80", true), ("registry.example:5000", false)]
    {
        let proxies = Proxies::new(Some(&proxy.url()), Some(&proxy.url()), "");
        let client = builder().insecure(named).proxies(proxies).retry(quick().attempts(1)).build();
        let found = client.head(&"registry.example/a/b:1".parse().unwrap()).await;
        assert_eq!(found.is_ok(), may_lack_tls, "{named}: {found:?}");
        assert!(found.is_ok_and(|found| found.is_none()) || registry.count("*", "/v2/a/b") == 3, "{named}");
    }
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_yet_is_not_taken_for_one_without_tls() {
    let registry = Registry::builder().tls(Tls::new()).start();
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, registry.authority_pem().unwrap()).unwrap();
    registry.restart_after(Duration::from_millis(80));
    let client =
        builder().ca_file(authority).retry(quick().delays(Duration::from_millis(20), Duration::from_millis(40)).attempts(50)).build();
    assert_eq!(client.head(&reference(&registry, "a/b:1")).await.unwrap(), None);

    let nowhere = builder().insecure("registry.invalid:5000").retry(quick().attempts(1)).build();
    let error = nowhere.head(&"registry.invalid:5000/a/b:1".parse().unwrap()).await.unwrap_err();
    assert!(error.to_string().starts_with("GET https://registry.invalid:5000/v2/: the host `registry.invalid` cannot be found"), "{error}");
}

#[tokio::test]
async fn a_registry_that_wants_our_certificate_is_not_taken_for_one_without_tls() {
    let registry = Registry::builder().tls(Tls::new().known_clients()).start();
    let folder = tempfile::tempdir().unwrap();
    let error = guest(&registry, folder.path(), false).head(&reference(&registry, "a/b:1")).await.unwrap_err();
    assert!(matches!(&error, Error::ClientCertificate { host, .. } if *host == registry.host()), "{error:?}");
    assert_eq!(guest(&registry, folder.path(), true).head(&reference(&registry, "a/b:1")).await.unwrap(), None);
}

/// A client that trusts `registry`, and shows its certificate where `known`.
fn guest(registry: &Registry, folder: &std::path::Path, known: bool) -> imgbuild::registry::Client {
    let place = folder.join(registry.host());
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join("ca.crt"), registry.authority_pem().unwrap()).unwrap();
    if known {
        let (certificate, key) = registry.client_pem().unwrap();
        std::fs::write(place.join("client.cert"), certificate).unwrap();
        std::fs::write(place.join("client.key"), key).unwrap();
    }
    builder().certificates(folder).build()
}

#[tokio::test]
async fn a_registry_that_asks_for_our_certificate_and_hangs_up_wants_it() {
    let folder = tempfile::tempdir().unwrap();
    for tls in [Tls::new(), Tls::new().http1_only()] {
        let registry = Registry::builder().tls(tls.known_clients_silently()).start();
        let error = guest(&registry, folder.path(), false).head(&reference(&registry, "a/b:1")).await.unwrap_err();
        assert!(matches!(&error, Error::ClientCertificate { host, .. } if *host == registry.host()), "{error:?}");
        assert!(error.to_string().contains("wants a client certificate (it asked for one and hung up: "), "{error}");
        assert_eq!(guest(&registry, folder.path(), true).head(&reference(&registry, "a/b:1")).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_broken_connection_is_tried_again_wherever_our_certificate_is_taken_or_not_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for tls in [Tls::new(), Tls::new().known_clients()] {
        // Once before the first answer, and always after it.
        let registry = Registry::builder().tls(tls).fault(When::request("GET", "/v2/").nth(1).then(What::Reset)).start();
        let client = guest(&registry, folder.path(), true);
        assert_eq!(client.head(&reference(&registry, "a/b:1")).await.unwrap(), None);
        registry.inject(When::request("HEAD", "*").then(What::Reset));
        let error = client.head(&reference(&registry, "a/b:1")).await.unwrap_err();
        assert!(matches!(&error, Error::GaveUp { last, .. } if matches!(**last, Error::Network { .. })), "{error:?}");
    }
    let registry = Registry::builder().tls(Tls::new()).fault(When::request("*", "*").then(What::Reset)).start();
    let error = guest(&registry, folder.path(), true).head(&reference(&registry, "a/b:1")).await.unwrap_err();
    assert!(matches!(&error, Error::GaveUp { last, .. } if matches!(**last, Error::Network { .. })), "{error:?}");
}

#[tokio::test]
async fn a_server_that_hangs_up_on_tls_is_one_without() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("{}/a/b:1", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut start = [0; 1_024];
            let read = stream.read(&mut start).await.unwrap();
            if start[..read].starts_with(b"HEAD ") {
                stream.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            }
        }
    });
    assert_eq!(builder().retry(quick().attempts(1)).build().head(&target).await.unwrap(), None);
}
