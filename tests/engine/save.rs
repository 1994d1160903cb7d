use imgbuild::{Copy, LayoutTarget, RegistryTarget};
use imgbuild_docker::save::{self, Error};
use imgbuild_docker::{Engine as Client, LoadTarget};
use imgbuild_testkit::engine::FakeEngine;
use imgbuild_testkit::peers::{Engine, ServerImage};
use imgbuild_testkit::registry::Registry;

use crate::reach::endpoint;

#[tokio::test(flavor = "multi_thread")]
async fn an_image_of_an_engine_is_a_source_like_any_other() {
    let (Some(engine), Some(image)) = (Engine::start(), ServerImage::new("one").platforms(&["linux/amd64"]).build()) else { return };
    let folder = tempfile::tempdir().unwrap();
    image.write_layout(&folder.path().join("first"), "1").unwrap();
    let first = imgbuild::Location::Layout { folder: folder.path().join("first"), tag: None };
    let client = Client::connect(&endpoint(&engine.host())).await.unwrap();
    let name = "koin/api:1".parse().unwrap();
    Copy::new(first, LoadTarget::new(client.clone()).names(["koin/api:1".parse().unwrap()])).run().await.unwrap();

    let registry = Registry::start();
    let source = save::open(&client, &name).await.unwrap();
    let target = RegistryTarget::new(registry.reference("koin/api", "1").parse().unwrap());
    let copied = Copy::of(source.clone(), target).run().await.unwrap();
    assert_eq!(copied.source, "docker-daemon:docker.io/koin/api:1");
    let manifest = registry.manifest("koin/api", "1").unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest.bytes).unwrap();
    assert_eq!(manifest["layers"].as_array().unwrap().len(), 2);
    // An engine names an image by its configuration, which went in and came out unchanged.
    let id = engine.run(["inspect", "--format={{.Id}}", "koin/api:1"]);
    assert_eq!(manifest["config"]["digest"], id.trim());
    // The same image twice is the same digest.
    let again = Copy::of(save::open(&client, &name).await.unwrap(), LayoutTarget::new(folder.path().join("second"), None));
    assert_eq!(again.run().await.unwrap().digest, copied.digest);

    let error = save::open(&client, &"koin/none:1".parse().unwrap()).await.unwrap_err();
    assert!(matches!(&error, Error::NoImage { image, .. } if image == "docker.io/koin/none:1"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_engine_sends_is_checked() {
    let short = imgbuild_testkit::base::Base::java().build().layout_archive("1");
    let short = String::from_utf8_lossy(&short[..700]).into_owned();
    let engine = FakeEngine::start("1.41", move |_| (200, short.clone())).await;
    let client = Client::connect(&endpoint(&engine.host())).await.unwrap();
    let error = save::open(&client, &"koin/api:1".parse().unwrap()).await.unwrap_err();
    assert!(matches!(error, Error::Read(_)) && error.hint().is_some(), "{error:?}");
}
