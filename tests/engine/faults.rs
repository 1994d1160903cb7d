use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use imgbuild_docker::engine::Error as EngineError;
use imgbuild_docker::service::{Error, Service, Verdict};
use imgbuild_docker::{Engine, LoadTarget};
use imgbuild_testkit::engine::{Asked, FakeEngine};
use serde_json::{Value, json};

use crate::reach::endpoint;

/// A service of one task that runs.
fn service(version: usize, image: &str) -> Value {
    json!({
        "ID": "s", "Version": {"Index": version},
        "Spec": {
            "Name": "web", "TaskTemplate": {"ContainerSpec": {"Image": image}, "ForceUpdate": 0}, "Mode": {"Replicated": {"Replicas": 1}},
            "Unknown": {"kept": 1},
        },
    })
}

fn tasks(image: &str) -> String {
    json!([{
        "ID": "t", "ServiceID": "s", "Slot": 1, "NodeID": "n", "DesiredState": "running",
        "Status": {"State": "running"}, "Spec": {"ContainerSpec": {"Image": image}, "ForceUpdate": 0},
    }])
    .to_string()
}

async fn connect(engine: &FakeEngine) -> Engine {
    Engine::connect(&endpoint(&engine.host())).await.unwrap()
}

#[tokio::test]
async fn an_engine_that_is_too_old_is_named() {
    let engine = FakeEngine::start("1.40", |_| (404, String::new())).await;
    let error = Engine::connect(&endpoint(&engine.host())).await.unwrap_err();
    assert!(matches!(&error, EngineError::TooOld { api, .. } if api == "1.40"), "{error:?}");
    assert!(error.hint().unwrap().contains("20.10"));
}

/// An engine whose service somebody else changes first, so many times.
async fn contended(times: usize) -> FakeEngine {
    let (changed, version) = (AtomicUsize::new(0), AtomicUsize::new(7));
    FakeEngine::start("1.41", move |asked: &Asked| match (asked.method.as_str(), asked.path.as_str()) {
        ("GET", "/services/web") => (200, service(version.load(Ordering::Relaxed), "a").to_string()),
        ("GET", "/tasks") => (200, tasks("a")),
        ("GET", "/nodes") => (200, "[]".to_owned()),
        ("POST", "/services/s/update") if changed.fetch_add(1, Ordering::Relaxed) < times => {
            version.fetch_add(1, Ordering::Relaxed);
            (500, json!({"message": "rpc error: code = Unknown desc = update out of sequence"}).to_string())
        }
        _ => (200, "{}".to_owned()),
    })
    .await
}

#[tokio::test]
async fn a_stale_version_is_read_again_and_given_up_after_three_times() {
    let engine = contended(2).await;
    let outcome = Service::new(connect(&engine).await, "web").detach(true).scale(3).await.unwrap();
    assert_eq!(outcome.verdict, Verdict::Accepted);
    let posts: Vec<Asked> = engine.asked().into_iter().filter(|asked| asked.method == "POST").collect();
    let queries: Vec<&str> = posts.iter().map(|asked| asked.query.as_str()).collect();
    assert_eq!(queries, ["version=7&registryAuthFrom=spec", "version=8&registryAuthFrom=spec", "version=9&registryAuthFrom=spec"]);
    assert!(posts.iter().all(|asked| asked.body["Unknown"]["kept"] == 1 && asked.body["Mode"]["Replicated"]["Replicas"] == 3));

    let engine = contended(3).await;
    let error = Service::new(connect(&engine).await, "web").scale(3).await.unwrap_err();
    assert!(matches!(error, Error::Contended { attempts: 3, .. }), "{error:?}");
}

#[tokio::test]
async fn somebody_elses_update_and_a_lost_connection_are_told_while_waiting() {
    for (lost, expected) in [(false, "changed by somebody else"), (true, "goes on without us")] {
        let posted = Arc::new(AtomicBool::new(false));
        let seen = AtomicUsize::new(0);
        let engine = FakeEngine::start("1.41", move |asked: &Asked| {
            if asked.method == "POST" {
                posted.store(true, Ordering::Relaxed);
                return (200, "{}".to_owned());
            }
            // The first look after the change is still ours.
            let is_later = posted.load(Ordering::Relaxed) && asked.path == "/services/web" && seen.fetch_add(1, Ordering::Relaxed) > 0;
            match asked.path.as_str() {
                "/services/web" if is_later && lost => (500, json!({"message": "context deadline exceeded"}).to_string()),
                "/services/web" if is_later => (200, service(9, "b").to_string()),
                "/services/web" => (200, service(8, "a").to_string()),
                "/tasks" => (200, tasks("a")),
                _ => (200, "[]".to_owned()),
            }
        })
        .await;
        let service = Service::new(connect(&engine).await, "web").time_limit(Some(Duration::from_secs(2)));
        let error = service.scale(2).await.unwrap_err();
        assert!(error.to_string().contains(expected) && error.hint().unwrap().contains("service ps web"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_an_error() {
    let engine = FakeEngine::start("1.41", |_| (200, "<html>".to_owned())).await;
    let error = Service::new(connect(&engine).await, "web").status().await.unwrap_err();
    assert!(matches!(error, Error::Engine(EngineError::Answer { .. })), "{error:?}");
}

#[tokio::test]
async fn an_error_after_a_good_status_fails_the_load() {
    let engine = FakeEngine::start("1.41", |asked: &Asked| match asked.path.as_str() {
        "/images/load" => {
            (200, "{\"status\":\"Loading layer\"}\r\n{\"errorDetail\":{\"message\":\"no space left on device\"}}\r\n".to_owned())
        }
        "/images/json" => (200, "[]".to_owned()),
        path if path.starts_with("/images/") => (404, json!({"message": "No such image"}).to_string()),
        _ => (200, "{}".to_owned()),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    imgbuild_testkit::base::Base::java().build().write_layout(folder.path(), "1").unwrap();
    let from = imgbuild::Location::Layout { folder: folder.path().to_owned(), tag: Some("1".to_owned()) };
    let error = imgbuild::Copy::new(from, LoadTarget::new(connect(&engine).await)).run().await.unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    let text = format!("{error}: {source}");
    assert!(text.contains("no space left") || error.hint().is_some_and(|hint| hint.contains("prune")), "{text}");
}
