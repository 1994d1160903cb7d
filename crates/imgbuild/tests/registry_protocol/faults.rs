//! The rows of "Faults".

use std::time::{Duration, Instant};

use imgbuild::event::{Event, Outcome};
use imgbuild::registry::{Error, Kind, Tagged};
use imgbuild_testkit::registry::{Answer, Feature, Registry, Tls, What, When};

use crate::support::{Ears, builder, image, layer, noise, push, quick, reference, remote, tokens, writer};

const SIZE: usize = 400_000;

#[tokio::test]
async fn a_download_that_is_reset_anywhere_goes_on_where_it_stopped() {
    for at in [0, 1, SIZE as u64 / 2, SIZE as u64 - 1] {
        let registry = Registry::builder().fault(When::request("GET", "/blobs/").nth(1).then(What::ResetAnswerAt(at))).start();
        let client = builder().build();
        let bytes = noise(SIZE, 1);
        let blob = remote(&client, &registry, "a/b", &bytes);
        assert_eq!(blob.read(1 << 20).await.unwrap(), bytes, "{at}");
        let requests = registry.log().matching("GET", "/blobs/");
        assert_eq!(requests.len(), 2, "{at}");
        // What had arrived is not asked for again; how much that is, the network decides.
        let range = requests[1].header("range").map(str::to_owned);
        assert!(at < 2 || range.as_deref().is_some_and(|range| range.starts_with("bytes=") && range != "bytes=0-"), "{at}: {range:?}");
    }
}

#[tokio::test]
async fn a_download_that_ends_early_or_loses_its_ranges_starts_again() {
    let bytes = noise(SIZE, 1);
    for feature in [None, Some(Feature::Ranges)] {
        let start = Registry::builder().fault(When::request("GET", "/blobs/").times(3).then(What::TruncateBodyAt(100_000)));
        let registry = feature.into_iter().fold(start, imgbuild_testkit::registry::Builder::without).start();
        let client = builder().build();
        assert_eq!(remote(&client, &registry, "a/b", &bytes).read(1 << 20).await.unwrap(), bytes, "{feature:?}");
    }
}

#[tokio::test]
async fn a_partial_answer_with_another_range_is_not_taken() {
    let registry = Registry::start();
    let client = builder().build();
    let bytes = noise(SIZE, 1);
    let blob = remote(&client, &registry, "a/b", &bytes);
    registry.inject(When::request("GET", "/blobs/").nth(1).then(What::ResetAnswerAt(100_000)));
    let wrong = Answer::bare(206).header("content-range", &format!("bytes 5-{}/{SIZE}", SIZE - 1)).body(bytes[5..].to_vec());
    registry.inject(When::request("GET", "/blobs/").nth(2).then(What::Answer(wrong)));
    assert_eq!(blob.read(1 << 20).await.unwrap(), bytes);
}

#[tokio::test]
async fn an_upload_that_is_reset_anywhere_arrives_once() {
    for tenth in 0..=10 {
        let at = (SIZE as u64 - 1).min(SIZE as u64 * tenth / 10);
        let registry = Registry::builder()
            .tokens(tokens())
            .fault(When::request("PUT", "/blobs/uploads/").nth(1).then(What::ResetRequestAt(at)))
            .start();
        let blob = layer(noise(SIZE, 1));
        let pusher = writer(&registry).pusher(&reference(&registry, "a/b"));
        assert_eq!(pusher.push_blob(&blob).await.unwrap(), Outcome::Sent, "{at}");
        assert!(registry.has_blob("a/b", blob.digest().as_str()), "{at}");
        assert_eq!(registry.open_uploads(), 0, "{at}");
        assert!(registry.bytes_received() <= 2 * SIZE as u64 + 4_096, "{at}: {}", registry.bytes_received());
    }
}

#[tokio::test]
async fn an_upload_goes_on_at_the_sessions_offset() {
    let registry =
        Registry::builder().fault(When::request("PUT", "/blobs/uploads/").nth(1).then(What::ResetRequestAt(SIZE as u64 / 2))).start();
    let blob = layer(noise(SIZE, 1));
    builder().build().pusher(&reference(&registry, "a/b")).push_blob(&blob).await.unwrap();
    assert_eq!(registry.count("GET", "/blobs/uploads/"), 1);
    let received = registry.bytes_received();
    assert!(received <= SIZE as u64, "{received} bytes: what had arrived was sent again");
    assert!(registry.has_blob("a/b", blob.digest().as_str()));
}

#[tokio::test]
async fn wrong_bytes_of_the_right_length_are_asked_for_once_more_and_never_given_out_as_good() {
    let bytes = noise(SIZE, 1);
    let registry = Registry::builder().fault(When::request("GET", "/blobs/").nth(1).then(What::CorruptByte(77))).start();
    let client = builder().build();
    let blob = remote(&client, &registry, "a/b", &bytes);
    assert_eq!(client.pull_bytes(&reference(&registry, "a/b"), blob.descriptor(), 1 << 20).await.unwrap(), bytes);
    assert_eq!(registry.count("GET", "/blobs/"), 2);

    let registry = Registry::builder().fault(When::request("GET", "*").then(What::CorruptByte(7))).start();
    let client = builder().build();
    let blob = remote(&client, &registry, "a/b", &bytes);
    let error = client.pull_bytes(&reference(&registry, "a/b"), blob.descriptor(), 1 << 20).await.unwrap_err();
    assert_eq!((error.kind(), registry.count("GET", "/blobs/")), (Kind::Integrity, 2), "{error}");
    let image = image(10);
    registry.put_manifest("a/b", image.index.0.media_type.as_str(), image.index.1.clone());
    let error = client.pull_document(&reference(&registry, "a/b").by_digest(image.index.0.digest.clone())).await.unwrap_err();
    assert_eq!((error.kind(), registry.count("GET", "/manifests/")), (Kind::Integrity, 2), "{error}");
}

#[tokio::test]
async fn bytes_that_change_on_their_way_up_are_sent_once_more() {
    let blob = layer(noise(SIZE, 1));
    for (times, good) in [(1, true), (9, false)] {
        let invalid = What::Answer(Answer::error(400, "DIGEST_INVALID"));
        let registry = Registry::builder().fault(When::request("PUT", "/blobs/uploads/").times(times).then(invalid)).start();
        let result = builder().build().pusher(&reference(&registry, "a/b")).push_blob(&blob).await;
        assert_eq!(result.is_ok(), good, "{result:?}");
        assert!(good || matches!(result, Err(Error::Integrity { .. })));
        assert_eq!(registry.count("PUT", "/blobs/uploads/"), 2);
    }
}

#[tokio::test]
async fn every_passing_status_is_retried_at_least_five_times() {
    for status in [408, 429, 500, 502, 503, 504] {
        let registry = Registry::builder().fault(When::request("*", "/v2/").times(4).answer(status)).start();
        let ears = Ears::default();
        let client = builder().events(ears.events()).build();
        assert_eq!(client.head(&reference(&registry, "a/b:1")).await.unwrap(), None, "{status}");
        assert_eq!(ears.retries(), 4, "{status}");
    }
    let registry = Registry::builder().fault(When::request("*", "/v2/").answer(503)).start();
    let error = builder().build().head(&reference(&registry, "a/b:1")).await.unwrap_err();
    assert!(matches!(error, Error::GaveUp { attempts: 6, .. }), "{error}");
    assert!(error.to_string().contains("tried 6 times"), "{error}");
}

#[tokio::test]
async fn every_third_request_answered_with_429_costs_time_and_nothing_else() {
    let answer = What::Answer(Answer::status(429).retry_after(1));
    let registry = Registry::builder().tokens(tokens()).fault(When::request("*", "*").every(3).then(answer)).start();
    let image = image(50_000);
    let pusher = writer(&registry).pusher(&reference(&registry, "a/b"));
    assert_eq!(push(&pusher, &image, "1").await.unwrap(), Tagged::Moved);
    assert_eq!(pusher.traffic().sent, image.blobs.iter().map(imgbuild::blob::Blob::size).sum::<u64>());
}

#[tokio::test]
async fn retry_after_is_honoured_in_seconds_and_as_a_date_up_to_a_cap() {
    for (answer, least) in [(Answer::status(429).retry_after(1), 1_000), (Answer::status(503).retry_at(Duration::from_secs(5)), 1_500)] {
        let registry = Registry::builder().fault(When::request("HEAD", "*").nth(1).then(What::Answer(answer))).start();
        let started = Instant::now();
        builder().build().head(&reference(&registry, "a/b:1")).await.unwrap();
        assert!(started.elapsed() >= Duration::from_millis(least), "{:?}", started.elapsed());
    }
    let registry = Registry::builder().fault(When::request("HEAD", "*").then(What::Answer(Answer::status(429).retry_after(4_000)))).start();
    let error = builder().build().head(&reference(&registry, "a/b:1")).await.unwrap_err();
    assert!(matches!(error, Error::Wait { .. }) && error.to_string().contains("4000 s"), "{error}");
    assert_eq!(registry.count("HEAD", "*"), 1);
}

#[tokio::test]
async fn a_cool_down_holds_for_every_request_to_the_host() {
    let registry = Registry::builder()
        .fault(When::request("HEAD", "/manifests/").nth(1).then(What::Answer(Answer::status(429).retry_after(1))))
        .start();
    let client = builder().build();
    let (first, second) = (reference(&registry, "a/b:1"), reference(&registry, "c/d:1"));
    let slow = tokio::spawn({
        let client = client.clone();
        async move { client.head(&first).await }
    });
    while registry.count("HEAD", "*") == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let started = Instant::now();
    client.head(&second).await.unwrap();
    assert!(started.elapsed() > Duration::from_millis(700), "{:?}", started.elapsed());
    slow.await.unwrap().unwrap();
}

#[tokio::test]
async fn one_deadline_ends_everything() {
    let registry = Registry::builder().fault(When::request("*", "*").answer(503)).start();
    let client = builder().deadline(Duration::from_millis(300)).retry(quick().attempts(1_000)).build();
    let started = Instant::now();
    let error = client.head(&reference(&registry, "a/b:1")).await.unwrap_err();
    assert!(matches!(error, Error::Deadline { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn http_2_goaway_and_resets_are_survived() {
    let registry = Registry::builder()
        .tls(Tls::new())
        .tokens(tokens())
        .fault(When::request("*", "*").every(4).then(What::GoAway))
        .fault(When::request("PUT", "/blobs/uploads/").nth(2).then(What::Reset))
        .start();
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, registry.authority_pem().unwrap()).unwrap();
    let client = crate::support::user(&registry, "writer", "writepw").ca_file(authority).build();
    assert_eq!(push(&client.pusher(&reference(&registry, "a/b")), &image(100_000), "1").await.unwrap(), Tagged::Moved);
    assert!(registry.requests().iter().all(|entry| entry.version == "HTTP/2.0"));
}

#[tokio::test]
async fn a_host_that_is_not_there_yet_is_tried_again() {
    let registry = Registry::start();
    registry.restart_after(Duration::from_millis(200));
    let client = builder().retry(quick().delays(Duration::from_millis(50), Duration::from_millis(200)).attempts(20)).build();
    assert_eq!(client.head(&reference(&registry, "a/b:1")).await.unwrap(), None);
}

#[tokio::test]
async fn a_stall_ends_and_slow_but_moving_succeeds() {
    let bytes = noise(40_000, 1);
    let long = Duration::from_secs(20);
    for (method, fault) in
        [("GET", What::StallHeaders(long)), ("GET", What::StallBodyAt(10_000, long)), ("PUT", What::StallRequestAt(10_000, long))]
    {
        let registry = Registry::builder().fault(When::request(method, "/blobs/").nth(1).then(fault.clone())).start();
        let client = builder().retry(quick().commit(Duration::from_millis(700))).build();
        let started = Instant::now();
        if method == "GET" {
            assert_eq!(remote(&client, &registry, "a/b", &bytes).read(1 << 20).await.unwrap(), bytes, "{fault:?}");
        } else {
            client.pusher(&reference(&registry, "a/b")).push_blob(&layer(bytes.clone())).await.unwrap();
        }
        assert!(started.elapsed() < Duration::from_secs(8), "{fault:?}: {:?}", started.elapsed());
    }
    let every = Duration::from_millis(60);
    let registry = Registry::builder().fault(When::request("GET", "/blobs/sha256").then(What::TrickleBody { bytes: 2_000, every })).start();
    let ears = Ears::default();
    let client = builder().events(ears.events()).build();
    assert_eq!(remote(&client, &registry, "a/b", &bytes).read(1 << 20).await.unwrap(), bytes);
    assert_eq!(ears.retries(), 0, "a download that moves is no stall");
}

#[tokio::test]
async fn a_slow_commit_is_not_a_stall() {
    let registry =
        Registry::builder().fault(When::request("PUT", "/blobs/uploads/").then(What::StallHeaders(Duration::from_millis(1_500)))).start();
    let ears = Ears::default();
    let client = builder().events(ears.events()).build();
    client.pusher(&reference(&registry, "a/b")).push_blob(&layer(noise(10_000, 1))).await.unwrap();
    assert_eq!((ears.retries(), registry.count("PUT", "*")), (0, 1));
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_counts_when_the_blob_is_there() {
    let registry = Registry::builder().fault(When::request("PUT", "/blobs/uploads/").nth(1).then(What::LoseAnswer)).start();
    let blob = layer(noise(SIZE, 1));
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    assert_eq!(pusher.push_blob(&blob).await.unwrap(), Outcome::Sent);
    assert_eq!(registry.count("PUT", "*"), 1);
}

#[tokio::test]
async fn a_lost_session_is_looked_into_and_begun_again() {
    let unknown = || What::Answer(Answer::error(404, "BLOB_UPLOAD_UNKNOWN"));
    let registry = Registry::builder().fault(When::request("PUT", "/blobs/uploads/").nth(1).then(unknown())).start();
    let blob = layer(noise(SIZE, 1));
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    assert_eq!(pusher.push_blob(&blob).await.unwrap(), Outcome::Sent);
    assert_eq!(registry.count("HEAD", "/blobs/"), 2);
    assert!(registry.has_blob("a/b", blob.digest().as_str()));
}

#[tokio::test]
async fn a_manifest_whose_blobs_are_unknown_gets_them_again() {
    for code in ["MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN"] {
        let registry = Registry::start();
        let pusher = builder().build().pusher(&reference(&registry, "a/b"));
        let image = image(1_000);
        for blob in &image.blobs {
            pusher.push_blob(blob).await.unwrap();
        }
        // The registry has lost a layer since it said that it has it.
        registry.forget_blob("a/b", image.shared.digest().as_str());
        registry.inject(When::request("PUT", "/manifests/").nth(1).then(What::Answer(Answer::error(400, code))));
        let (descriptor, bytes) = &image.manifests[0];
        assert_eq!(pusher.push_manifest(descriptor, bytes.clone()).await.unwrap(), Outcome::Sent, "{code}");
        assert!(registry.has_blob("a/b", image.shared.digest().as_str()), "{code}");
    }
}

#[tokio::test]
async fn a_registry_that_restarts_during_a_push_ends_up_with_all_of_it() {
    for (method, path) in [("PUT", "/blobs/uploads/"), ("POST", "/blobs/uploads/"), ("PUT", "/manifests/")] {
        let registry = Registry::builder().tokens(tokens()).start();
        let old = image(10);
        let client = crate::support::user(&registry, "writer", "writepw").retry(quick().attempts(30)).build();
        push(&client.pusher(&reference(&registry, "a/b")), &old, "1").await.unwrap();
        registry.inject(When::request(method, path).nth(2).then(What::Restart(Duration::from_millis(100))));
        let image = image(100_000);
        assert_eq!(push(&client.pusher(&reference(&registry, "a/b")), &image, "1").await.unwrap(), Tagged::Moved, "{method} {path}");
        assert_eq!(registry.manifest("a/b", "1").unwrap().bytes, image.index.1, "{method} {path}");
    }
}

#[tokio::test]
async fn a_push_that_is_dropped_leaves_no_session_and_the_tag_where_it_was() {
    let registry =
        Registry::builder().fault(When::request("PUT", "/blobs/uploads/").then(What::StallRequestAt(0, Duration::from_secs(20)))).start();
    let client = builder().retry(quick().stall(Duration::from_secs(10))).build();
    let pusher = client.pusher(&reference(&registry, "a/b"));
    let image = image(50_000);
    let stopped = tokio::time::timeout(Duration::from_millis(300), pusher.push_blob(&image.shared)).await;
    assert!(stopped.is_err() && registry.open_uploads() == 1);
    pusher.close().await;
    assert_eq!((registry.open_uploads(), registry.tags("a/b").len()), (0, 0));
}

#[tokio::test]
async fn a_session_that_opens_while_its_push_is_dropped_is_deleted_too() {
    let late = When::request("POST", "/blobs/uploads/").then(What::StallHeaders(Duration::from_millis(600)));
    let registry = Registry::builder().fault(late).start();
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    let image = image(50_000);
    let stopped = tokio::time::timeout(Duration::from_millis(300), pusher.push_blob(&image.shared)).await;
    assert!(stopped.is_err() && registry.open_uploads() == 1, "the session is open and its place not known yet");
    pusher.close().await;
    assert_eq!(registry.open_uploads(), 0);
}

#[tokio::test]
async fn a_bad_certificate_is_named_and_not_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    for (tls, trusted, reason) in [
        (Tls::new(), false, "no trusted authority signed it"),
        (Tls::new().expired(), true, "it has expired"),
        (Tls::new().names(&["other.example"]), true, "it is for another name"),
    ] {
        let registry = Registry::builder().tls(tls).start();
        let authority = folder.path().join("ca.pem");
        std::fs::write(&authority, registry.authority_pem().unwrap()).unwrap();
        let ears = Ears::default();
        let client = if trusted { builder().ca_file(authority) } else { builder() }.events(ears.events()).build();
        let error = client.head(&format!("localhost:{}/a/b:1", registry.address().port()).parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, Error::Certificate { .. }) && error.to_string().contains(reason), "{error}");
        assert!(error.hint().unwrap().contains("--ca-file"));
        assert_eq!((ears.retries(), registry.requests().len()), (0, 0));
    }
}

#[tokio::test]
async fn a_retry_is_told_with_its_reason() {
    let registry = Registry::builder().fault(When::request("HEAD", "*").nth(1).answer(502)).start();
    let ears = Ears::default();
    builder().events(ears.events()).build().head(&reference(&registry, "a/b:1")).await.unwrap();
    let heard = ears.heard();
    let Some(Event::Retry { what, attempt: 1, reason, .. }) = heard.first() else { panic!("{heard:?}") };
    assert!(what.starts_with("HEAD http://127.0.0.1") && reason.starts_with("502"), "{what} {reason}");
}

#[tokio::test]
async fn a_source_that_fails_is_blamed_itself() {
    let registry = Registry::start();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("layer");
    std::fs::write(&path, noise(SIZE, 2)).unwrap();
    let descriptor = layer(noise(SIZE, 1)).descriptor().clone();
    let changed = imgbuild::blob::Blob::from_file(descriptor.clone(), path);
    let missing = imgbuild::blob::Blob::from_file(descriptor, folder.path().join("none"));
    let ears = Ears::default();
    let pusher = builder().events(ears.events()).build().pusher(&reference(&registry, "a/b"));
    assert_eq!(pusher.push_blob(&changed).await.unwrap_err().kind(), Kind::Integrity);
    assert_eq!(pusher.push_blob(&missing).await.unwrap_err().kind(), Kind::Input);
    // The start of a process' memory is never mapped, and the kernel answers as for a broken disk.
    let broken = imgbuild::blob::Blob::from_file(layer(noise(10, 1)).descriptor().clone(), "/proc/self/mem".into());
    let error = pusher.push_blob(&broken).await.unwrap_err();
    assert!(error.kind() == Kind::Input && error.to_string().contains("/proc/self/mem"), "{error}");
    // A registry that lacks the blob has not lost the session of another.
    let source = Registry::start();
    let lacking = builder().build().blob(&reference(&source, "a/b"), layer(noise(SIZE, 3)).descriptor().clone());
    let error = pusher.push_blob(&lacking).await.unwrap_err();
    assert!(error.kind() == Kind::NotFound && error.to_string().contains(&source.host()), "{error}");
    assert_eq!(source.count("GET", "/blobs/"), 1);
    assert_eq!(ears.retries(), 0);
}

#[tokio::test]
async fn a_registry_that_loses_what_it_took_again_and_again_ends_the_upload() {
    let registry = Registry::builder().request_limit(300_000).start();
    registry.inject(When::request("PATCH", "*").every(2).answer(503));
    registry.inject(When::request("GET", "/blobs/uploads/").answer(404));
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    let blob = layer(noise(1_200_000, 1));
    let outcome = tokio::time::timeout(Duration::from_secs(20), pusher.push_blob(&blob)).await.expect("it never ends");
    assert!(matches!(outcome, Err(Error::GaveUp { .. })), "{outcome:?}");
}
