//! Seeding, reading, the log, and use from a synchronous test.

use std::io::{Read as _, Write as _};

use super::*;

#[test]
fn a_synchronous_client_can_use_it() {
    let registry = Registry::start();
    seed_image(&registry, "a", "t");
    let mut stream = std::net::TcpStream::connect(registry.address()).unwrap();
    let request = format!("GET /v2/a/tags/list HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", registry.host());
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("{\"name\":\"a\",\"tags\":[\"t\"]}"), "{answer}");
    let address = registry.address();
    drop(registry);
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[tokio::test]
async fn the_log_tells_everything() {
    let registry = Registry::start();
    let digest = registry.put_blob("a", "0123456789");
    let url = format!("{}/v2/a/blobs/{digest}", registry.url());
    let part = client().get(&url).header("range", "bytes=2-4").bearer_auth("canary").send().await.unwrap();
    assert_eq!((part.status().as_u16(), header(&part, "content-range")), (206, "bytes 2-4/10"));
    assert_eq!(part.text().await.unwrap(), "234");
    assert_eq!(client().get(&url).header("range", "bytes=20-").send().await.unwrap().status(), 416);
    assert_eq!(client().head(&url).send().await.unwrap().status(), 200);
    assert_eq!(registry.count("GET", "/blobs/"), 2);
    assert_eq!(registry.count("*", "/v2/a/*"), 3);
    assert_eq!(registry.count("*", "/v2/a"), 3);
    let first = registry.requests().remove(0);
    assert_eq!((first.status, first.bytes_out, first.header("Range")), (Some(206), 3, Some("bytes=2-4")));
    assert_eq!((first.authorization_scheme(), first.header("authorization")), (Some("Bearer"), Some("Bearer canary")));
    registry.clear_log();
    assert!(registry.requests().is_empty());
}

#[test]
fn a_layout_becomes_a_repository() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = folder.path().join("blobs/sha256");
    std::fs::create_dir_all(&blobs).unwrap();
    let put = |bytes: &str| {
        let digest = sha256(bytes.as_bytes());
        std::fs::write(blobs.join(&digest[7..]), bytes).unwrap();
        digest
    };
    let config = put("{\"config\":1}");
    let manifest = put(&format!("{{\"config\":{{\"digest\":\"{config}\"}}}}"));
    let index = put(&format!("{{\"manifests\":[{{\"mediaType\":\"{MANIFEST}\",\"digest\":\"{manifest}\"}}]}}"));
    let root = serde_json::json!({ "manifests": [{
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "digest": index,
        "annotations": { "org.opencontainers.image.ref.name": "v1" },
    }] });
    std::fs::write(folder.path().join("index.json"), root.to_string()).unwrap();
    let registry = Registry::start();
    assert_eq!(registry.load_layout("a", folder.path()).unwrap(), std::slice::from_ref(&index));
    assert_eq!(registry.manifest("a", "v1").unwrap().digest, index);
    assert_eq!(registry.manifest("a", &manifest).unwrap().media_type, MANIFEST);
    assert_eq!((registry.blobs("a"), registry.tags("a")), (vec![config.clone()], vec!["v1".to_owned()]));
    std::fs::write(blobs.join(&config[7..]), "other").unwrap();
    assert!(registry.load_layout("a", folder.path()).is_err());
}
