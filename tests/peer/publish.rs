//! The first push: what other tools read back, and what went over the wire.

use imgbuild_testkit::peers;
use serde_json::{Value, json};

use crate::scenario::Scenario;
use crate::transfers::Transfers;

fn raw(scenario: &Scenario, reference: &str) -> Option<Value> {
    let skopeo = peers::require("skopeo")?;
    let arguments = ["inspect", "--raw", "--tls-verify=false", "--creds=reader:readpw", &format!("docker://{reference}")];
    let document = skopeo.run(arguments);
    Some(serde_json::from_str(&document).unwrap_or_else(|error| panic!("{}: {error}", scenario.target())))
}

#[test]
fn other_tools_accept_the_image() {
    let Some(scenario) = Scenario::start() else { return };
    let Some(crane) = peers::require("crane") else { return };
    let pushed = scenario.push();

    let valid = crane
        .command()
        .env("DOCKER_CONFIG", scenario.registry.credentials("reader"))
        .args(["validate", "--remote", &scenario.target()])
        .output()
        .unwrap();
    assert!(valid.status.success(), "{}", String::from_utf8_lossy(&valid.stderr));

    let Some(index) = raw(&scenario, &scenario.target()) else { return };
    let platforms: Vec<_> = index["manifests"].as_array().unwrap().iter().map(|entry| entry["platform"].clone()).collect();
    let expected = [json!({ "architecture": "amd64", "os": "linux" }), json!({ "architecture": "arm64", "os": "linux", "variant": "v8" })];
    assert_eq!(platforms, expected);

    for entry in index["manifests"].as_array().unwrap() {
        let child = format!("{}@{}", scenario.target(), entry["digest"].as_str().unwrap());
        let config = crane.command().env("DOCKER_CONFIG", scenario.registry.credentials("reader")).args(["config", &child]).output();
        let config: Value = serde_json::from_slice(&config.unwrap().stdout).unwrap();
        assert_eq!(config["config"]["Entrypoint"], json!(["java", "-jar", "/app/app.jar"]));
        assert_eq!(config["config"]["WorkingDir"], "/app");
        // The base's Cmd is `bash`; it would become an argument of the application.
        assert_eq!(config["config"].get("Cmd").filter(|cmd| !cmd.is_null()), None);
        assert_eq!(config["architecture"], entry["platform"]["architecture"]);
        assert_eq!(config.get("variant"), entry["platform"].get("variant"));
    }

    let digest = crane
        .command()
        .env("DOCKER_CONFIG", scenario.registry.credentials("reader"))
        .args(["digest", &scenario.target()])
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&digest.stdout).trim(), pushed.digest());
    assert_eq!(pushed.metadata["digest"], pushed.digest());
}

#[test]
fn each_application_layer_is_sent_once_for_both_platforms_and_base_layers_never() {
    let Some(scenario) = Scenario::start() else { return };
    let pushed = scenario.push();
    let transfers = Transfers::new(scenario.registry.proxy().log());

    let mut expected: Vec<_> = pushed.layers().into_iter().map(|(_, digest)| digest).chain(pushed.platforms("config")).collect();
    expected.sort_unstable();
    assert_eq!(transfers.uploaded(), expected, "layers and configs, each once");
    assert_eq!(transfers.mounted().len(), 4, "two base layers of two platforms come from the base's repository");

    let both = pushed.metadata["layers"].as_array().unwrap().iter().all(|layer| layer["platforms"].as_array().unwrap().len() == 2);
    assert!(both, "every layer serves both platforms: {}", pushed.metadata["layers"]);
    assert_eq!(pushed.metadata["bytesSent"], transfers.bytes(), "the metadata file and the access log agree");

    let last = transfers.manifests().pop().unwrap();
    assert_eq!(last, "1", "the tag moves last: {:?}", transfers.manifests());
}

#[test]
fn one_who_may_only_pull_is_told_so_and_nothing_moves() {
    let Some(scenario) = Scenario::start() else { return };
    let output = scenario.command("reader").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(output.stdout.is_empty());
    for part in ["error: ", "because: ", "hint: ", &scenario.target()] {
        assert!(said.contains(part), "`{part}` is missing in: {said}");
    }
    let transfers = Transfers::new(scenario.registry.proxy().log());
    assert_eq!(transfers.uploaded(), [""; 0]);
    assert!(transfers.manifests().is_empty());
    assert_eq!(transfers.bytes(), 0, "the refusal comes before a layer is sent");
}

#[test]
fn a_wrong_password_is_told_from_a_missing_right() {
    let Some(scenario) = Scenario::start() else { return };
    let folder = scenario.home.folder().join("wrong");
    peers::docker_config(&folder, scenario.registry.address(), "writer", "wrong");
    let output = scenario.command("writer").env("DOCKER_CONFIG", &folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{said}");
    assert!(said.contains("hint: "), "{said}");
    assert!(!said.contains("wrong\n") && !said.contains("d3JpdGVyOndyb25n"), "no password is printed: {said}");
    assert!(Transfers::new(scenario.registry.proxy().log()).manifests().is_empty());
}
