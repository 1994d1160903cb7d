//! Manifests, indexes and tags that are pushed: what is checked, and what a registry may answer.

use imgbuild::event::Outcome;
use imgbuild::oci::{Descriptor, Digest, MediaType};
use imgbuild::registry::{Error, Tagged};
use imgbuild_testkit::registry::{Answer, Denial, Feature, Registry, What, When};

use crate::support::{builder, image, push, reference, tokens, user};

#[tokio::test]
async fn a_document_that_is_not_what_its_descriptor_says_is_not_sent() {
    let registry = Registry::start();
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    let image = image(10);
    let (good, bytes) = &image.index;
    for wrong in [
        Descriptor::new(MediaType::OciIndex, good.digest.clone(), good.size + 1),
        Descriptor::new(MediaType::OciIndex, Digest::of(b"other"), good.size),
    ] {
        for error in [
            pusher.push_manifest(&wrong, bytes.clone()).await.unwrap_err(),
            pusher.put_manifest(&wrong, bytes.clone()).await.unwrap_err(),
            pusher.move_tag("1", &wrong, bytes.clone()).await.unwrap_err(),
            pusher.put_referrer(&wrong, bytes.clone()).await.unwrap_err(),
        ] {
            assert!(matches!(&error, Error::Input(reason) if reason.starts_with("the document to push is ")), "{error}");
        }
    }
    assert_eq!(registry.requests().len(), 0);
}

#[tokio::test]
async fn a_registry_that_stored_something_else_is_found_out() {
    let sha512 = format!("sha512:{}", "0".repeat(128));
    for (told, good) in [(Digest::of(b"other").to_string(), false), (sha512, true), ("nonsense".to_owned(), true)] {
        let registry = Registry::builder().without(Feature::ChildCheck).start();
        registry.inject(When::request("PUT", "/manifests/").then(What::WithHeader("docker-content-digest".to_owned(), told.clone())));
        let image = image(10);
        let pusher = builder().build().pusher(&reference(&registry, "a/b"));
        let tagged = pusher.move_tag("1", &image.index.0, image.index.1.clone()).await;
        assert_eq!(tagged.is_ok(), good, "{told}: {tagged:?}");
        assert!(good || matches!(tagged, Err(Error::Integrity { .. })), "{told}");
    }
}

#[tokio::test]
async fn every_form_of_success_is_one_and_nothing_else_is() {
    for (status, good) in [(200, true), (201, true), (202, true), (204, true), (206, false), (304, false), (418, false)] {
        let registry = Registry::builder().fault(When::request("PUT", "/manifests/").then(What::Answer(Answer::bare(status)))).start();
        let pusher = builder().build().pusher(&reference(&registry, "a/b"));
        let image = image(10);
        let outcome = pusher.put_manifest(&image.index.0, image.index.1.clone()).await;
        assert_eq!((outcome.is_ok(), registry.count("PUT", "*")), (good, 1), "{status}: {outcome:?}");
        assert_eq!(pusher.traffic().documents, if good { image.index.0.size } else { 0 }, "{status}");
    }
}

#[tokio::test]
async fn an_index_whose_children_are_unknown_gets_them_again() {
    for (code, pushed_again) in [("MANIFEST_UNKNOWN", true), ("MANIFEST_BLOB_UNKNOWN", true), ("MANIFEST_INVALID", false)] {
        let registry = Registry::start();
        let pusher = builder().build().pusher(&reference(&registry, "a/b"));
        registry.inject(When::request("PUT", "/manifests/1").nth(1).then(What::Answer(Answer::error(404, code))));
        let image = image(10);
        let outcome = push(&pusher, &image, "1").await;
        assert_eq!(outcome.is_ok(), pushed_again, "{code}: {outcome:?}");
        let puts = |path: &str| registry.count("PUT", path);
        let expected = if pushed_again { (4, 11, 2) } else { (2, 5, 1) };
        // The layer that both platforms share is sent for each of them.
        assert_eq!((puts("/manifests/sha256:"), puts("/blobs/uploads/"), puts("/manifests/1")), expected, "{code}");
    }
}

#[tokio::test]
async fn only_what_an_immutable_tag_is_refused_with_is_looked_into() {
    for (status, looked_into) in [(400, true), (403, true), (409, true), (412, true), (404, false), (405, false), (422, false)] {
        let registry = Registry::start();
        let pusher = builder().build().pusher(&reference(&registry, "a/b"));
        let (image, other) = (image(10), image(20));
        push(&pusher, &image, "1").await.unwrap();
        registry.clear_log();
        registry.inject(When::request("PUT", "/manifests/1").then(What::Answer(Answer::error(status, "TAG_INVALID"))));
        let same = pusher.move_tag("1", &image.index.0, image.index.1.clone()).await;
        assert_eq!(registry.count("HEAD", "*"), usize::from(looked_into), "{status}");
        match same {
            Ok(tagged) => assert!(looked_into && tagged == Tagged::Unchanged, "{status}"),
            Err(error) => assert!(!looked_into && error.status() == Some(status), "{error}"),
        }
        let error = pusher.move_tag("1", &other.index.0, other.index.1.clone()).await.unwrap_err();
        assert_eq!(error.status(), Some(status), "the tag names something else: {error}");
    }
}

#[tokio::test]
async fn what_is_there_is_known_by_digest_and_by_tag() {
    let registry = Registry::start();
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    let image = image(10);
    let digest = &image.index.0.digest;
    assert!(!pusher.has_manifest(digest).await.unwrap());
    assert_eq!(pusher.named("1").await.unwrap(), None);
    push(&pusher, &image, "1").await.unwrap();
    assert!(pusher.has_manifest(digest).await.unwrap());
    assert_eq!(pusher.named("1").await.unwrap().as_ref(), Some(digest));
    assert_eq!(pusher.push_manifest(&image.index.0, image.index.1.clone()).await.unwrap(), Outcome::Present);
    assert!(pusher.named("no tag").await.is_err());
}

#[tokio::test]
async fn a_referrer_is_listed_once_and_where_nothing_may_be_read_none_is() {
    let registry = Registry::builder().without(Feature::Referrers).without(Feature::ChildCheck).start();
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    let image = image(10);
    push(&pusher, &image, "1").await.unwrap();
    let subject = &image.index.0;
    let bytes: bytes::Bytes = serde_json::json!({
        "schemaVersion": 2, "mediaType": MediaType::OciIndex.as_str(), "manifests": [], "subject": subject,
    })
    .to_string()
    .into();
    let referrer = Descriptor::of(MediaType::OciIndex, &bytes);
    for _ in 0..2 {
        pusher.put_referrer(&referrer, bytes.clone()).await.unwrap();
        assert_eq!(pusher.referrers(&subject.digest).await.unwrap(), std::slice::from_ref(&referrer.digest));
    }
    assert_eq!(registry.count("PUT", "/manifests/sha256-"), 1);
    // Where others wrote in between, what stands there in the end counts.
    registry.inject(When::request("GET", "/manifests/sha256-").times(3).answer(404));
    pusher.put_referrer(&referrer, bytes.clone()).await.unwrap();
    assert_eq!(registry.count("PUT", "/manifests/sha256-"), 4);

    let closed = Registry::builder().tokens(tokens().denial(Denial::AtTokenServer).user_on("stranger", "pw", "x/*", &["pull"])).start();
    let stranger = user(&closed, "stranger", "pw").build().pusher(&reference(&closed, "a/b"));
    assert!(stranger.referrers(&subject.digest).await.unwrap().is_empty());
    registry.inject(When::request("GET", "/referrers/").answer(400));
    assert_eq!(pusher.referrers(&subject.digest).await.unwrap_err().status(), Some(400));
}
