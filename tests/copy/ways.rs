//! Byte for byte, whatever the way: same digest, nothing twice, nothing half written.

use std::fs;
use std::process::Command;

use imgbuild::Cache;
use imgbuild::copy::Error;
use imgbuild_testkit::base::Base;
use imgbuild_testkit::peer;
use imgbuild_testkit::registry::Registry;

use crate::{base, copied, copy, in_folder};

/// The digest that skopeo computes, where there is a skopeo.
fn skopeo_digest(image: &str) -> Option<String> {
    let mut skopeo = peer::find("skopeo")?;
    let raw = skopeo.args(["--insecure-policy", "inspect", "--raw", "--tls-verify=false", image]).output().unwrap();
    assert!(raw.status.success(), "{}", peer::text(&raw));
    Some(format!("sha256:{}", imgbuild_testkit::digest::sha256_hex(&raw.stdout)))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_way_keeps_the_digest_and_skopeo_agrees() {
    let (folder, first, second) = (tempfile::tempdir().unwrap(), Registry::start(), Registry::start());
    let stops = [
        base(),
        first.reference("koin/base", "17"),
        in_folder("oci", folder.path(), "layout:17"),
        in_folder("oci-archive", folder.path(), "a.tar:17"),
        in_folder("docker-archive", folder.path(), "b.tar:koin/base:17"),
        second.reference("mirror/base", "17"),
    ];
    let digest = copied(&stops[0], &stops[1]).await.digest;
    for pair in stops[1..].windows(2) {
        let copied = copied(&pair[0], &pair[1]).await;
        assert_eq!((&copied.digest, copied.platforms.len()), (&digest, 2), "{} → {}", pair[0], pair[1]);
    }
    assert_eq!(second.manifest("mirror/base", "17").unwrap().digest, digest.to_string());
    assert_eq!(second.blobs("mirror/base"), first.blobs("koin/base"));
    // The archive in Docker's form is an image layout in a tar as well.
    let hybrid = format!("oci-archive:{}:17", folder.path().join("b.tar").display());
    for image in [format!("docker://{}", stops[5]), stops[2].clone(), stops[3].clone(), hybrid] {
        assert!(skopeo_digest(&image).is_none_or(|found| found == digest.to_string()), "{image}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_has_the_same_bytes_each_time_and_replaces_the_old_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("image.tar");
    let mut contents = Vec::new();
    for _ in 0..2 {
        fs::write(&file, b"old").unwrap();
        copied(&base(), &format!("docker-archive:{}:koin/base:17", file.display())).await;
        contents.push(fs::read(&file).unwrap());
    }
    assert!(contents[0] == contents[1], "two archives of one image differ");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the archive");
    let tags = peer::find("tar").map(|mut tar| peer::output(tar.arg("-xOf").arg(&file).arg("manifest.json"))).unwrap_or_default();
    assert!(tags.contains("docker.io/koin/base:17\"") && tags.contains("docker.io/koin/base:17-arm64-v8"), "{tags}");
}

#[tokio::test(flavor = "multi_thread")]
async fn attestations_and_indexes_within_indexes_come_along() {
    let (folder, registry) = (tempfile::tempdir().unwrap(), Registry::start());
    for (name, base) in [("attested", Base::java().attestations()), ("nested", Base::java().nested())] {
        let image = base.build();
        fs::write(folder.path().join(name), image.layout_archive("17")).unwrap();
        let from = in_folder("oci-archive", folder.path(), name);
        let to = registry.reference(&format!("koin/{name}"), "17");
        assert_eq!(copied(&from, &to).await.digest.to_string(), image.digest());
        let layout = in_folder("oci", folder.path(), &format!("{name}-layout"));
        assert_eq!(copied(&to, &layout).await.digest.to_string(), image.digest());
        assert!(skopeo_digest(&layout).is_none_or(|found| found == image.digest()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_platform_is_its_manifest() {
    let registry = Registry::start();
    let to = registry.reference("koin/base", "arm");
    let copied = copy(&base(), &to).platform("linux/arm64".parse().unwrap()).run().await.unwrap();
    let manifest = registry.manifest("koin/base", "arm").unwrap();
    assert_eq!(manifest.digest, copied.digest.to_string());
    assert_eq!((manifest.media_type.as_str(), registry.manifests("koin/base").len()), ("application/vnd.oci.image.manifest.v1+json", 1));
    let error = copy(&base(), &to).platform("linux/s390x".parse().unwrap()).run().await.unwrap_err();
    assert!(error.hint().unwrap().contains("linux/amd64,linux/arm64/v8"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn within_a_registry_layers_are_mounted_and_a_second_copy_sends_nothing() {
    let registry = Registry::start();
    let (from, to) = (registry.reference("library/base", "17"), registry.reference("mirror/base", "17"));
    copied(&base(), &from).await;
    registry.clear_log();
    let first = copied(&from, &to).await;
    assert!(!first.receipt.unchanged);
    assert_eq!(registry.count("PUT", "/blobs/uploads/"), 0, "{:?}", registry.log().lines());
    registry.clear_log();
    let second = copied(&from, &to).await;
    assert_eq!((second.digest, second.receipt.unchanged, second.receipt.bytes_sent), (first.digest, true, 0));
    assert_eq!(["PUT", "POST", "PATCH"].map(|method| registry.count(method, "/v2/")), [0; 3]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_fails_leaves_nothing_and_goes_on_where_it_stopped() {
    let (folder, source, goal) = (tempfile::tempdir().unwrap(), Registry::start(), Registry::start());
    let from = source.reference("library/base", "17");
    copied(&base(), &from).await;
    let lost = source.blobs("library/base").into_iter().max_by_key(|digest| source.blob(digest).unwrap().len()).unwrap();
    let bytes = source.blob(&lost).unwrap();
    source.forget_blob("library/base", &lost);
    let (file, layout) = (folder.path().join("image.tar"), folder.path().join("layout"));
    let goals = [goal.reference("mirror/base", "17"), format!("oci-archive:{}", file.display()), format!("oci:{}", layout.display())];
    let cache = || Cache::open(folder.path().join("cache")).unwrap();
    for to in &goals {
        let error = copy(&from, to).cache(cache()).run().await.unwrap_err();
        assert!(matches!(&error, Error::Target(_)), "{to}: {error:?}");
    }
    assert_eq!((goal.tags("mirror/base"), file.exists(), layout.exists()), (Vec::new(), false, false));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the cache is there");
    source.put_blob("library/base", bytes);
    source.clear_log();
    copy(&from, &goals[0]).cache(cache()).run().await.unwrap();
    assert!(source.count("GET", &format!("/blobs/{lost}")) == 1 && source.count("GET", "/manifests/") == 0);
    source.clear_log();
    for to in &goals[1..] {
        copy(&from, to).cache(cache()).run().await.unwrap();
    }
    assert_eq!(source.count("GET", ""), 0, "what was fetched once is not fetched again: {:?}", source.log().lines());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_saved_for_docker_is_read() {
    let (folder, registry) = (tempfile::tempdir().unwrap(), Registry::start());
    let Some(mut skopeo) = peer::find("skopeo") else { return };
    let archive = folder.path().join("saved.tar");
    let saved = format!("docker-archive:{}:koin/base:17", archive.display());
    let _ = peer::output(skopeo.args(["--insecure-policy", "copy", "--override-arch", "arm64", &format!("{}:17", base()), &saved]));
    let compressed = folder.path().join("saved.tar.gz");
    let _ = peer::output(Command::new("sh").arg("-c").arg(format!("gzip -c '{}' > '{}'", archive.display(), compressed.display())));
    for (number, file) in [archive, compressed].iter().enumerate() {
        let to = registry.reference("koin/loaded", &number.to_string());
        let copied = copied(&format!("docker-archive:{}", file.display()), &to).await;
        assert_eq!(copied.platforms[0].to_string(), "linux/arm64/v8");
        // skopeo follows every layer from its digest to its diff id, so a wrong descriptor would not pass.
        let to_layout = [format!("docker://{to}"), in_folder("oci", folder.path(), &format!("check{number}:1"))];
        let Some(mut skopeo) = peer::find("skopeo") else { return };
        let _ = peer::output(skopeo.args(["--insecure-policy", "copy", "--src-tls-verify=false"]).args(to_layout));
    }
    let error = copy(&saved.replace("koin/base:17", "koin/base:18"), "oci:x").run().await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("no image with tag `koin/base:18`; it has `docker.io/koin/base:17`"), "{cause}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_is_cut_short_or_none_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let whole = Base::java().build().layout_archive("17");
    let table: [(&str, &[u8], &str); 4] = [
        ("short", &whole[..whole.len() / 2], "cut short"),
        ("text", &[b'x'; 4096], "no tar header"),
        ("empty", b"", "no files"),
        ("other", &imgbuild_testkit::archive::write(&[]), "no files"),
    ];
    for (name, bytes, reason) in table {
        fs::write(folder.path().join(name), bytes).unwrap();
        let error = copy(&in_folder("oci-archive", folder.path(), name), &in_folder("oci", folder.path(), "out")).run().await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains(reason) && cause.contains(name), "{cause}");
    }
    let missing = copy("oci-archive:/no/such.tar", "oci:x").run().await.unwrap_err();
    assert!(std::error::Error::source(&missing).unwrap().to_string().contains("/no/such.tar"));
    let unwritable = copy(&base(), "oci-archive:/proc/no/such.tar").run().await.unwrap_err();
    assert!(matches!(unwritable, Error::Target(_)), "{unwritable:?}");
}
