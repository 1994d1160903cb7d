//! Uploads that do not go straight: sessions that are lost or lie, and chunks.

use imgbuild::event::{Direction, Event, Outcome};
use imgbuild::registry::Error;
use imgbuild_testkit::registry::{Answer, Registry, What, When};

use crate::support::{Ears, builder, layer, noise, quick, reference, remote};

const SIZE: usize = 400_000;

fn fault(method: &str, answer: Answer) -> imgbuild_testkit::registry::Fault {
    When::request(method, "/blobs/uploads/").nth(1).then(What::Answer(answer))
}

/// The inclusive ranges of the chunks that a registry took.
fn sizes(registry: &Registry) -> Vec<u64> {
    let taken = registry.log().matching("PATCH", "*").into_iter().filter(|entry| entry.status == Some(202));
    taken
        .map(|entry| {
            let (first, last) = entry.header("content-range").unwrap().split_once('-').unwrap();
            last.parse::<u64>().unwrap() + 1 - first.parse::<u64>().unwrap()
        })
        .collect()
}

#[tokio::test]
async fn chunks_are_a_quarter_of_what_was_refused_and_never_tiny() {
    for (minimum, limit, expected) in [
        (None, 600_000, &[375_000; 4][..]),
        (Some(400_000), 600_000, &[400_000, 400_000, 400_000, 300_000]),
        (None, 300_000, &[262_144, 262_144, 262_144, 262_144, 262_144, 189_280]),
    ] {
        let start = Registry::builder().request_limit(limit);
        let registry = minimum.into_iter().fold(start, imgbuild_testkit::registry::Builder::chunk_minimum).start();
        let ears = Ears::default();
        let pusher = builder().events(ears.events()).build().pusher(&reference(&registry, "a/b"));
        assert_eq!(pusher.push_blob(&layer(noise(1_500_000, 1))).await.unwrap(), Outcome::Sent, "{limit}");
        assert_eq!(sizes(&registry), expected, "{limit}");
        // Sessions in which something was refused are given up, the last one is over, and none is left for the end.
        let deleted = registry.count("DELETE", "*");
        assert_eq!((registry.open_uploads(), registry.count("POST", "*")), (0, deleted + 1), "{limit}");
        pusher.close().await;
        assert_eq!((registry.count("DELETE", "*"), ears.retries()), (deleted, 0), "{limit}");
    }
}

#[tokio::test]
async fn chunks_that_arrive_are_progress_and_give_new_attempts() {
    let registry = Registry::builder().request_limit(400_000).fault(When::request("PATCH", "*").every(2).answer(503)).start();
    let pusher = builder().retry(quick().attempts(2)).build().pusher(&reference(&registry, "a/b"));
    assert_eq!(pusher.push_blob(&layer(noise(1_500_000, 1))).await.unwrap(), Outcome::Sent);
    assert_eq!((sizes(&registry).len(), registry.count("PATCH", "*"), registry.count("POST", "*")), (4, 7, 2));
}

#[tokio::test]
async fn chunks_go_to_the_place_that_the_last_answer_named() {
    let registry = Registry::builder().request_limit(300_000).start();
    let other = "/v2/a/b/blobs/uploads/elsewhere";
    registry.inject(When::request("PATCH", "*").nth(1).then(What::WithHeader("location".to_owned(), other.to_owned())));
    let gone = Answer::error(400, "SIZE_INVALID");
    registry.inject(When::request("PATCH", "/uploads/elsewhere").then(What::Answer(gone)));
    let error = builder().build().pusher(&reference(&registry, "a/b")).push_blob(&layer(noise(SIZE, 1))).await.unwrap_err();
    assert!(error.to_string().contains(other), "{error}");
}

#[tokio::test]
async fn a_registry_that_takes_no_chunk_either_is_believed() {
    let blob = layer(noise(1_200_000, 1));
    let registry = Registry::builder().fault(When::request("PUT", "/blobs/uploads/").nth(1).answer(413)).start();
    registry.inject(When::request("PATCH", "*").times(6).answer(413));
    let error = builder().build().pusher(&reference(&registry, "a/b")).push_blob(&blob).await.unwrap_err();
    assert_eq!((error.status(), registry.count("PATCH", "*")), (Some(413), 2), "{error}");

    // Chunks are held in memory.
    let registry = Registry::builder().request_limit(1_000_000).chunk_minimum(300 << 20).start();
    let error = builder().build().pusher(&reference(&registry, "a/b")).push_blob(&blob).await.unwrap_err();
    assert_eq!((error.status(), registry.count("PATCH", "*")), (Some(413), 0), "{error}");
}

#[tokio::test]
async fn an_upload_that_is_turned_away_by_a_limit_asks_nothing_before_it_comes_back() {
    for (status, heads, offsets) in [(429, 1, 0), (503, 2, 1)] {
        let registry = Registry::builder().fault(fault("PUT", Answer::status(status))).start();
        let pusher = builder().build().pusher(&reference(&registry, "a/b"));
        assert_eq!(pusher.push_blob(&layer(noise(SIZE, 1))).await.unwrap(), Outcome::Sent);
        assert_eq!((registry.count("HEAD", "/blobs/"), registry.count("GET", "/blobs/uploads/")), (heads, offsets), "{status}");
    }
    let registry = Registry::builder().fault(fault("PUT", Answer::status(429).retry_after(4_000))).start();
    let error = builder().build().pusher(&reference(&registry, "a/b")).push_blob(&layer(noise(SIZE, 1))).await.unwrap_err();
    assert!(matches!(error, Error::Wait { .. }), "{error}");
}

#[tokio::test]
async fn what_a_registry_lost_track_of_is_sent_again_and_what_it_refuses_is_not() {
    for (answer, mended) in [
        (Answer::html(404), true),
        (Answer::error(404, "BLOB_UPLOAD_UNKNOWN"), true),
        (Answer::error(416, "UNSUPPORTED"), true),
        (Answer::error(400, "BLOB_UPLOAD_INVALID"), true),
        (Answer::error(400, "SIZE_INVALID"), false),
        (Answer::error(409, "UNSUPPORTED"), false),
        // It is not there before the registry says that it is.
        (Answer::bare(202), false),
    ] {
        let registry = Registry::builder().fault(fault("PUT", answer.clone())).start();
        let blob = layer(noise(SIZE, 1));
        let outcome = builder().build().pusher(&reference(&registry, "a/b")).push_blob(&blob).await;
        assert_eq!((outcome.is_ok(), registry.has_blob("a/b", blob.digest().as_str())), (mended, mended), "{answer:?}: {outcome:?}");
    }
    for status in [200, 201, 204] {
        let registry = Registry::builder().request_limit(300_000).fault(fault("PATCH", Answer::bare(status))).start();
        let error = builder().build().pusher(&reference(&registry, "a/b")).push_blob(&layer(noise(SIZE, 1))).await.unwrap_err();
        assert_eq!(error.status(), Some(status), "a chunk is only accepted: {error}");
    }
}

#[tokio::test]
async fn a_session_whose_offset_says_nothing_is_begun_again() {
    let range = |text: &str| What::WithHeader("range".to_owned(), text.to_owned());
    for (at, told) in [
        (0, None),
        (SIZE as u64 / 2, Some(range("0-99999999"))),
        (SIZE as u64 / 2, Some(range("all of it"))),
        (SIZE as u64 / 2, Some(What::WithoutHeader("range".to_owned()))),
        (SIZE as u64 / 2, Some(What::Answer(Answer::bare(200).header("range", "0-9")))),
    ] {
        let lost = When::request("PUT", "/blobs/uploads/").nth(1).then(What::ResetRequestAt(at));
        let registry = Registry::builder().fault(lost).start();
        if let Some(told) = told.clone() {
            registry.inject(When::request("GET", "/blobs/uploads/").then(told));
        }
        let blob = layer(noise(SIZE, 1));
        assert_eq!(builder().build().pusher(&reference(&registry, "a/b")).push_blob(&blob).await.unwrap(), Outcome::Sent, "{told:?}");
        assert_eq!((registry.count("POST", "*"), registry.count("PATCH", "*"), registry.open_uploads()), (2, 0, 0), "{told:?}");
    }
}

#[tokio::test]
async fn a_session_without_a_place_is_an_answer_against_the_protocol() {
    for (fault, reason) in [
        (What::WithoutHeader("location".to_owned()), "has no Location"),
        (What::WithHeader("location".to_owned(), "http://".to_owned()), "is no URL"),
    ] {
        let registry = Registry::builder().fault(When::request("POST", "/blobs/uploads/").then(fault)).start();
        let error = builder().build().pusher(&reference(&registry, "a/b")).prove_by_session().await.unwrap_err();
        assert!(matches!(error, Error::Answer { .. }) && error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn progress_is_told_up_to_the_last_byte_in_both_directions() {
    let bytes = noise(1_500_000, 1);
    for limit in [u64::MAX, 600_000] {
        let registry = Registry::builder().request_limit(limit).start();
        let ears = Ears::default();
        let client = builder().events(ears.events()).build();
        let blob = layer(bytes.clone());
        client.pusher(&reference(&registry, "a/b")).push_blob(&blob).await.unwrap();
        client.blob(&reference(&registry, "a/b"), blob.descriptor().clone()).read(2 << 20).await.unwrap();
        for wanted in [Direction::Upload, Direction::Download] {
            let heard: Vec<String> = ears
                .heard()
                .iter()
                .filter_map(|event| match event {
                    Event::TransferStarted { direction, size, .. } if *direction == wanted => Some(format!("start {size}")),
                    Event::TransferFinished { direction, size, .. } if *direction == wanted => Some(format!("end {size}")),
                    _ => None,
                })
                .collect();
            assert_eq!(heard, ["start 1500000", "end 1500000"], "{wanted:?}");
            let done: Vec<u64> = ears
                .heard()
                .iter()
                .filter_map(|event| match event {
                    Event::TransferProgress { direction, done, size: 1_500_000, .. } if *direction == wanted => Some(*done),
                    _ => None,
                })
                .collect();
            assert!(done.len() > 2 && done.last() == Some(&1_500_000), "{wanted:?} {done:?}");
            // What is refused as a whole may have been on its way already.
            let last_start = done.windows(2).rposition(|pair| pair[1] < pair[0]).map_or(0, |at| at + 1);
            assert!(limit != u64::MAX || last_start == 0, "{wanted:?} {done:?}");
            assert!(done[last_start..].windows(2).all(|pair| pair[0] < pair[1]), "{wanted:?} {done:?}");
        }
    }
}

#[tokio::test]
async fn a_blob_that_lies_elsewhere_or_at_the_target_itself_is_not_mounted() {
    let (registry, other) = (Registry::start(), Registry::start());
    let client = builder().build();
    for (place, repository, outcome) in
        [(&other, "library/base", Outcome::Sent), (&other, "a/b", Outcome::Sent), (&registry, "a/b", Outcome::Present)]
    {
        let blob = remote(&client, place, repository, &noise(1_000, 1));
        registry.forget_blob("a/b", if outcome == Outcome::Sent { blob.digest().as_str() } else { "none" });
        assert_eq!(client.pusher(&reference(&registry, "a/b")).push_blob(&blob).await.unwrap(), outcome, "{repository}");
    }
    assert_eq!(registry.count("POST", "mount="), 0);
}
