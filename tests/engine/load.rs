use std::sync::{Arc, Mutex};

use imgbuild::event::{Event, Outcome};
use imgbuild::registry::Client;
use imgbuild::target::Role;
use imgbuild::{Copy, Location, Reference};
use imgbuild_docker::{Endpoint, Engine as Client20, LoadTarget};
use imgbuild_testkit::peers::{Engine, ServerImage};
use tempfile::TempDir;

use crate::reach::endpoint;

/// An image in a layout.
struct Made(TempDir, String);

fn made(image: &ServerImage) -> Option<Made> {
    let folder = tempfile::tempdir().unwrap();
    let image = image.build()?;
    image.write_layout(&folder.path().join("layout"), "1").unwrap();
    Some(Made(folder, image.digest().to_owned()))
}

impl Made {
    fn location(&self) -> Location {
        Location::Layout { folder: self.0.path().join("layout"), tag: Some("1".to_owned()) }
    }
}

async fn load(endpoint: &Endpoint, image: &Made, name: &str) -> Result<imgbuild::copy::Copied, imgbuild::copy::Error> {
    let engine = Client20::connect(endpoint).await.unwrap();
    let target = LoadTarget::new(engine).names([name.parse::<Reference>().unwrap()]);
    Copy::new(image.location(), target).registry(Client::builder().build()).run().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_loaded_runs_and_what_the_engine_has_is_not_sent_again() {
    let Some(engine) = Engine::start() else { return };
    let (Some(first), Some(second)) = (made(&ServerImage::new("one")), made(&ServerImage::new("two"))) else { return };
    let endpoint = endpoint(&engine.host());

    let copied = load(&endpoint, &first, "koin/api:1").await.unwrap();
    assert_eq!(copied.reference(), format!("docker-daemon:docker.io/koin/api:1@{}", first.1));
    assert!(copied.receipt.blobs.iter().all(|blob| blob.outcome == Outcome::Sent));
    // Nothing listens in that container, so its check says no: it ran.
    let ran = engine.command().args(["run", "--rm", "--network=none", "koin/api:1", "/server", "check"]).output().unwrap();
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");

    // The same again: nothing is sent at all.
    let again = load(&endpoint, &first, "koin/api:1").await.unwrap();
    assert!(again.receipt.unchanged && again.receipt.bytes_sent == 0);

    // Another image on the same lower layer: that one is left out.
    let copied = load(&endpoint, &second, "koin/api:2").await.unwrap();
    let layers: Vec<Outcome> = copied.receipt.blobs.iter().filter(|blob| blob.role == Role::Layer).map(|blob| blob.outcome).collect();
    assert_eq!(layers, [Outcome::Present, Outcome::Sent]);
    let environment = engine.run(["inspect", "--format={{json .Config.Env}}", "koin/api:2"]);
    assert!(environment.contains("TEXT=two"), "{environment}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_engine_does_not_run_is_refused() {
    let Some(engine) = Engine::start() else { return };
    let Some(image) = made(&ServerImage::new("one").platforms(&["linux/s390x"])) else { return };
    let error = load(&endpoint(&engine.host()), &image, "koin/api:1").await.unwrap_err();
    let text = format!("{error}: {}", std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default());
    assert!(text.contains("linux/s390x"), "{text}");
    assert!(error.hint().is_some_and(|hint| hint.contains("--platform")), "{:?}", error.hint());
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told() {
    let Some(engine) = Engine::start() else { return };
    let Some(image) = made(&ServerImage::new("one")) else { return };
    let client = Client20::connect(&endpoint(&engine.host())).await.unwrap();
    let seen = Arc::new(Mutex::new(0));
    let sink = Arc::clone(&seen);
    let observer = move |event: &Event| *sink.lock().unwrap() += u32::from(matches!(event, Event::TransferProgress { .. }));
    Copy::new(image.location(), LoadTarget::new(client)).on_event(observer).run().await.unwrap();
    assert!(*seen.lock().unwrap() > 0);
}
