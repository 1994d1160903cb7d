use imgbuild_testkit::peers::ServerImage;
use serde_json::Value;

use crate::site::Site;

#[test]
fn prune_frees_what_nothing_needs_and_keeps_what_services_name() {
    let Some(site) = Site::single() else { return };
    let [one, two, other] = ["one", "two", "other"].map(|text| site.push(&ServerImage::new(text), &format!("koin/{text}:1")));
    site.create(&one, &[]);
    assert_eq!(site.update(&two, &[]).code, 0);
    let engine = site.0.manager();
    // An image that was pulled by digest as a service's are, but that no service names, and a container of it that ended.
    let digest = other_digest(&site, &other);
    engine.run(["pull", "--quiet", &digest]);
    drop(engine.command().args(["run", "--network=none", "--name=ended", &digest, "/server", "check"]).output().unwrap());

    let json = |arguments: &[&str]| -> Value {
        let ended = site.run(arguments);
        assert_eq!(ended.code, 0, "{}", ended.text);
        serde_json::from_str(&ended.stdout).unwrap()
    };
    let planned = json(&["prune", "--dry-run", "--json"]);
    assert!(engine.run(["ps", "--all", "--format={{.Names}}"]).contains("ended"));
    let pruned = json(&["prune", "--json"]);
    assert_eq!(planned["images"], pruned["images"]);
    let names =
        |list: &Value| list.as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>();
    assert!(names(&pruned["containers"]).contains(&"ended".to_owned()), "{pruned}");
    assert!(!engine.run(["ps", "--all", "--format={{.Names}}"]).contains("ended"));
    let images = engine.run(["images", "--digests", "--format={{.Repository}}"]);
    assert!(images.contains("koin/one") && images.contains("koin/two"), "{images}");
    assert!(pruned["bytes"].as_u64() > Some(0) && !images.contains("koin/other"), "{pruned} {images}");
    // What is kept still goes back.
    let back = site.run(&["service", "rollback", "web"]);
    assert_eq!(back.code, 0, "{}", back.text);
}

/// The reference by digest of what a tag names in the registry.
fn other_digest(site: &Site, reference: &str) -> String {
    let mut command = std::process::Command::new("skopeo");
    command.args(["inspect", "--tls-verify=false", "--format={{.Digest}}", &format!("docker://{reference}")]);
    let output = site.0.inside(&command).output().unwrap();
    let digest = String::from_utf8(output.stdout).unwrap();
    format!("{}@{}", reference.rsplit_once(':').unwrap().0, digest.trim())
}
