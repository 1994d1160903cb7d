//! Signatures, SBOMs and the like, which name the image as their subject, come along where that is asked for.

use std::collections::BTreeSet;
use std::fs;
use std::sync::{Arc, Mutex};

use imgbuild::registry::Client;
use imgbuild::{Event, Reference};
use imgbuild_testkit::base::{Base, Image};
use imgbuild_testkit::peer;
use imgbuild_testkit::peers::{self, Authentication, Make};
use imgbuild_testkit::registry::{Feature, Registry};
use serde_json::{Value, json};

use crate::{copied, copy, in_folder};

const SIGNATURE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
const SBOM: &str = "application/spdx+json";

/// A two-platform base; an SBOM of the index and one of a child, and a signature of the former.
fn signed() -> Image {
    let mut image = Base::java().build();
    let root = image.digest().to_owned();
    let child = image.json(&root)["manifests"][1]["digest"].as_str().unwrap().to_owned();
    let sbom = image.refer(&root, SBOM);
    image.refer(&sbom, SIGNATURE);
    image.refer(&child, SBOM);
    image
}

fn digests(image: &Image) -> BTreeSet<String> {
    image.referrers.iter().map(|entry| entry["digest"].as_str().unwrap().to_owned()).collect()
}

/// What the registry lists for each subject; the lists' entries must be those that the artifacts imply.
async fn listed(repository: &str, image: &Image) -> BTreeSet<String> {
    let reference: Reference = repository.parse().unwrap();
    let mut found = BTreeSet::new();
    for subject in image.documents.keys() {
        for entry in Client::default().referrers(&reference, &subject.parse().unwrap(), None).await.unwrap() {
            assert!(image.referrers.contains(&json!(entry)), "{entry:?}");
            found.insert(entry.digest.to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn they_come_along_every_way_and_keep_their_digests() {
    let (folder, image) = (tempfile::tempdir().unwrap(), signed());
    fs::write(folder.path().join("first"), image.layout_archive("17")).unwrap();
    let with_api = Registry::builder().referrers_page(1).start();
    let without = Registry::builder().without(Feature::Referrers).start();
    let stops = [
        in_folder("oci-archive", folder.path(), "first:17"),
        with_api.reference("koin/base", "17"),
        without.reference("koin/base", "17"),
        in_folder("oci", folder.path(), "layout:17"),
        in_folder("docker-archive", folder.path(), "b.tar:koin/base:17"),
        with_api.reference("mirror/base", "17"),
    ];
    for pair in stops.windows(2) {
        let copied = copy(&pair[0], &pair[1]).with_referrers().run().await.unwrap();
        assert_eq!(copied.digest.to_string(), image.digest(), "{pair:?}");
        let found: BTreeSet<String> = copied.referrers.iter().map(ToString::to_string).collect();
        assert_eq!(found, digests(&image), "{pair:?}");
    }
    for registry in [&stops[1], &stops[2], &stops[5]] {
        assert_eq!(listed(registry, &image).await, digests(&image), "{registry}");
    }
    assert_eq!((with_api.tags("mirror/base").len(), without.tags("koin/base").len()), (1, 1 + 3), "a list for each subject");
    // Entries without names are no images to choose from.
    let one = copied(&in_folder("oci", folder.path(), "layout"), &in_folder("oci", folder.path(), "plain")).await;
    assert_eq!((one.digest.to_string().as_str(), one.referrers.len()), (image.digest(), 0));
    let index: Value = serde_json::from_slice(&fs::read(folder.path().join("plain/index.json")).unwrap()).unwrap();
    assert_eq!(index["manifests"].as_array().unwrap().len(), 1, "none comes along where none was asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_is_not_sent_again_and_what_is_missing_is_added() {
    let (folder, image) = (tempfile::tempdir().unwrap(), signed());
    fs::write(folder.path().join("first"), image.layout_archive("17")).unwrap();
    let from = in_folder("oci-archive", folder.path(), "first:17");
    let registry = Registry::builder().without(Feature::Referrers).start();
    for to in [registry.reference("koin/base", "17"), in_folder("oci", folder.path(), "layout:17")] {
        let plain = copied(&from, &to).await;
        let added = copy(&from, &to).with_referrers().run().await.unwrap();
        assert!(!plain.receipt.unchanged && !added.receipt.unchanged && added.receipt.bytes_sent < 10_000, "{added:?}");
        let again = copy(&from, &to).with_referrers().run().await.unwrap();
        assert!(again.receipt.unchanged && again.receipt.bytes_sent == 0, "{again:?}");
    }
    // A list that lost an entry is mended, though the artifact itself is there.
    let tag = registry.tags("koin/base").into_iter().find(|tag| tag.starts_with("sha256-")).unwrap();
    let lost = registry.manifest("koin/base", &tag).unwrap().digest;
    registry.forget_manifest("koin/base", &lost);
    assert_ne!(listed(&registry.reference("koin/base", "17"), &image).await, digests(&image));
    copy(&from, &registry.reference("koin/base", "17")).with_referrers().run().await.unwrap();
    assert_eq!(listed(&registry.reference("koin/base", "17"), &image).await, digests(&image));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_say_something_wrong_lead_nowhere() {
    let (folder, mut image) = (tempfile::tempdir().unwrap(), signed());
    let registry = Registry::builder().without(Feature::Referrers).start();
    fs::write(folder.path().join("first"), image.layout_archive("17")).unwrap();
    let from = registry.reference("koin/base", "17");
    copied(&in_folder("oci-archive", folder.path(), "first:17"), &from).await;
    // An entry that refers to something else, and one of a type that is not known.
    let other = Base::java().nested().build();
    image.documents.extend(other.documents.clone());
    let stray = image.refer(other.digest(), SIGNATURE);
    let stray = registry.put_manifest("koin/base", "application/vnd.oci.image.manifest.v1+json", image.bytes(&stray).unwrap().to_vec());
    let strange =
        json!({"mediaType": "application/vnd.oci.artifact.manifest.v1+json", "digest": format!("sha256:{}", "0".repeat(64)), "size": 2});
    let list = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [image.referrers.iter().find(|entry| entry["digest"] == *stray).unwrap(), &strange],
    });
    let list = registry.put_manifest("koin/base", "application/vnd.oci.image.index.v1+json", list.to_string());
    registry.tag("koin/base", &image.digest().replace(':', "-"), &list);
    let warnings = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&warnings);
    let observe = move |event: &Event| {
        if let Event::Warning { message, .. } = event {
            seen.lock().unwrap().push(message.clone());
        }
    };
    let copied = copy(&from, &in_folder("oci", folder.path(), "layout:17")).with_referrers().on_event(observe).run().await.unwrap();
    assert_eq!(copied.referrers, Vec::new());
    assert!(warnings.lock().unwrap().iter().any(|message| message.contains("vnd.oci.artifact.manifest")), "{warnings:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_without_end_is_refused() {
    let (folder, mut image) = (tempfile::tempdir().unwrap(), Base::java().build());
    let root = image.digest().to_owned();
    for number in 0..=1_000 {
        image.refer(&root, &format!("application/x-{number}"));
    }
    fs::write(folder.path().join("first"), image.layout_archive("17")).unwrap();
    let to = in_folder("oci", folder.path(), "layout");
    let error = copy(&in_folder("oci-archive", folder.path(), "first:17"), &to).with_referrers().run().await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("more than 1000 artifacts") && error.hint().unwrap().contains("--referrers"), "{cause}");
    assert!(!folder.path().join("layout").exists());
}

/// Registries of others list nothing by the API; crane's does.
#[tokio::test(flavor = "multi_thread")]
async fn registries_of_others_keep_them() {
    let (folder, image) = (tempfile::tempdir().unwrap(), signed());
    fs::write(folder.path().join("first"), image.layout_archive("17")).unwrap();
    let (Some(crane), Some(skopeo)) = (peers::require("crane"), peers::require("skopeo")) else { return };
    let mut from = in_folder("oci-archive", folder.path(), "first:17");
    let mut registries = Vec::new();
    for make in Make::ALL {
        let Some(registry) = peers::Registry::of(make, &Authentication::None) else { return };
        let to = format!("{}/koin/base:17", registry.address());
        copy(&from, &to).with_referrers().run().await.unwrap();
        assert_eq!(listed(&to, &image).await, digests(&image), "{make:?}");
        let repository = format!("{}/koin/base", registry.address());
        for entry in &image.referrers {
            let digest = entry["digest"].as_str().unwrap();
            let artifact = format!("{repository}@{digest}");
            assert_eq!(crane.run(["manifest", &artifact]).as_bytes(), image.bytes(digest).unwrap(), "{make:?}");
            let raw = skopeo.command().args(["inspect", "--raw", "--tls-verify=false", &format!("docker://{artifact}")]).output().unwrap();
            assert!(raw.status.success(), "{}", peer::text(&raw));
            assert_eq!(format!("sha256:{}", imgbuild_testkit::digest::sha256_hex(&raw.stdout)), digest);
            let layer = &image.json(digest)["layers"][0]["digest"];
            assert!(crane.run(["blob", &format!("{repository}@{}", layer.as_str().unwrap())]).contains(" of "), "{make:?}");
        }
        let lists = crane.run(["ls", &repository]).lines().filter(|tag| tag.starts_with("sha256-")).count();
        assert!(lists == 3 || make == Make::Crane, "{make:?} has {lists} lists");
        from = to;
        registries.push(registry);
    }
    let back = copy(&from, &in_folder("oci", folder.path(), "layout:17")).with_referrers().run().await.unwrap();
    assert_eq!((back.digest.to_string().as_str(), back.referrers.len()), (image.digest(), 3));
}
