//! Downloads of blobs that meet something else than their bytes.

use imgbuild::event::Event;
use imgbuild::registry::{Error, Kind, Why};
use imgbuild_testkit::registry::{Answer, Registry, Users, What, When};

use crate::support::{Ears, blob_error, builder, noise, reference, remote, user};

const SIZE: usize = 300_000;

#[tokio::test]
async fn a_download_that_meets_a_passing_status_is_tried_again() {
    let bytes = noise(SIZE, 1);
    for status in [408, 429, 500, 502, 503, 504] {
        let registry = Registry::builder().fault(When::request("GET", "/blobs/").nth(1).answer(status)).start();
        let ears = Ears::default();
        let client = builder().events(ears.events()).build();
        assert_eq!(remote(&client, &registry, "a/b", &bytes).read(1 << 20).await.unwrap(), bytes, "{status}");
        assert_eq!((ears.retries(), registry.count("GET", "/blobs/")), (1, 2), "{status}");
    }
}

#[tokio::test]
async fn a_download_that_breaks_off_says_so_when_it_is_tried_again() {
    let registry = Registry::builder().fault(When::request("GET", "/blobs/").nth(1).then(What::ResetAnswerAt(100_000))).start();
    let ears = Ears::default();
    let client = builder().events(ears.events()).build();
    remote(&client, &registry, "a/b", &noise(SIZE, 1)).read(1 << 20).await.unwrap();
    let told: Vec<String> =
        ears.heard().into_iter().filter_map(|event| if let Event::Retry { reason, .. } = event { Some(reason) } else { None }).collect();
    assert!(told.len() == 1 && told[0].starts_with("the answer broke off: "), "{told:?}");
}

#[tokio::test]
async fn a_download_that_is_told_to_wait_too_long_says_how_long() {
    let answer = What::Answer(Answer::status(429).retry_after(4_000));
    let registry = Registry::builder().fault(When::request("GET", "/blobs/").then(answer)).start();
    let error = blob_error(remote(&builder().build(), &registry, "a/b", &noise(10, 1)).read(100).await.unwrap_err());
    assert!(matches!(error, Error::Wait { .. }) && error.to_string().contains("4000 s"), "{error}");
    assert_eq!(registry.count("GET", "/blobs/"), 1);
}

#[tokio::test]
async fn a_status_that_stays_ends_a_download_at_once() {
    for (status, kind) in [(400, Kind::Registry), (404, Kind::NotFound), (410, Kind::Registry)] {
        let registry = Registry::builder().fault(When::request("GET", "/blobs/").answer(status)).start();
        let error = blob_error(remote(&builder().build(), &registry, "a/b", &noise(10, 1)).read(100).await.unwrap_err());
        assert_eq!((error.status(), error.kind(), registry.count("GET", "/blobs/")), (Some(status), kind, 1), "{error}");
    }
    let expired = Answer::error(400, "Your Authorization Token is invalid.");
    let registry = Registry::builder().basic(Users::new().user("AWS", "x", &["pull"])).start();
    registry.inject(When::request("GET", "/blobs/").then(What::Answer(expired)));
    let error = blob_error(remote(&user(&registry, "AWS", "x").build(), &registry, "a/b", &noise(10, 1)).read(100).await.unwrap_err());
    assert!(matches!(&error, Error::Denied(denied) if denied.why == Why::ExpiredToken), "{error}");
}

#[tokio::test]
async fn a_part_that_nobody_asked_for_is_refused() {
    let bytes = noise(SIZE, 1);
    let part = Answer::bare(206).header("content-range", &format!("bytes 0-{}/{SIZE}", SIZE - 1)).body(bytes.to_vec());
    let registry = Registry::builder().fault(When::request("GET", "/blobs/").nth(1).then(What::Answer(part))).start();
    let error = blob_error(remote(&builder().build(), &registry, "a/b", &bytes).read(1 << 20).await.unwrap_err());
    assert_eq!((error.status(), registry.count("GET", "/blobs/")), (Some(206), 1), "{error}");
}

#[tokio::test]
async fn a_registry_that_goes_on_refusing_ranges_ends_the_download() {
    let bytes = noise(SIZE, 1);
    let part = What::Answer(Answer::bare(206).header("content-range", "bytes 5-9/10").body("wrong"));
    for (status, fault) in [(416, What::Answer(Answer::status(416))), (206, part)] {
        let registry = Registry::builder().fault(When::request("GET", "/blobs/").nth(1).then(What::ResetAnswerAt(100_000))).start();
        registry.inject(When::request("GET", "/blobs/").from(2).times(2).then(fault));
        let error = blob_error(remote(&builder().build(), &registry, "a/b", &bytes).read(1 << 20).await.unwrap_err());
        assert_eq!(error.status(), Some(status), "{error}");
        let ranges: Vec<bool> = registry.log().matching("GET", "/blobs/").iter().map(|entry| entry.header("range").is_some()).collect();
        assert_eq!(ranges, [false, true, false], "{status}");
    }
}

#[tokio::test]
async fn wrong_bytes_are_blamed_on_their_blob_and_its_repository() {
    let registry = Registry::start();
    let client = builder().build();
    let blob = remote(&client, &registry, "a/b", &noise(SIZE, 1));
    registry.put_broken_blob("a/b", blob.digest().as_str(), noise(SIZE, 2));
    let error = blob.read(1 << 20).await.unwrap_err().to_string();
    let start = format!(
        "blob `{}` of `{}` does not hold what its descriptor says: ",
        blob.digest().short(),
        reference(&registry, "a/b").repository()
    );
    assert!(error.starts_with(&start), "{error}");
}
