//! Lines 27 to 34: push.

use bytes::Bytes;
use imgbuild::blob::Blob;
use imgbuild::event::Outcome;
use imgbuild::oci::{Descriptor, MediaType};
use imgbuild::registry::{Proof, Tagged};
use imgbuild_testkit::registry::{Answer, Feature, ImmutableTags, Registry, UploadLocation, What, When};
use serde_json::json;

use crate::support::{builder, image, layer, noise, push, reference, remote, tokens, user, writer};

#[tokio::test]
async fn a_whole_image_is_pushed_with_tokens_and_a_second_push_sends_nothing() {
    let registry = Registry::builder().tokens(tokens()).start();
    let client = user(&registry, "writer", "writepw").build();
    let target = reference(&registry, "koin/api:latest");
    let image = image(100_000);
    let pusher = client.pusher(&target);
    assert_eq!(push(&pusher, &image, "latest").await.unwrap(), Tagged::Moved);
    for blob in &image.blobs {
        assert_eq!(registry.blob(blob.digest().as_str()), Some(blob.read(1 << 20).await.unwrap().to_vec().into()));
    }
    assert_eq!(registry.manifest("koin/api", "latest").unwrap().bytes, image.index.1);
    assert_eq!(registry.open_uploads(), 0);

    registry.clear_log();
    let again = client.pusher(&target);
    assert_eq!(push(&again, &image, "latest").await.unwrap(), Tagged::Unchanged);
    assert_eq!(registry.count("PUT", "*") + registry.count("POST", "/blobs/") + registry.count("PATCH", "*"), 0);
    assert_eq!(again.traffic().sent + again.traffic().documents, 0);
}

#[tokio::test]
async fn a_base_layer_is_mounted_and_proves_the_permission() {
    let registry = Registry::builder().tokens(tokens()).start();
    let bytes = b"base layer".to_vec();
    registry.put_blob("library/base", bytes.clone());
    let client = user(&registry, "writer", "writepw").build();
    let base = client.blob(&reference(&registry, "library/base:17"), layer(bytes).descriptor().clone());
    let pusher = client.pusher(&reference(&registry, "koin/api"));
    assert_eq!(pusher.prove(&base).await.unwrap(), Proof::Mounted);
    assert_eq!(pusher.push_blob(&base).await.unwrap(), Outcome::Mounted);
    assert_eq!(registry.count("GET", "/blobs/"), 0);
    assert_eq!(registry.count("PUT", "*"), 0);
}

#[tokio::test]
async fn nothing_moves_a_tag_before_everything_is_there() {
    let registry = Registry::start();
    let image = image(10_000);
    push(&builder().build().pusher(&reference(&registry, "a/b")), &image, "1").await.unwrap();
    let writes: Vec<String> = registry.requests().iter().filter(|entry| entry.method == "PUT").map(|entry| entry.path.clone()).collect();
    let last = writes.len() - 1;
    let (blobs, documents): (Vec<_>, Vec<_>) = writes.iter().enumerate().partition(|(_, path)| path.contains("/blobs/uploads/"));
    assert_eq!((blobs.len(), documents.len()), (5, 3));
    assert!(blobs.iter().all(|(number, _)| *number < documents[0].0), "{writes:?}");
    assert!(
        writes[last].ends_with("/manifests/1") && documents[..2].iter().all(|(_, path)| path.contains("/manifests/sha256:")),
        "{writes:?}"
    );
}

#[tokio::test]
async fn a_whole_blob_is_one_post_and_one_put_without_a_range() {
    let registry = Registry::start();
    let blob = layer(noise(100_000, 1));
    assert_eq!(builder().build().pusher(&reference(&registry, "a/b")).push_blob(&blob).await.unwrap(), Outcome::Sent);
    let requests: Vec<_> = registry.requests().into_iter().filter(|entry| entry.path.contains("/blobs/")).collect();
    let methods: Vec<&str> = requests.iter().map(|entry| entry.method.as_str()).collect();
    assert_eq!(methods, ["HEAD", "POST", "PUT"]);
    assert_eq!((requests[2].header("content-range"), requests[2].header("content-length")), (None, Some("100000")));
    assert_eq!(requests[1].header("content-length"), Some("0"));
}

#[tokio::test]
async fn a_mount_that_opens_a_session_goes_on_with_it() {
    let registry = Registry::builder().without(Feature::Mounts).start();
    let client = builder().build();
    let blob = remote(&client, &registry, "library/base", &noise(1_000, 1));
    let pusher = client.pusher(&reference(&registry, "a/b"));
    assert_eq!(pusher.prove(&blob).await.unwrap(), Proof::Session);
    assert_eq!(pusher.push_blob(&layer(noise(1_000, 2))).await.unwrap(), Outcome::Sent);
    assert_eq!(registry.count("POST", "/blobs/uploads/"), 1, "the session that proved the permission was not used");
    assert_eq!(pusher.push_blob(&blob).await.unwrap(), Outcome::Sent);
    assert_eq!(registry.count("POST", "/blobs/uploads/"), 2);
    assert_eq!(registry.open_uploads(), 0);
}

#[tokio::test]
async fn a_session_that_proved_the_permission_and_was_not_needed_is_deleted() {
    let registry = Registry::start();
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    pusher.prove_by_session().await.unwrap();
    assert_eq!(registry.open_uploads(), 1);
    pusher.close().await;
    assert_eq!((registry.open_uploads(), registry.count("DELETE", "*")), (0, 1));
}

#[tokio::test]
async fn a_session_that_is_kept_for_a_large_blob_is_not_taken_by_small_ones() {
    let registry = Registry::start();
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    let (large, small) = (layer(noise(100_000, 1)), |seed| layer(noise(100, seed)));
    pusher.prove_by_session().await.unwrap();
    pusher.keep_session();
    assert_eq!(pusher.offer_blob(&small(2)).await.unwrap(), Outcome::Sent);
    assert_eq!(registry.count("POST", "/blobs/uploads/"), 2);
    assert_eq!(pusher.push_blob(&large).await.unwrap(), Outcome::Sent);
    assert_eq!(registry.count("POST", "/blobs/uploads/"), 2, "the session that was kept was not used");

    // Where the large one was there already, a small one uses it.
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    pusher.prove_by_session().await.unwrap();
    pusher.keep_session();
    assert_eq!(pusher.push_blob(&large).await.unwrap(), Outcome::Present);
    assert_eq!(pusher.offer_blob(&small(3)).await.unwrap(), Outcome::Sent);
    assert_eq!(registry.count("POST", "/blobs/uploads/"), 3);
    pusher.close().await;
    assert_eq!((registry.open_uploads(), registry.count("DELETE", "*")), (0, 0));
}

#[tokio::test]
async fn chunks_are_sent_only_after_a_413_and_are_large_enough() {
    for (minimum, limit) in [(None, 600_000), (Some(400_000), 600_000)] {
        let start = Registry::builder().request_limit(limit);
        let registry = minimum.into_iter().fold(start, imgbuild_testkit::registry::Builder::chunk_minimum).start();
        let bytes = noise(1_500_000, 1);
        let pusher = builder().build().pusher(&reference(&registry, "a/b"));
        assert_eq!(pusher.push_blob(&layer(bytes.clone())).await.unwrap(), Outcome::Sent, "{minimum:?}");
        let patches: Vec<_> = registry.log().matching("PATCH", "*").into_iter().filter(|entry| entry.status == Some(202)).collect();
        let ranges: Vec<(u64, u64)> = patches
            .iter()
            .map(|entry| {
                entry.header("content-range").unwrap().split_once('-').map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap())).unwrap()
            })
            .collect();
        assert!(ranges.len() > 2 && ranges[0].0 == 0 && ranges.last().unwrap().1 == 1_499_999, "{ranges:?}");
        assert!(
            ranges.windows(2).all(|pair| pair[1].0 == pair[0].1 + 1 && pair[0].1 + 1 - pair[0].0 >= minimum.unwrap_or(0)),
            "{ranges:?}"
        );
        assert_eq!(
            (registry.count("PATCH", "*"), registry.count("PUT", "*")),
            (patches.len(), 2),
            "one PUT is refused, one ends the chunks"
        );
    }
}

#[tokio::test]
async fn every_form_of_an_uploads_location_works_and_keeps_its_query() {
    for location in [
        UploadLocation::AbsoluteWithQuery,
        UploadLocation::Absolute,
        UploadLocation::Relative,
        UploadLocation::RelativeWithQuery,
        UploadLocation::OtherHost,
    ] {
        let registry = Registry::builder().tokens(tokens()).upload_location(location).start();
        let blob = layer(noise(10_000, 1));
        let pusher = writer(&registry).pusher(&reference(&registry, "a/b"));
        assert_eq!(pusher.push_blob(&blob).await.unwrap(), Outcome::Sent, "{location:?}");
        assert!(registry.has_blob("a/b", blob.digest().as_str()));
        if location == UploadLocation::OtherHost {
            let elsewhere = registry.storage_log().unwrap().requests();
            assert!(!elsewhere.is_empty() && elsewhere.iter().all(|entry| entry.header("authorization").is_none()));
        }
    }
}

#[tokio::test]
async fn several_tags_are_one_put_each_and_a_shared_blob_is_sent_once() {
    let registry = Registry::start();
    let image = image(10_000);
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    for tag in ["1", "2", "3"] {
        assert_eq!(push(&pusher, &image, tag).await.unwrap(), Tagged::Moved);
    }
    assert_eq!((registry.count("PUT", "/blobs/uploads/"), registry.count("PUT", "/manifests/")), (5, 5));
    assert_eq!(
        pusher.traffic().documents,
        image.manifests.iter().map(|(descriptor, _)| descriptor.size).sum::<u64>() + 3 * image.index.0.size
    );
}

#[tokio::test]
async fn an_immutable_tag_that_has_this_digest_already_is_success() {
    let (other, image) = (image(2_000), image(1_000));
    for (style, status, code) in
        [(ImmutableTags::DockerHub, 403, "DENIED"), (ImmutableTags::Harbor, 412, "PRECONDITION"), (ImmutableTags::Ecr, 400, "TAG_INVALID")]
    {
        let registry = Registry::builder().immutable_tags(style).start();
        let client = builder().build();
        let target = reference(&registry, "a/b");
        assert_eq!(push(&client.pusher(&target), &image, "1").await.unwrap(), Tagged::Moved);
        assert_eq!(push(&client.pusher(&target), &image, "1").await.unwrap(), Tagged::Unchanged);
        // Two builds at once: the tag appears between our HEAD and our PUT.
        registry.inject(When::request("HEAD", "/manifests/1").nth(1).answer(404));
        registry.inject(When::request("PUT", "/manifests/1").nth(1).then(What::Answer(Answer::error(status, code))));
        assert_eq!(push(&client.pusher(&target), &image, "1").await.unwrap(), Tagged::Unchanged, "{style:?}");
        registry.clear_faults();
        let error = push(&client.pusher(&target), &other, "1").await.unwrap_err();
        assert!(matches!(error.status(), Some(400 | 403 | 412)), "{error}");
    }
}

#[tokio::test]
async fn layers_that_must_not_be_distributed_are_never_sent() {
    let registry = Registry::start();
    let foreign = Blob::from_bytes(MediaType::DockerForeignLayer, noise(1_000, 1));
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    assert_eq!(pusher.push_blob(&foreign).await.unwrap(), Outcome::Present);
    assert_eq!(registry.requests().len(), 0);
}

#[tokio::test]
async fn an_error_in_html_is_told_by_its_status() {
    let registry = Registry::builder().fault(When::request("POST", "*").then(What::Answer(Answer::html(418)))).start();
    let error = builder().build().pusher(&reference(&registry, "a/b")).prove_by_session().await.unwrap_err();
    assert!(error.to_string().ends_with("418 i'm a teapot"), "{error}");
}

fn signature(subject: &Descriptor, kind: &str) -> (Descriptor, Bytes) {
    let empty = Blob::from_bytes(MediaType::Other("application/vnd.oci.empty.v1+json".into()), &b"{}"[..]);
    let bytes: Bytes = json!({
        "schemaVersion": 2, "mediaType": MediaType::OciManifest.as_str(), "artifactType": kind,
        "config": empty.descriptor(), "layers": [empty.descriptor()], "subject": subject, "annotations": { "kind": kind },
    })
    .to_string()
    .into();
    (Descriptor::of(MediaType::OciManifest, &bytes), bytes)
}

#[tokio::test]
async fn referrers_are_listed_by_the_api_or_kept_at_the_fallback_tag() {
    for api in [true, false] {
        let start = Registry::builder().referrers_page(1);
        let registry = if api { start } else { start.without(Feature::Referrers) }.start();
        let client = builder().build();
        let target = reference(&registry, "a/b");
        let image = image(100);
        let pusher = client.pusher(&target);
        push(&pusher, &image, "1").await.unwrap();
        pusher.push_blob(&Blob::from_bytes(MediaType::Other("application/vnd.oci.empty.v1+json".into()), &b"{}"[..])).await.unwrap();
        for kind in ["application/x-signature", "application/x-sbom"] {
            let (descriptor, bytes) = signature(&image.index.0, kind);
            pusher.push_manifest(&descriptor, bytes).await.unwrap();
        }
        let subject = &image.index.0.digest;
        assert_eq!(client.referrers(&target, subject, None).await.unwrap().len(), 2, "{api}");
        let one = client.referrers(&target, subject, Some("application/x-sbom")).await.unwrap();
        assert_eq!(one.len(), 1, "{api}");
        assert_eq!(one[0].annotation("kind"), Some("application/x-sbom"), "{api}");
        assert_eq!(registry.tags("a/b").contains(&format!("sha256-{}", subject.hex())), !api);
    }
}

#[tokio::test]
async fn answers_that_mean_no_referrers_api_are_known() {
    for status in [303, 404, 406] {
        let registry = Registry::start();
        let answer = Answer::bare(status).header("location", "/ui");
        registry.inject(When::request("GET", "/referrers/").then(What::Answer(answer)));
        let found = builder().build().referrers(&reference(&registry, "a/b"), &image(1).index.0.digest, None).await.unwrap();
        assert!(found.is_empty(), "{status}");
        assert_eq!((registry.count("GET", "/manifests/sha256-"), registry.count("GET", "/ui")), (1, 0), "{status}");
    }
}

#[tokio::test]
async fn a_referrer_that_others_overwrite_each_time_is_no_success() {
    let registry = Registry::builder().without(Feature::Referrers).start();
    let image = image(100);
    let pusher = builder().build().pusher(&reference(&registry, "a/b"));
    push(&pusher, &image, "1").await.unwrap();
    pusher.push_blob(&Blob::from_bytes(MediaType::Other("application/vnd.oci.empty.v1+json".into()), &b"{}"[..])).await.unwrap();
    let (descriptor, bytes) = signature(&image.index.0, "application/x-sbom");
    // Whatever we write, somebody else has emptied the list before we look.
    let empty = format!(r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[]}}"#, MediaType::OciIndex.as_str());
    let answer = Answer::bare(200).header("content-type", MediaType::OciIndex.as_str()).body(empty);
    registry.inject(When::request("GET", "/manifests/sha256-").then(What::Answer(answer)));
    let error = pusher.push_manifest(&descriptor, bytes).await.unwrap_err();
    assert!(error.to_string().contains("at the same time"), "{error}");
    assert_eq!(registry.count("PUT", "/manifests/sha256-"), 3);
}
