use serde_json::{Value, json};

use super::{Base, Compression, Format, Image, Layer, PlatformImage};
use crate::{archive, digest::sha256, elf::RunnableMachine, peer};

fn children(image: &Image) -> Vec<Value> {
    image.json(image.digest())["manifests"].as_array().unwrap().clone()
}

#[test]
fn every_descriptor_says_the_truth() {
    fn check(image: &Image, value: &Value, seen: &mut usize) {
        if let (Some(digest), Some(size)) = (value["digest"].as_str(), value["size"].as_u64()) {
            let bytes = image.bytes(digest).unwrap();
            assert_eq!((sha256(bytes).as_str(), bytes.len() as u64), (digest, size));
            *seen += 1;
            if value["mediaType"].as_str().is_some_and(|kind| kind.contains("manifest") || kind.contains("index")) {
                check(image, &image.json(digest), seen);
            }
        }
        for key in ["manifests", "layers"] {
            value[key].as_array().into_iter().flatten().for_each(|child| check(image, child, seen));
        }
        if value["config"].is_object() {
            check(image, &value["config"], seen);
        }
    }
    for (base, expected) in
        [(Base::java(), 9), (Base::java().attestations(), 15), (Base::java().nested(), 10), (Base::java().format(Format::Docker), 9)]
    {
        let image = base.build();
        let mut seen = 0;
        check(&image, &image.root, &mut seen);
        assert_eq!(seen, expected, "{base:?}");
    }
}

#[test]
fn attestations_look_like_docker_hubs() {
    let image = Base::java().attestations().build();
    let children = children(&image);
    assert_eq!(children.len(), 4);
    for (child, entry) in children[..2].iter().zip(&children[2..]) {
        assert_eq!(entry["platform"], json!({"architecture": "unknown", "os": "unknown"}));
        assert_eq!(entry["annotations"]["vnd.docker.reference.type"], "attestation-manifest");
        assert_eq!(entry["annotations"]["vnd.docker.reference.digest"], child["digest"]);
    }
    assert_eq!(children[1]["platform"], json!({"architecture": "arm64", "os": "linux", "variant": "v8"}));
}

#[test]
fn a_config_keeps_what_nobody_knows() {
    let platform = PlatformImage::new("windows/amd64")
        .os_version("10.0.20348.1")
        .os_features(&["win32k"])
        .setting("Healthcheck", json!({"Test": ["CMD", "true"], "Interval": 5_000_000_000_u64}))
        .setting("OnBuild", json!(["RUN true"]))
        .setting("Shell", json!(["powershell"]))
        .key("moby.buildkit.x", json!([1]))
        .key("created", json!("2020-02-02T00:00:00Z"));
    let config: Value = serde_json::from_slice(&platform.config()).unwrap();
    assert_eq!(config["os.version"], "10.0.20348.1");
    assert_eq!(config["os.features"], json!(["win32k"]));
    assert_eq!(config["config"]["Shell"], json!(["powershell"]));
    assert_eq!(config["moby.buildkit.x"], json!([1]));
    assert_eq!(config["created"], "2020-02-02T00:00:00Z");
    let image = Base::new().platform(platform.claimed_as("linux/arm64")).build();
    assert_eq!(children(&image)[0]["platform"], json!({"architecture": "arm64", "os": "linux"}));
}

#[test]
fn layers_are_kept_in_every_compression() {
    for (compression, suffix) in [(Compression::Gzip, "+gzip"), (Compression::Zstd, "+zstd"), (Compression::None, ".tar")] {
        let layer = Layer::new().file("a", 0o644, b"content").compression(compression);
        let image = Base::new().platform(PlatformImage::new("linux/amd64").layer(layer.clone())).build();
        let manifest = image.json(children(&image)[0]["digest"].as_str().unwrap());
        let media_type = manifest["layers"][0]["mediaType"].as_str().unwrap();
        assert!(media_type.ends_with(suffix), "{media_type}");
        let config = image.json(manifest["config"]["digest"].as_str().unwrap());
        assert_eq!(config["rootfs"]["diff_ids"], json!([sha256(&layer.archive())]));
        assert_eq!(manifest["layers"][0]["digest"], json!(sha256(&layer.blob())));
    }
}

#[test]
fn parents_are_added_and_whiteouts_named() {
    let layer = Layer::new().file("a/b/c", 0o600, b"").whiteout("a/old").whiteout("top").opaque("a/b").with_parents();
    let paths: Vec<String> = archive::members(&layer.archive()).unwrap().into_iter().map(|member| member.path).collect();
    assert_eq!(paths, [".wh.top", "a/", "a/.wh.old", "a/b/", "a/b/.wh..wh..opq", "a/b/c"]);
}

#[test]
fn skopeo_reads_the_layout_and_both_platforms() {
    let folder = tempfile::tempdir().unwrap();
    let layout = folder.path().join("base");
    Base::java().attestations().build().write_layout(&layout, "17").unwrap();
    for (architecture, variant) in [("amd64", None), ("arm64", Some("v8"))] {
        let Some(mut skopeo) = peer::find("skopeo") else {
            return;
        };
        skopeo.args(["inspect", "--config", "--override-arch", architecture]);
        if let Some(variant) = variant {
            skopeo.args(["--override-variant", variant]);
        }
        let config = peer::output(skopeo.arg(format!("oci:{}:17", layout.display())));
        let config: Value = serde_json::from_str(&config).unwrap();
        assert_eq!(config["architecture"], architecture);
        assert_eq!(config["config"]["Cmd"], json!(["jshell"]));
    }
}

#[test]
fn a_single_image_has_no_index() {
    let image = Base::java().build_single(1).unwrap();
    assert_eq!(image.root["mediaType"], Format::Oci.manifest());
    assert!(image.root.get("platform").is_none());
    assert_eq!(image.documents.len(), 1);
    assert_eq!(Base::java().build_single(2), None);
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(Base::java().build(), Base::java().build());
    let other = Base::new().platform(PlatformImage::java("linux/amd64", RunnableMachine::Arm64, "17.0.12")).build();
    assert_ne!(children(&other)[0]["digest"], children(&Base::java().build())[0]["digest"]);
}
