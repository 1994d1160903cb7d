use imgbuild_docker::engine::Error;
use imgbuild_docker::{Endpoint, Engine as Client};
use imgbuild_testkit::peers::Engine;

pub(crate) fn endpoint(host: &str) -> Endpoint {
    Endpoint { host: host.parse().unwrap(), tls: None, origin: "a test".to_owned() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_is_reached_by_its_socket() {
    let Some(engine) = Engine::start() else { return };
    let client = Client::connect(&endpoint(&engine.host())).await.unwrap();
    let version = engine.run(["version", "--format={{.Server.Version}} {{.Server.APIVersion}} {{.Server.Os}}/{{.Server.Arch}}"]);
    let about = client.about();
    assert_eq!(format!("{} {} {}", about.version, about.api, about.platform), version.trim());
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_named() {
    for (host, expected) in [("unix:///nonexistent/docker.sock", "systemctl"), ("tcp://127.0.0.1:1", "address")] {
        let error = Client::connect(&endpoint(host)).await.unwrap_err();
        assert!(matches!(error, Error::NoDaemon { .. }), "{error:?}");
        assert!(error.to_string().contains(host) && error.hint().unwrap().contains(expected), "{error} {:?}", error.hint());
    }
}
