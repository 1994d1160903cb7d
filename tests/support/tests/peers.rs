//! The peers themselves: the registry, its tokens, the engine and the base do what the end-to-end tests rely on.

use std::time::Duration;

use imgbuild_testkit::peers::{self, Authentication, Engine, Options, Refusal, Registry, TokenRegistry, Unpacked};

/// Pushes the base's arm64 image with skopeo as this user and says whether that was possible.
fn push(registry: &TokenRegistry, user: &str) -> Option<Result<(), String>> {
    let (base, skopeo) = (peers::base()?, peers::require("skopeo")?);
    let mut command = skopeo.command();
    command
        .env("REGISTRY_AUTH_FILE", registry.credentials(user).join("config.json"))
        .args(["--override-arch=arm64", "--override-variant=v8", "copy", "--quiet", "--dest-tls-verify=false"])
        .arg(format!("oci:{}:17", base.display()))
        .arg(format!("docker://{}/team/app:1", registry.address()));
    let output = command.output().unwrap_or_else(|error| panic!("skopeo does not start: {error}"));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(if output.status.success() { Ok(()) } else { Err(said) })
}

#[test]
fn a_writer_pushes_and_the_access_log_counts_the_bytes() {
    let Some(registry) = TokenRegistry::start(Options::default()) else {
        return;
    };
    let Some(pushed) = push(&registry, "writer") else {
        return;
    };
    assert_eq!(pushed, Ok(()));
    let log = registry.proxy().log();
    let sent: u64 = log.iter().filter(|access| access.method == "PATCH").map(|access| access.request_bytes).sum();
    assert!(sent > 50_000_000, "the layers were sent through the proxy: {sent} bytes in {log:#?}");
    assert!(log.iter().any(|access| access.path == "/token" && access.status == 200));
    assert!(log.iter().any(|access| access.method == "PUT" && access.path == "/v2/team/app/manifests/1" && access.status == 201));
}

#[test]
fn a_reader_is_refused_in_every_style() {
    for refusal in [Refusal::FewerActions, Refusal::TokenServer, Refusal::Forbidden] {
        let Some(registry) = TokenRegistry::start(Options { refusal, ..Options::default() }) else {
            return;
        };
        let Some(pushed) = push(&registry, "reader") else {
            return;
        };
        assert!(pushed.is_err(), "{refusal:?}");
        let log = registry.proxy().log();
        let refused = |status, path: &str| log.iter().any(|access| access.status == status && access.path.starts_with(path));
        assert!(
            match refusal {
                Refusal::FewerActions => refused(401, "/v2/team/app/blobs/uploads/"),
                Refusal::TokenServer => refused(401, "/token"),
                Refusal::Forbidden => refused(403, "/v2/team/app/blobs/uploads/"),
            },
            "{refusal:?}: {log:#?}"
        );
    }
}

#[test]
fn a_killed_registry_comes_back_with_its_storage() {
    let Some(mut registry) = TokenRegistry::with_base() else {
        return;
    };
    let Some(crane) = peers::require("crane") else {
        return;
    };
    registry.registry().kill();
    registry.registry().restart();
    let digest = crane
        .command()
        .env("DOCKER_CONFIG", registry.credentials("reader"))
        .args(["digest", &format!("{}/library/amazoncorretto:17", registry.address())])
        .output()
        .unwrap();
    assert!(digest.stdout.starts_with(b"sha256:"), "{digest:?}");
}

#[test]
fn basic_authentication_knows_the_same_users() {
    let Some(registry) = Registry::start(&Authentication::Basic) else {
        return;
    };
    let Some(crane) = peers::require("crane") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (password, status) in [("writepw", true), ("readpw", false)] {
        peers::docker_config(folder.path(), registry.address(), "writer", password);
        let catalog = crane.command().env("DOCKER_CONFIG", folder.path()).args(["catalog", &registry.address().to_string()]).output();
        assert_eq!(catalog.unwrap().status.success(), status, "{password}");
    }
}

#[test]
fn short_lived_tokens_end() {
    // The registry adds a leeway of 60 s, so a token of 1 s outlives this test: only what is promised is read here.
    let Some(registry) = TokenRegistry::start(Options { ttl: Duration::from_secs(1), anonymous_pull: true, ..Options::default() }) else {
        return;
    };
    let answer = peers::http_get(registry.address(), "/token?service=imgbuild-peer&scope=repository:a:pull,push").unwrap();
    assert!(answer.contains("\"expires_in\":1"), "{answer}");
}

#[test]
fn java_of_the_base_runs_on_both_architectures() {
    let Some(registry) = TokenRegistry::with_base() else {
        return;
    };
    let image = format!("{}/library/amazoncorretto:17", registry.address());

    let Some(unpacked) = Unpacked::from(&format!("docker://{image}"), "arm64", Some("reader:readpw")) else {
        return;
    };
    let Some(mut java) = unpacked.command("/usr/bin/java", "/") else { return };
    let version = java.arg("-version").output().unwrap();
    assert!(String::from_utf8_lossy(&version.stderr).contains("OpenJDK"), "{version:?}");

    let Some(engine) = Engine::start() else {
        return;
    };
    engine.login(&registry.address().to_string(), "reader", "readpw");
    engine.run(["pull", "--quiet", &image]);
    let version = engine.command().args(["run", "--rm", "--network=host", &image, "java", "-version"]).output().unwrap();
    assert!(String::from_utf8_lossy(&version.stderr).contains("OpenJDK"), "{version:?}");
}
