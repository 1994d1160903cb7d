//! Lines 6 to 12: pull.

use bytes::Bytes;
use imgbuild::event::Event;
use imgbuild::oci::{Descriptor, MediaType};
use imgbuild::registry::{Error, Kind};
use imgbuild_testkit::registry::{Answer, Feature, Registry, What, When};

use crate::support::{Ears, blob_error, builder, image, noise, reference, remote, tokens, user};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn registry_with_index() -> (Registry, crate::support::Image) {
    let registry = Registry::start();
    let image = image(100);
    registry.put_manifest("a/b", INDEX, image.index.1.clone());
    registry.tag("a/b", "1", image.index.0.digest.as_str());
    (registry, image)
}

#[tokio::test]
async fn all_four_types_are_accepted_and_content_type_parameters_ignored() {
    let (registry, image) = registry_with_index();
    registry
        .inject(When::request("GET", "/manifests/").then(What::WithHeader("content-type".to_owned(), format!("{INDEX}; charset=utf-8"))));
    let document = builder().build().pull_document(&reference(&registry, "a/b:1")).await.unwrap();
    assert_eq!(document.descriptor().digest, image.index.0.digest);
    let accept = registry.requests().last().unwrap().header("accept").unwrap().to_owned();
    for media_type in [MediaType::OciIndex, MediaType::OciManifest, MediaType::DockerIndex, MediaType::DockerManifest] {
        assert!(accept.contains(media_type.as_str()), "{accept}");
    }
}

#[tokio::test]
async fn schema_1_is_refused_by_name() {
    let registry = Registry::start();
    let body = r#"{"schemaVersion":1,"name":"a/b","fsLayers":[]}"#;
    let answer = Answer::bare(200).header("content-type", "application/vnd.docker.distribution.manifest.v1+prettyjws").body(body);
    registry.inject(When::request("GET", "/manifests/").then(What::Answer(answer)));
    let error = builder().build().pull_document(&reference(&registry, "a/b:old")).await.unwrap_err();
    assert!(error.to_string().contains("schema 1"), "{error}");
}

#[tokio::test]
async fn documents_that_two_readers_could_take_for_two_things_are_refused() {
    let (registry, _) = registry_with_index();
    let client = builder().build();
    let other = What::WithHeader("content-type".to_owned(), MediaType::OciManifest.as_str().to_owned());
    registry.inject(When::request("GET", "/manifests/").then(other));
    let error = client.pull_document(&reference(&registry, "a/b:1")).await.unwrap_err();
    assert!(matches!(error, Error::Document { .. }), "{error}");
    registry.clear_faults();
    let both = r#"{"schemaVersion":2,"manifests":[],"layers":[],"config":{"mediaType":"x/y","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":0}}"#;
    registry.inject(When::request("GET", "/manifests/").then(What::Answer(Answer::bare(200).header("content-type", INDEX).body(both))));
    let error = client.pull_document(&reference(&registry, "a/b:1")).await.unwrap_err();
    assert!(error.to_string().contains("ambiguous"), "{error}");
}

#[tokio::test]
async fn a_descriptors_type_wins_where_its_digest_matches() {
    let (registry, image) = registry_with_index();
    let other = What::WithHeader("content-type".to_owned(), MediaType::OciManifest.as_str().to_owned());
    registry.inject(When::request("GET", "/manifests/").then(other));
    let document = builder().build().pull_child(&reference(&registry, "a/b"), &image.index.0).await.unwrap();
    assert_eq!(document.descriptor().media_type, MediaType::OciIndex);
}

#[tokio::test]
async fn every_byte_that_comes_in_is_checked() {
    let registry = Registry::start();
    let client = builder().build();
    let bytes = noise(200_000, 1);
    let good = remote(&client, &registry, "a/b", &bytes);
    assert_eq!(good.read(1 << 20).await.unwrap(), bytes);
    for size in [199_999, 200_001] {
        let wrong = Descriptor::new(MediaType::OciConfig, good.digest().clone(), size);
        let error = blob_error(client.blob(&reference(&registry, "a/b"), wrong).read(1 << 20).await.unwrap_err());
        assert!(matches!(error.kind(), Kind::Integrity | Kind::Network), "{size}: {error}");
    }
    registry.put_broken_blob("a/b", good.digest().as_str(), noise(200_000, 2));
    let error = client.pull_bytes(&reference(&registry, "a/b"), good.descriptor(), 1 << 20).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Integrity, "{error}");
}

#[tokio::test]
async fn a_head_without_digest_gets_and_hashes() {
    let registry = Registry::builder().without(Feature::DigestHeader).start();
    let image = image(100);
    registry.put_manifest("a/b", INDEX, image.index.1.clone());
    registry.tag("a/b", "1", image.index.0.digest.as_str());
    let client = builder().build();
    let found = client.head(&reference(&registry, "a/b:1")).await.unwrap().unwrap();
    assert_eq!((found.digest, found.size), (image.index.0.digest, image.index.1.len() as u64));
    assert_eq!(client.head(&reference(&registry, "a/b:2")).await.unwrap(), None);
}

#[tokio::test]
async fn a_registry_that_knows_no_head_is_asked_with_get() {
    let (registry, image) = registry_with_index();
    registry.inject(When::request("HEAD", "/manifests/").answer(405));
    let client = builder().build();
    let found = client.head(&reference(&registry, "a/b:1")).await.unwrap().unwrap();
    assert_eq!(found, Descriptor::new(MediaType::OciIndex, image.index.0.digest, image.index.1.len() as u64));
    assert_eq!(client.head(&reference(&registry, "a/b:2")).await.unwrap(), None);
    assert_eq!((registry.count("HEAD", "/manifests/"), registry.count("GET", "/manifests/")), (2, 2));
}

#[tokio::test]
async fn a_head_that_names_another_digest_than_was_asked_for_is_not_believed() {
    let (registry, image) = registry_with_index();
    let client = builder().build();
    let target = reference(&registry, "a/b").by_digest(image.index.0.digest.clone());
    assert_eq!(client.head(&target).await.unwrap().unwrap().digest, image.index.0.digest);
    assert_eq!(registry.count("GET", "/manifests/"), 0, "the right digest is enough");
    let other = imgbuild::oci::Digest::of(b"other").to_string();
    registry.inject(When::request("HEAD", "/manifests/").then(What::WithHeader("docker-content-digest".to_owned(), other)));
    assert_eq!(client.head(&target).await.unwrap().unwrap().digest, image.index.0.digest);
    assert_eq!(registry.count("GET", "/manifests/"), 1);
}

#[tokio::test]
async fn a_document_by_digest_is_checked_once_and_its_descriptors_size_too() {
    let (registry, image) = registry_with_index();
    let client = builder().build();
    let repository = reference(&registry, "a/b");
    let (descriptor, bytes) = &image.index;
    assert_eq!(client.pull_document(&repository.by_digest(descriptor.digest.clone())).await.unwrap().raw(), bytes);
    assert_eq!(client.pull_child(&repository, descriptor).await.unwrap().raw(), bytes);
    assert_eq!(registry.count("GET", "/manifests/"), 2);
    for size in [descriptor.size - 1, descriptor.size + 1] {
        let wrong = Descriptor::new(MediaType::OciIndex, descriptor.digest.clone(), size);
        let error = client.pull_child(&repository, &wrong).await.unwrap_err();
        assert!(matches!(error, Error::Integrity { .. }) && error.to_string().contains(&format!("says {size}")), "{error}");
    }
}

#[tokio::test]
async fn identity_is_asked_for_and_stored_bytes_are_hashed() {
    let registry = Registry::start();
    let client = builder().build();
    let bytes = noise(50_000, 1);
    let blob = remote(&client, &registry, "a/b", &bytes);
    registry.inject(When::request("GET", "/blobs/").nth(1).then(What::WithHeader("content-encoding".to_owned(), "gzip".to_owned())));
    assert_eq!(blob.read(1 << 20).await.unwrap(), bytes);
    assert!(registry.requests().iter().all(|entry| entry.header("accept-encoding").is_none_or(|encoding| encoding == "identity")));
    assert_eq!(registry.requests().last().unwrap().header("accept-encoding"), Some("identity"));
}

#[tokio::test]
async fn freshness_is_a_head_that_docker_hub_does_not_count() {
    let (registry, image) = registry_with_index();
    let found = builder().build().head(&reference(&registry, "a/b:1")).await.unwrap().unwrap();
    assert_eq!(found, Descriptor::new(MediaType::OciIndex, image.index.0.digest, image.index.1.len() as u64));
    assert_eq!((registry.count("HEAD", "/manifests/"), registry.count("GET", "/manifests/")), (1, 0));
}

#[tokio::test]
async fn a_redirected_download_leaves_authorisation_behind() {
    let registry = Registry::builder()
        .tokens(tokens())
        .storage()
        .fault(When::request("GET", "/blobs/").authorized().then(What::RedirectToStorage))
        .start();
    let client = user(&registry, "reader", "readpw").build();
    let bytes = noise(50_000, 1);
    let blob = remote(&client, &registry, "a/b", &bytes);
    assert_eq!(blob.read(1 << 20).await.unwrap(), bytes);
    let stored = registry.storage_log().unwrap().requests();
    assert!(!stored.is_empty() && stored.iter().all(|entry| entry.header("authorization").is_none()));

    registry.inject_into_storage(When::request("GET", "*").answer(401));
    let error = blob_error(blob.read(1 << 20).await.unwrap_err());
    assert_eq!(error.status(), Some(401), "{error}");
    assert!(registry.storage_log().unwrap().requests().iter().all(|entry| entry.header("authorization").is_none()));
}

#[tokio::test]
async fn a_warning_of_the_registry_is_shown_once() {
    let (registry, _) = registry_with_index();
    registry.inject(
        When::request("*", "/manifests/")
            .then(What::WithHeader("warning".to_owned(), r#"299 - "this registry closes \"soon\"""#.to_owned())),
    );
    let ears = Ears::default();
    let client = builder().events(ears.events()).build();
    for _ in 0..3 {
        client.head(&reference(&registry, "a/b:1")).await.unwrap();
    }
    let warnings: Vec<String> =
        ears.heard().iter().filter(|event| matches!(event, Event::Warning { .. })).map(ToString::to_string).collect();
    assert_eq!(warnings, [r#"warning: this registry closes "soon""#]);
}

#[tokio::test]
async fn tags_come_in_pages() {
    let registry = Registry::builder().tags_page(2).start();
    let image = image(10);
    registry.put_manifest("a/b", INDEX, image.index.1.clone());
    for tag in ["1", "2", "3", "4", "5"] {
        registry.tag("a/b", tag, image.index.0.digest.as_str());
    }
    let tags = builder().build().tags(&reference(&registry, "a/b")).await.unwrap();
    assert_eq!(tags, ["1", "2", "3", "4", "5"]);
}

#[tokio::test]
async fn a_list_without_end_is_cut_off() {
    let registry = Registry::start();
    let answer = Answer::bare(200).header("link", "</v2/a/b/tags/list?last=x>; rel=\"next\"").body(r#"{"tags":["x"]}"#);
    registry.inject(When::request("GET", "/tags/list").then(What::Answer(answer)));
    let error = builder().build().tags(&reference(&registry, "a/b")).await.unwrap_err();
    assert!(error.to_string().contains("1000 pages"), "{error}");
}

#[tokio::test]
async fn bodies_are_bounded() {
    let registry = Registry::start();
    let client = builder().build();
    let large = |length: usize| What::Answer(Answer::bare(200).header("content-type", INDEX).body(vec![b' '; length]));
    registry.inject(When::request("GET", "/manifests/").then(large((4 << 20) + 1)));
    let error = client.pull_document(&reference(&registry, "a/b:1")).await.unwrap_err();
    assert!(error.to_string().contains("more than 4194304 bytes"), "{error}");
    let config = Descriptor::new(MediaType::OciConfig, imgbuild::oci::Digest::of(b"x"), 9 << 20);
    let error = client.pull_bytes(&reference(&registry, "a/b"), &config, 8 << 20).await.unwrap_err();
    assert!(error.to_string().contains("at most 8388608"), "{error}");
    assert_eq!(registry.count("GET", "/blobs/"), 0);
    registry.clear_faults();
    registry.inject(When::request("GET", "/manifests/").then(What::Answer(Answer::bare(400).body(vec![b'x'; 1 << 20]))));
    let error = client.pull_document(&reference(&registry, "a/b:1")).await.unwrap_err();
    assert!(error.to_string().len() < 1_000);
}

#[tokio::test]
async fn a_declared_size_reserves_nothing() {
    let registry = Registry::start();
    let client = builder().build();
    let bytes = Bytes::from_static(b"small");
    let blob = remote(&client, &registry, "a/b", &bytes);
    let huge = Descriptor::new(MediaType::OciConfig, blob.digest().clone(), u64::MAX);
    let error = blob_error(client.blob(&reference(&registry, "a/b"), huge).read(u64::MAX).await.unwrap_err());
    assert!(error.to_string().contains("5 of 18446744073709551615"), "{error}");
}

#[tokio::test]
async fn a_digest_that_is_none_never_becomes_a_part_of_a_url() {
    let (registry, image) = registry_with_index();
    registry.inject(
        When::request("HEAD", "/manifests/").then(What::WithHeader("docker-content-digest".to_owned(), "sha256:../../../evil".to_owned())),
    );
    let found = builder().build().head(&reference(&registry, "a/b:1")).await.unwrap().unwrap();
    assert_eq!(found.digest, image.index.0.digest);
    assert_eq!(registry.count("*", "evil"), 0);
}
