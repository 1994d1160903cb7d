use std::fs;

use imgbuild_testkit::peers::ServerImage;

use crate::site::{PORTS, Site};

fn names(site: &Site, kind: &str) -> Vec<String> {
    let listed = site.0.manager().run([kind, "ls", "--format={{.Name}}"]);
    listed.lines().map(str::to_owned).collect()
}

#[test]
fn a_config_or_secret_is_mounted_by_its_content_and_old_ones_go_when_nothing_names_them() {
    let Some(site) = Site::single() else { return };
    let image = site.push(&ServerImage::new("").environment("FILE", "/app/config/application.yml"), "koin/api:1");
    let file = site.0.folder().join("home/application.yml");
    let write = |text: &str| fs::write(&file, text).unwrap();
    write("one");
    site.create(&image, &["--config", "application.yml", "--config-as", "swarm-config"]);

    let update = |kind: &str| site.run(&["service", "update", "web", "--config", "application.yml", "--config-as", kind]);
    let tasks = site.running();
    let again = update("swarm-config");
    assert!(again.code == 0 && again.stdout.starts_with("already running") && site.running() == tasks, "{}", again.text);

    for text in ["two", "three"] {
        write(text);
        let updated = update("swarm-config");
        assert_eq!(updated.code, 0, "{}", updated.text);
        let probe = site.0.probe(site.0.slots(&PORTS)).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(400));
        let seen = probe.end();
        assert!(seen["minimum"] == 3 && seen["texts"]["9101"] == serde_json::json!([text]), "{seen}");
    }
    // The present one and the one that a rollback would bring back.
    assert_eq!(names(&site, "config").len(), 2);
    let back = site.run(&["service", "rollback", "web"]);
    assert_eq!(back.code, 0, "{}", back.text);

    write("the secret canary");
    let updated = update("swarm-secret");
    assert_eq!(updated.code, 0, "{}", updated.text);
    let secrets = names(&site, "secret");
    let hash = imgbuild::Digest::of(b"the secret canary").hex().to_owned();
    assert!(secrets.len() == 1 && !secrets[0].contains(&hash[..8]), "{secrets:?}");
    assert!(!updated.text.contains("canary"), "{}", updated.text);
    assert_eq!(update("swarm-secret").stdout.split(':').next(), Some("already running"));
    assert!(site.inspect()["Spec"]["TaskTemplate"]["ContainerSpec"]["Configs"].as_array().is_none_or(Vec::is_empty));
}
