//! How a push begins: what is asked, offered, assumed or mounted before any byte is sent.

use imgbuild::blob::Blob;
use imgbuild::event::Outcome;
use imgbuild::registry::{Client, Proof};
use imgbuild_testkit::registry::{Answer, Feature, Registry, What, When};

use crate::support::{builder, image, layer, noise, reference, remote, sent_no_bytes};

fn methods(registry: &Registry) -> Vec<String> {
    registry.requests().into_iter().filter(|entry| entry.path.contains("/blobs/")).map(|entry| entry.method).collect()
}

/// A registry that has one blob in `library/base`.
fn with_base(start: imgbuild_testkit::registry::Builder) -> (Registry, Client, Blob) {
    let registry = start.start();
    let client = builder().build();
    let base = remote(&client, &registry, "library/base", &noise(1_000, 1));
    registry.clear_log();
    (registry, client, base)
}

#[tokio::test]
async fn a_proof_is_the_first_request_that_writes() {
    let (registry, client, base) = with_base(Registry::builder());
    let own = layer(noise(1_000, 2));
    let pusher = client.pusher(&reference(&registry, "a/b"));
    assert_eq!((pusher.prove(&own).await.unwrap(), methods(&registry)), (Proof::Session, vec!["HEAD".to_owned(), "POST".to_owned()]));
    assert_eq!(pusher.push_blob(&own).await.unwrap(), Outcome::Sent);
    assert_eq!(registry.count("POST", "*"), 1, "the session that proved the permission is used");
    registry.clear_log();
    assert_eq!((pusher.prove(&own).await.unwrap(), methods(&registry).len()), (Proof::Present, 0), "this pusher sent it");

    let again = client.pusher(&reference(&registry, "a/b"));
    assert_eq!((again.prove(&own).await.unwrap(), methods(&registry)), (Proof::Present, vec!["HEAD".to_owned()]));
    assert_eq!(again.push_blob(&own).await.unwrap(), Outcome::Present);
    assert_eq!((methods(&registry).len(), again.traffic().present), (1, own.size()));
    registry.clear_log();
    assert_eq!(
        (again.prove(&base).await.unwrap(), methods(&registry)),
        (Proof::Mounted, vec!["POST".to_owned()]),
        "a mount needs no question"
    );
}

#[tokio::test]
async fn what_is_assumed_is_neither_asked_for_nor_sent() {
    let registry = Registry::start();
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    let image = image(1_000);
    let (descriptor, bytes) = &image.manifests[0];
    pusher.assume([image.shared.digest().clone(), descriptor.digest.clone()]);
    assert_eq!(pusher.prove(&image.shared).await.unwrap(), Proof::Present);
    assert_eq!(pusher.push_blob(&image.shared).await.unwrap(), Outcome::Present);
    assert_eq!(pusher.offer_blob(&image.shared).await.unwrap(), Outcome::Present);
    assert_eq!(pusher.push_manifest(descriptor, bytes.clone()).await.unwrap(), Outcome::Present);
    assert_eq!(pusher.put_manifest(descriptor, bytes.clone()).await.unwrap(), Outcome::Present);
    assert_eq!(registry.requests().len(), 0);
    // The registry has none of it, and says so of what names it.
    for blob in &image.blobs {
        pusher.push_blob(blob).await.unwrap();
    }
    let (second, its_bytes) = &image.manifests[1];
    assert_eq!(pusher.put_manifest(second, its_bytes.clone()).await.unwrap(), Outcome::Sent);
    assert!(registry.has_blob("a/b", image.shared.digest().as_str()));
}

#[tokio::test]
async fn an_offer_asks_in_the_request_that_begins_the_upload() {
    let (registry, client, base) = with_base(Registry::builder());
    let own = layer(noise(1_000, 2));
    let target = reference(&registry, "a/b");
    for (blob, outcome, expected) in
        [(&own, Outcome::Sent, &["POST", "PUT"][..]), (&own, Outcome::Present, &["POST"]), (&base, Outcome::Mounted, &["POST"])]
    {
        registry.clear_log();
        let pusher = client.pusher(&target);
        assert_eq!(
            (pusher.offer_blob(blob).await.unwrap(), methods(&registry)),
            (outcome, expected.iter().map(ToString::to_string).collect())
        );
        let traffic = pusher.traffic();
        let counted = [(Outcome::Sent, traffic.sent), (Outcome::Present, traffic.present), (Outcome::Mounted, traffic.mounted)];
        assert!(counted.iter().all(|&(of, bytes)| bytes == if of == outcome { blob.size() } else { 0 }), "{traffic:?}");
    }
    // One that does not answer the question gets the bytes.
    for status in [200, 400, 404, 405] {
        let registry = Registry::builder().fault(When::request("POST", "mount=").answer(status)).start();
        let pusher = builder().build().pusher(&reference(&registry, "a/b"));
        assert_eq!(pusher.offer_blob(&own).await.unwrap(), Outcome::Sent, "{status}");
        assert_eq!(methods(&registry), ["POST", "POST", "PUT"], "{status}");
    }
}

#[tokio::test]
async fn an_offer_takes_the_session_that_proved_the_permission() {
    let registry = Registry::start();
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    pusher.prove_by_session().await.unwrap();
    assert_eq!(pusher.offer_blob(&layer(noise(1_000, 2))).await.unwrap(), Outcome::Sent);
    assert_eq!(methods(&registry), ["POST", "PUT"]);
}

#[tokio::test]
async fn a_mount_that_is_answered_with_something_else_is_tried_once_and_uploaded() {
    for status in [200, 204, 400, 404, 405] {
        let (registry, client, base) =
            with_base(Registry::builder().fault(When::request("POST", "mount=").then(What::Answer(Answer::bare(status)))));
        let second = remote(&client, &registry, "library/base", &noise(1_000, 3));
        let pusher = client.pusher(&reference(&registry, "a/b"));
        for blob in [&base, &second] {
            assert_eq!(pusher.push_blob(blob).await.unwrap(), Outcome::Sent, "{status}");
            assert!(registry.has_blob("a/b", blob.digest().as_str()), "{status}");
        }
        assert_eq!(registry.count("POST", "mount="), 1, "{status}");
    }
}

#[tokio::test]
async fn where_mounts_are_refused_it_is_asked_whether_the_blob_is_there() {
    let (registry, client, base) = with_base(Registry::builder().without(Feature::Mounts));
    registry.put_blob("a/b", noise(1_000, 1));
    let pusher = client.pusher(&reference(&registry, "a/b"));
    assert_eq!(pusher.push_blob(&base).await.unwrap(), Outcome::Present);
    assert!(sent_no_bytes(&registry) && methods(&registry) == ["POST", "HEAD"], "{:?}", methods(&registry));
    // The session waits for the next blob.
    assert_eq!(pusher.push_blob(&layer(noise(1_000, 2))).await.unwrap(), Outcome::Sent);
    assert_eq!((registry.count("POST", "*"), registry.open_uploads()), (1, 0));
}
