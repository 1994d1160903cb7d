//! The library as a Rust tool uses it: the example runs, bytes can be handed in, and a build can be stopped.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use imgbuild::build::{Application, Error, Kind};
use imgbuild::{Build, Cancel, Event, LayoutTarget, Recipe, RegistryTarget, jar};
use imgbuild_testkit::fixtures;
use imgbuild_testkit::registry::{Registry, What, When};
use imgbuild_testkit::validate::Validator;

fn recipe() -> Recipe {
    let mut recipe = Recipe::default();
    recipe.base = format!("oci:{}:17", fixtures::path("base").display()).parse().unwrap();
    recipe
}

#[test]
fn the_example_builds_an_image() {
    // `cargo test` builds the examples beside the tests.
    let example = std::env::current_exe().unwrap().parent().unwrap().with_file_name("examples").join("embed");
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("image");
    let base = format!("oci:{}:17", fixtures::path("base").display());
    let output = Command::new(example).arg(fixtures::path("app.jar")).arg(base).arg(&target).output().unwrap();
    let (result, progress) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{progress}");
    assert!(result.starts_with("oci:") && result.contains("@sha256:"), "{result}");
    assert!(progress.contains("layer `dependencies` is sha256:"), "{progress}");
    let base_layers = 2;
    Validator::new(base_layers).check_layout(&target, "latest").into_result().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jar_in_memory_gives_the_digest_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = std::fs::read(fixtures::path("app.jar")).unwrap();
    let memory = Application::Bytes { name: "api.jar".to_owned(), bytes: jar::Bytes::from(bytes) };
    let mut digests = Vec::new();
    for (name, application) in [("file", Application::from(fixtures::path("app.jar"))), ("memory", memory)] {
        let report = Build::new(recipe(), application).target(LayoutTarget::new(folder.path().join(name), None)).run().await.unwrap();
        digests.push(report.digest);
    }
    assert_eq!(digests[0], digests[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_tell_the_way_of_a_build() {
    let folder = tempfile::tempdir().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let build = Build::new(recipe(), fixtures::path("app.jar")).target(LayoutTarget::new(folder.path().join("image"), None));
    let report = build.on_event(move |event| sink.lock().unwrap().push(event.clone())).run().await.unwrap();
    let seen = seen.lock().unwrap();
    assert!(matches!(&seen[0], Event::BaseResolved { platforms, .. } if platforms.len() == 2), "{:?}", seen[0]);
    let layers = seen.iter().filter(|event| matches!(event, Event::LayerReady { .. })).count();
    assert_eq!(layers, report.layers.len());
    assert!(matches!(seen.last(), Some(Event::Published { unchanged: false, digest, .. }) if *digest == report.digest));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_build_stops_at_once_and_forgets_its_uploads() {
    let stalled = When::request("PUT", "/blobs/uploads/").then(What::StallRequestAt(0, Duration::from_mins(1)));
    let registry = Registry::builder().fault(stalled).start();
    let cancel = Cancel::new();
    let target = RegistryTarget::new(registry.reference("koin/api", "1").parse().unwrap());
    let build = tokio::spawn(Build::new(recipe(), fixtures::path("app.jar")).target(target).cancel(cancel.clone()).run());
    while registry.count("PUT", "/blobs/uploads/") == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let asked = Instant::now();
    cancel.cancel();
    let error = build.await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
    assert_eq!(error.kind(), Kind::Cancelled);
    assert!(asked.elapsed() < Duration::from_secs(10), "the stalled upload was waited for");
    assert_eq!(registry.tags("koin/api"), Vec::<String>::new());
    assert_eq!(registry.open_uploads(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jar_that_is_rewritten_while_it_is_built_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let jar = folder.path().join("app.jar");
    std::fs::copy(fixtures::path("app.jar"), &jar).unwrap();
    let (path, rewritten) = (jar.clone(), Mutex::new(false));
    let build = Build::new(recipe(), &jar).target(LayoutTarget::new(folder.path().join("image"), None));
    let build = build.on_event(move |event| {
        // Gradle writes the JAR anew once the base is known and before the last layer is.
        let mut rewritten = rewritten.lock().unwrap();
        if matches!(event, Event::BaseResolved { .. }) && !*rewritten {
            let bytes = std::fs::read(&path).unwrap();
            std::fs::write(&path, bytes).unwrap();
            *rewritten = true;
        }
    });
    assert!(build.run().await.is_err());
    assert!(!folder.path().join("image").exists(), "nothing half made is left");
}
