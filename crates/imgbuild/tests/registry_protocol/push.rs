//! Lines 27 to 34: push.

use imgbuild::event::Outcome;
use imgbuild::registry::{Proof, Tagged};
use imgbuild_testkit::registry::{Registry, Tokens};

use crate::support::{image, layer, push, reference, user};

fn tokens() -> Tokens {
    Tokens::new().user("writer", "writepw", &["pull", "push"])
}

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
