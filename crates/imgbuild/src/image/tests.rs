use serde_json::{Value, json};

use super::*;
use crate::blob::Blob;
use crate::layer::Layer;
use crate::oci::{Compression, Digest, MediaType, Platform, annotation};

fn digest(byte: u8) -> Digest {
    Digest::of(&[byte])
}

fn parent(config: &Value, layer_types: &[MediaType]) -> Parent {
    let mut config = config.clone();
    let diff_ids: Vec<Digest> = (0_u8..).take(layer_types.len()).map(digest).collect();
    config["rootfs"] = json!({"type": "layers", "diff_ids": diff_ids});
    let layers = (0_u8..).zip(layer_types).map(|(byte, media_type)| Blob::from_bytes(media_type.clone(), vec![byte; 3]));
    Parent {
        platform: "linux/arm64/v8".parse().unwrap(),
        digest: digest(99),
        name: Some("docker.io/library/amazoncorretto:17".to_owned()),
        config: Config::parse(config.to_string().as_bytes()).unwrap(),
        layers: layers.collect(),
    }
}

fn base() -> Value {
    let exact: Value = serde_json::from_str("[1.10, 123456789012345678901234567890, 1e+400]").unwrap();
    json!({
        "architecture": "arm64", "os": "linux", "os.version": "1", "variant": "v8", "created": "2024-05-06T07:08:09.123Z",
        "config": {"Env": ["PATH=/bin", "LANG=C"], "Cmd": ["jshell"], "WorkingDir": "/srv", "Healthcheck": {"Test": ["CMD", "x"]},
                   "OnBuild": ["RUN y"], "Shell": ["/bin/bash"], "X-Unknown": exact, "Labels": {"a": "1"}, "ExposedPorts": {"80/tcp": {}}},
        "history": [{"created_by": "os"}, {"created_by": "env", "empty_layer": true}, {"created_by": "jdk"}],
        "moby.unknown": {"kept": true}
    })
}

const GZIP: MediaType = MediaType::OciLayer(Compression::Gzip);

fn added() -> Vec<Layer> {
    vec![
        Layer::new("dependencies", Blob::from_bytes(GZIP, &b"d"[..]), digest(50)),
        Layer::new("config", Blob::from_bytes(GZIP, &b"c"[..]), digest(51)),
    ]
}

async fn compose(parent: &Parent, overlay: &Overlay, created: &Created, format: Format) -> (Value, Value, Image) {
    let image = Image::compose(parent, &added(), overlay, created, format, &Annotations::default()).unwrap();
    let json = |bytes: bytes::Bytes| serde_json::from_slice::<Value>(&bytes).unwrap();
    (json(image.config.read(1 << 20).await.unwrap()), json(image.manifest.read(1 << 20).await.unwrap()), image)
}

#[tokio::test]
async fn a_base_config_is_patched_and_nothing_is_lost() {
    let overlay = Overlay {
        entrypoint: Some(vec!["java".to_owned(), "-jar".to_owned(), "/app/app.jar".to_owned()]),
        env: vec![("LANG".to_owned(), "C.UTF-8".to_owned()), ("PORT".to_owned(), "1=2".to_owned())],
        labels: vec![("b".to_owned(), "2".to_owned())],
        working_dir: Some("app".to_owned()),
        user: Some("1000".to_owned()),
        exposed_ports: vec!["8080".parse().unwrap()],
        volumes: vec!["/data".to_owned()],
        ..Overlay::default()
    };
    let (config, ..) = compose(&parent(&base(), &[GZIP, GZIP]), &overlay, &Created::OfBase, Format::Oci).await;
    let runtime = &config["config"];
    assert_eq!(runtime["Env"], json!(["PATH=/bin", "LANG=C.UTF-8", "PORT=1=2"]));
    assert!(runtime.get("Cmd").is_none(), "an entrypoint without a command clears the base's command");
    assert_eq!((&runtime["WorkingDir"], &runtime["User"]), (&json!("/srv/app"), &json!("1000")));
    assert_eq!(runtime["ExposedPorts"], json!({"80/tcp": {}, "8080/tcp": {}}));
    assert_eq!((&runtime["Labels"]["a"], &runtime["Labels"]["b"]), (&json!("1"), &json!("2")));
    for key in ["Healthcheck", "OnBuild", "Shell", "X-Unknown"] {
        assert_eq!(runtime[key], base()["config"][key], "{key}");
    }
    for key in ["architecture", "os", "os.version", "variant", "moby.unknown", "created"] {
        assert_eq!(config[key], base()[key], "{key}");
    }
}

#[tokio::test]
async fn numbers_keep_their_digits() {
    let (config, ..) = compose(&parent(&base(), &[GZIP]), &Overlay::default(), &Created::OfBase, Format::Oci).await;
    assert!(config.to_string().contains("[1.10,123456789012345678901234567890,1e+400]"), "{config}");
}

#[tokio::test]
async fn history_entries_that_are_not_empty_equal_the_diff_ids() {
    let short = json!({"architecture": "amd64", "os": "linux"});
    let long = json!({"history": [{"created_by": "1"}, {"created_by": "2"}, {"created_by": "3"}]});
    for config in [base(), short, long] {
        let (config, manifest, _) = compose(&parent(&config, &[GZIP, GZIP]), &Overlay::default(), &Created::OfBase, Format::Oci).await;
        let history = config["history"].as_array().unwrap();
        let filled = history.iter().filter(|entry| entry["empty_layer"] != json!(true)).count();
        assert_eq!(filled, config["rootfs"]["diff_ids"].as_array().unwrap().len());
        assert_eq!(filled, manifest["layers"].as_array().unwrap().len());
        assert_eq!(history.last().unwrap()["comment"], "config");
    }
}

#[tokio::test]
async fn created_is_what_was_asked_else_the_bases_else_1980() {
    let created = async |config: &Value, created| {
        compose(&parent(config, &[GZIP]), &Overlay::default(), &created, Format::Oci).await.0["created"].as_str().unwrap().to_owned()
    };
    assert_eq!(created(&base(), Created::OfBase).await, "2024-05-06T07:08:09.123Z");
    assert_eq!(created(&json!({}), Created::OfBase).await, "1980-01-01T00:00:00Z");
    assert_eq!(created(&base(), Created::parse("1700000000").unwrap()).await, "2023-11-14T22:13:20Z");
    assert_eq!(Created::parse("2023-11-14T22:13:20Z").unwrap(), Created::At(1_700_000_000));
    for bad in ["", "-1", "1.5", "yesterday", "99999999999999999999", "253402300800", "2023-02-30T00:00:00Z"] {
        assert!(Created::parse(bad).is_err(), "{bad}");
    }
}

#[tokio::test]
async fn media_types_are_never_mixed() {
    let mixed = [MediaType::DockerLayer(Compression::Gzip), GZIP, MediaType::DockerForeignLayer];
    for (format, family) in [(Format::Oci, "vnd.oci."), (Format::Docker, "vnd.docker.")] {
        let (_, manifest, _) = compose(&parent(&base(), &mixed), &Overlay::default(), &Created::OfBase, format).await;
        let types = manifest["layers"].as_array().unwrap().iter().chain([&manifest["config"], &manifest]);
        for entry in types {
            assert!(entry["mediaType"].as_str().unwrap().contains(family), "{entry}");
        }
    }
}

#[tokio::test]
async fn base_annotations_and_record_name_the_base_and_no_machine() {
    let (config, manifest, image) = compose(&parent(&base(), &[GZIP]), &Overlay::default(), &Created::OfBase, Format::Oci).await;
    assert_eq!(manifest["annotations"][annotation::BASE_NAME], "docker.io/library/amazoncorretto:17");
    assert_eq!(manifest["annotations"][annotation::BASE_DIGEST], digest(99).as_str());
    let record = Config::parse(config.to_string().as_bytes()).unwrap().record().unwrap();
    assert_eq!((record.base_digest, record.base_layers), (digest(99), 1));
    let index = ImageIndex::compose(vec![image], Format::Oci, &Annotations::default()).unwrap();
    let index: Value = serde_json::from_slice(&index.index.read(1 << 20).await.unwrap()).unwrap();
    assert_eq!(index["manifests"][0]["platform"], json!({"architecture": "arm64", "os": "linux", "variant": "v8"}));
}

#[test]
fn a_docker_manifest_takes_no_annotations() {
    let asked = Annotations { manifest: [("a".to_owned(), "b".to_owned())].into(), ..Annotations::default() };
    let parent = parent(&base(), &[GZIP]);
    let error = Image::compose(&parent, &[], &Overlay::default(), &Created::OfBase, Format::Docker, &asked).unwrap_err();
    assert!(matches!(error, Error::AnnotationsInDocker));
}

#[test]
fn a_base_that_miscounts_its_layers_is_refused() {
    let mut parent = parent(&base(), &[GZIP, GZIP]);
    parent.layers.pop();
    let error = Image::compose(&parent, &[], &Overlay::default(), &Created::OfBase, Format::Oci, &Annotations::default()).unwrap_err();
    assert!(matches!(error, Error::LayerCount { layers: 1, diff_ids: 2 }));
}

#[test]
fn working_directories_join_as_in_a_dockerfile() {
    let overlay = |path: &str| Overlay { working_dir: Some(path.to_owned()), ..Overlay::default() };
    let config = Config::parse(base().to_string().as_bytes()).unwrap();
    let record = Record { base: None, base_digest: digest(1), base_layers: 0, created: None, overlay: Overlay::default() };
    for (path, expected) in [("/app", "/app"), ("app", "/srv/app"), ("../x", "/x"), ("/a/../b/", "/b"), ("../../..", "/")] {
        let bytes = config.derive(&overlay(path), &[], &Created::OfBase, &record);
        assert_eq!(Config::parse(&bytes).unwrap().working_dir(), expected);
    }
}

#[test]
fn ports_are_read_as_expose_reads_them() {
    let keys = |text: &str| text.parse::<Port>().map(|port| port.keys().collect::<Vec<_>>());
    assert_eq!(keys("8080").unwrap(), ["8080/tcp"]);
    assert_eq!(keys("53/UDP").unwrap(), ["53/udp"]);
    assert_eq!(keys("8000-8002").unwrap(), ["8000/tcp", "8001/tcp", "8002/tcp"]);
    for bad in ["", "0", "65536", "8080:80", "2-1", "80/http"] {
        assert!(keys(bad).is_err(), "{bad}");
    }
}

#[test]
fn platform_of_the_config_is_what_it_claims() {
    assert_eq!(Config::parse(base().to_string().as_bytes()).unwrap().platform(), Platform::new("linux", "arm64", "v8"));
}
