//! The push of a real archive through everything that networks and registries do: the same digest, and no blob sent more than needed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeMap;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use imgbuild_testkit::home::Home;
use imgbuild_testkit::peers;
use imgbuild_testkit::registry::{Answer, Builder, Registry, Tokens, What, When};
use serde_json::Value;

use crate::scenario::{GREETING, Scenario, finished, home};
use crate::transfers::Transfers;

/// A registry that has the base, and a home whose cache has the layers already, so that only the push is tried again.
struct Push {
    registry: Registry,
    home: Home,
    jar: std::path::PathBuf,
    base: std::path::PathBuf,
}

impl Push {
    fn start() -> Option<Self> {
        let (jar, base) = (peers::jar("app.jar")?, peers::base()?);
        let home = home();
        home.write_config(GREETING);
        let registry = registry(Registry::builder().tokens(Self::tokens()), &base);
        Some(Self { registry, home, jar, base })
    }

    fn tokens() -> Tokens {
        Tokens::new().user("writer", "writepw", &["pull", "push"])
    }

    /// The same push to a new registry at the same address: the base's name is part of the image.
    fn anew(self, tokens: Tokens) -> Self {
        let Self { registry: old, home, jar, base } = self;
        let builder = Registry::builder().tokens(tokens).listen(old.address());
        drop(old);
        Self { registry: registry(builder, &base), home, jar, base }
    }

    fn run(&self) -> Output {
        let credentials = self.home.folder().join("docker");
        peers::docker_config(&credentials, self.registry.address(), "writer", "writepw");
        let mut command = self.home.command();
        command.env("DOCKER_CONFIG", credentials).arg("build").arg(&self.jar);
        command.arg(format!("--base={}", self.registry.reference("library/amazoncorretto", "17")));
        command.args([
            "--config",
            "application.yml",
            "--push",
            "--metadata-file",
            "m.json",
            "-t",
            &self.registry.reference("koin/api", "1"),
        ]);
        finished(&mut command)
    }

    /// The digest that was pushed, and the size of each blob that was sent.
    fn pushed(&self) -> (String, BTreeMap<String, u64>) {
        let output = self.run();
        let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let digest = said.rsplit_once('@').map(|(_, digest)| digest.to_owned()).unwrap_or_default();
        let stored = self.registry.manifest("koin/api", "1").unwrap_or_else(|| panic!("no tag was pushed"));
        assert_eq!(imgbuild_testkit::registry::sha256(&stored.bytes), digest);
        let metadata: Value = serde_json::from_slice(&std::fs::read(self.home.folder().join("m.json")).unwrap()).unwrap();
        let blobs = metadata["targets"][0]["blobs"].as_array().unwrap().iter();
        let sent = blobs.filter(|blob| blob["outcome"] == "sent" && matches!(blob["role"].as_str(), Some("layer" | "config")));
        let sizes = sent.map(|blob| (blob["digest"].as_str().unwrap().to_owned(), blob["size"].as_u64().unwrap())).collect();
        (digest, sizes)
    }

    /// Every blob was completed once, and the bodies of all uploads have hardly more bytes than the blobs.
    fn assert_sent_once(&self, sizes: &BTreeMap<String, u64>, extra: u64) {
        let uploads: Vec<_> = self.registry.requests().into_iter().filter(|entry| entry.path.contains("/blobs/uploads/")).collect();
        let completed = uploads.iter().filter(|entry| entry.method == "PUT" && entry.status == Some(201)).count();
        assert_eq!(completed, sizes.len(), "{:#?}", self.registry.log().lines());
        let (bytes, needed) = (uploads.iter().map(|entry| entry.bytes_in).sum::<u64>(), sizes.values().sum::<u64>());
        assert!(bytes <= needed + extra, "{bytes} bytes were sent for {needed}: {:#?}", self.registry.log().lines());
        assert_eq!(self.registry.open_uploads(), 0);
    }
}

fn registry(builder: Builder, base: &std::path::Path) -> Registry {
    let registry = builder.start();
    registry.load_layout("library/amazoncorretto", base).unwrap();
    registry.clear_log();
    registry
}

#[test]
fn a_push_survives_resets_limits_and_tokens_of_two_seconds() {
    let Some(mut push) = Push::start() else { return };
    let (digest, sizes) = push.pushed();
    push.assert_sent_once(&sizes, 0);
    let largest = sizes.values().copied().max().unwrap();
    assert!(largest > 10_000_000, "{sizes:?}");

    // Nine resets, each after another tenth of the largest blob: what arrived is not sent again.
    push = push.anew(Push::tokens());
    for method in ["PUT", "PATCH"] {
        push.registry.inject(When::request(method, "/blobs/uploads/").times(9).then(What::ResetRequestAt(largest / 10)));
    }
    assert_eq!(push.pushed().0, digest);
    assert!(push.registry.faults_struck() >= 9, "{} resets", push.registry.faults_struck());
    push.assert_sent_once(&sizes, 0);

    // Every third request is turned away for a second. One that is turned away while it sends may have sent all of it.
    push = push.anew(Push::tokens());
    push.registry.inject(When::request("*", "*").every(3).then(What::Answer(Answer::status(429).retry_after(1))));
    assert_eq!(push.pushed().0, digest);
    let turned_away: u64 = push.registry.requests().iter().filter(|entry| entry.status == Some(429)).map(|entry| entry.bytes_in).sum();
    assert!(push.registry.requests().iter().any(|entry| entry.status == Some(429)));
    push.assert_sent_once(&sizes, turned_away);

    // The upload takes longer than its token lives. The registry looks at a token when a request begins.
    push = push.anew(Push::tokens().lifetime(Duration::from_secs(2)).expires_in(Some(2)));
    let every = Duration::from_millis(20);
    push.registry.inject(When::request("PUT", "/blobs/uploads/").then(What::TrickleRequest { bytes: 400_000, every }));
    let started = Instant::now();
    assert_eq!(push.pushed().0, digest);
    assert!(started.elapsed() > Duration::from_secs(2));
    assert!(push.registry.requests().iter().any(|entry| entry.status == Some(401) && entry.path.contains("/koin/api/")), "no token ended");
    push.assert_sent_once(&sizes, 0);
}

#[test]
fn a_real_registry_that_is_killed_in_the_middle_ends_up_with_all_of_it() {
    let Some(mut scenario) = Scenario::start() else { return };
    let mut command = scenario.command("writer");
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    let is_in_the_middle = |scenario: &Scenario| {
        let log = scenario.registry.proxy().log();
        log.iter().any(|access| access.path.contains("/blobs/uploads/") && access.status == 0 && access.request_bytes > 5_000_000)
    };
    while !is_in_the_middle(&scenario) {
        assert!(began.elapsed() < Duration::from_mins(2), "the upload never came so far");
        std::thread::sleep(Duration::from_millis(2));
    }
    scenario.registry.registry().kill();
    std::thread::sleep(Duration::from_millis(500));
    scenario.registry.registry().restart();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("again"), "a user is told of every new attempt: {said}");

    let digest = String::from_utf8_lossy(&output.stdout).trim().rsplit_once('@').map(|(_, digest)| digest.to_owned()).unwrap();
    let transfers = Transfers::new(scenario.registry.proxy().log());
    let uploaded = transfers.uploaded();
    let distinct: std::collections::BTreeSet<_> = uploaded.iter().collect();
    assert_eq!(distinct.len(), uploaded.len(), "a blob was completed twice: {uploaded:?}");

    // The same once more, to another repository and with nobody who kills.
    std::fs::remove_dir_all(scenario.home.folder().join("cache")).unwrap();
    scenario.registry.proxy().clear_log();
    let calm = format!("{}/koin/calm:1", scenario.registry.address());
    finished(scenario.command("writer").args(["-t", &calm]));
    let metadata: Value = serde_json::from_slice(&std::fs::read(scenario.home.folder().join("m.json")).unwrap()).unwrap();
    assert_eq!(metadata["digest"], digest);
    let needed = Transfers::new(scenario.registry.proxy().log()).bytes();
    let largest = metadata["layers"].as_array().unwrap().iter().filter_map(|layer| layer["size"].as_u64()).max().unwrap();
    let sent = transfers.bytes();
    assert!(sent <= needed + largest, "{sent} bytes were sent, {needed} are needed and at most {largest} were lost");
    let Some(crane) = peers::require("crane") else { return };
    let valid = Command::new(crane.path())
        .env("DOCKER_CONFIG", scenario.registry.credentials("reader"))
        .args(["validate", "--remote", &scenario.target()])
        .output()
        .unwrap();
    assert!(valid.status.success(), "{}", String::from_utf8_lossy(&valid.stderr));
}
