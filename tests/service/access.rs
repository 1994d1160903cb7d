use std::fs;
use std::process::Command;

use imgbuild_testkit::peers::{Authentication, ServerImage};

use crate::site::{Ended, QUICK, SLOTS, Site};

/// Credentials as Docker's client keeps them.
fn credentials(site: &Site, user: &str, password: &str) -> String {
    let login = base64(&format!("{user}:{password}"));
    serde_json::json!({"auths": {site.registry().to_string(): {"auth": login}}}).to_string()
}

fn base64(text: &str) -> String {
    let mut command = Command::new("base64");
    command.arg("--wrap=0").stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), text.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

#[test]
fn nodes_pull_with_the_credentials_that_swarm_is_given() {
    let Some(site) = Site::start(&[std::env::consts::ARCH], &Authentication::Basic) else { return };
    let push = |text: &str, name: &str| site.0.push(&ServerImage::new(text).build().unwrap(), name, Some("writer:writepw")).unwrap();
    let (one, two) = (push("one", "koin/api:1"), push("two", "koin/api:2"));
    let home = site.0.folder().join("home");
    fs::create_dir(home.join("docker")).unwrap();
    fs::write(home.join("docker/config.json"), credentials(&site, "writer", "writepw")).unwrap();
    fs::write(home.join("wrong.json"), credentials(&site, "reader", "canarypw")).unwrap();
    fs::write(home.join("pull.json"), credentials(&site, "reader", "readpw")).unwrap();
    let create = |arguments: &[&str]| site.run(&[&["service", "create", "--name", "web"][..], &SLOTS, &QUICK, arguments, &[&one]].concat());

    // Ours would do, but the nodes do not have them.
    let without = create(&[]);
    assert!(without.code == 4 && without.text.contains("--with-registry-auth"), "{}", without.text);
    let wrong = create(&["--pull-auth-file", "wrong.json"]);
    assert!(wrong.code == 4 && !wrong.text.contains("canarypw"), "{}", wrong.text);
    let created = create(&["--pull-auth-file", "pull.json"]);
    assert_eq!(created.code, 0, "{}", created.text);

    let kept = site.update(&two, &[]);
    assert!(
        kept.code == 0 && kept.text.contains("uses those that the service was given before") || kept.text.contains("given before"),
        "{}",
        kept.text
    );
    let handed = site.update(&one, &["--with-registry-auth"]);
    assert!(handed.code == 0 && handed.text.contains("may push"), "{}", handed.text);
    assert!(!handed.text.contains("writepw"), "{}", handed.text);
}

#[test]
fn a_signal_ends_the_waiting_and_says_that_the_rollout_goes_on() {
    let Some(site) = Site::single() else { return };
    let (one, two) = (site.push(&ServerImage::new("one"), "koin/api:1"), site.push(&ServerImage::new("two"), "koin/api:2"));
    site.create(&one, &[]);
    let mut command = site.imgbuild(&["service", "update", "web", "--image", &two, "--update-delay", "4s"]);
    let child = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(3));
    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let ended = Ended::of(&child.wait_with_output().unwrap());
    assert_eq!(ended.code, 130, "{}", ended.text);
    assert!(ended.text.contains("its rollout goes on"), "{}", ended.text);
    assert_eq!(site.inspect()["UpdateStatus"]["State"], "updating");
}
