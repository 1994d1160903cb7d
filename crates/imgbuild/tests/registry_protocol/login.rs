//! Line 19: login and logout, and what `auth` shows.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use imgbuild::registry::{Client, DockerCredentials, Kind, Secret};
use imgbuild_testkit::registry::{Answer, Denial, Registry, Users, What, When};

use crate::support::{builder, reference, tokens, user};

fn registries() -> [Registry; 3] {
    let basic = Users::new().user("writer", "writepw", &["pull", "push"]);
    [
        Registry::builder().tokens(tokens()).start(),
        Registry::builder().tokens(tokens().refuse_post(405)).start(),
        Registry::builder().basic(basic).start(),
    ]
}

fn client(store: &DockerCredentials) -> Client {
    builder().credentials(store.clone()).build()
}

#[tokio::test]
async fn a_login_is_checked_stored_for_its_owner_alone_and_keeps_every_other_key() {
    for registry in registries() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker/config.json");
        let store = DockerCredentials::from_file(&path);
        let host = registry.host();
        let wrong = client(&store).login(&store, &host, "writer", &Secret::new("canary")).await.unwrap_err();
        assert_eq!(wrong.kind(), Kind::NotAuthorised, "{wrong}");
        assert!(!path.exists() && !format!("{wrong:?}").contains("canary"));

        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let before = r#"{"zebra":[1,2],"auths":{"other.example":{"auth":"dTpw"},"z":{}},"HttpHeaders":{"X":"y"}}"#;
        std::fs::write(&path, before).unwrap();
        client(&store).login(&store, &host, "writer", &Secret::new("writepw")).await.unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(client(&store).head(&reference(&registry, "a/b:1")).await.unwrap(), None);

        assert_eq!(client(&store).logout(&store, &host).await.unwrap(), [path.display().to_string()]);
        let after: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(after.to_string(), before, "keys or their order changed");
        assert!(client(&store).logout(&store, &host).await.unwrap().is_empty());
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "a temporary file was left behind");
    }
}

fn program(folder: &Path, script: &str) -> PathBuf {
    let path = folder.join("docker-credential-test");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn a_configured_program_keeps_the_password_instead_of_the_file() {
    let registry = Registry::builder().tokens(tokens()).start();
    let folder = tempfile::tempdir().unwrap();
    program(folder.path(), &format!("cat > {}/$1", folder.path().display()));
    let path = folder.path().join("config.json");
    std::fs::write(&path, r#"{"credsStore":"test"}"#).unwrap();
    let store = DockerCredentials::from_file(&path).programs_in(folder.path());
    let place = client(&store).login(&store, &registry.host(), "writer", &Secret::new("writepw")).await.unwrap();
    assert!(place.starts_with("credsStore test of "), "{place}");
    let stored: serde_json::Value = serde_json::from_slice(&std::fs::read(folder.path().join("store")).unwrap()).unwrap();
    assert_eq!(stored, serde_json::json!({ "ServerURL": registry.host(), "Username": "writer", "Secret": "writepw" }));
    assert!(!std::fs::read_to_string(&path).unwrap().contains("auth"));
    assert_eq!(client(&store).logout(&store, &registry.host()).await.unwrap(), [place]);
    assert_eq!(std::fs::read_to_string(folder.path().join("erase")).unwrap(), registry.host());
}

#[tokio::test]
async fn a_linked_file_stays_a_link() {
    let registry = Registry::builder().tokens(tokens()).start();
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real.json"), folder.path().join("config.json"));
    std::fs::write(&real, "{}").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let store = DockerCredentials::from_file(&link);
    client(&store).login(&store, &registry.host(), "writer", &Secret::new("writepw")).await.unwrap();
    assert!(link.is_symlink() && std::fs::read_to_string(&real).unwrap().contains("auths"));
}

#[tokio::test]
async fn the_standing_names_source_and_missing_scopes() {
    let registry = Registry::builder().tokens(tokens().denial(Denial::AtTokenServer)).start();
    let standing = user(&registry, "reader", "readpw").build().standing(&reference(&registry, "a/b"), true).await.unwrap();
    assert_eq!(
        (standing.source.as_deref(), standing.user.as_deref(), standing.scheme.as_deref()),
        (Some("the test"), Some("reader"), Some("bearer"))
    );
    assert_eq!((standing.asked, standing.missing), (vec!["repository:a/b:pull,push".to_owned()], vec!["repository:a/b:push".to_owned()]));
    assert!(standing.denied.is_some());
    let standing = user(&registry, "writer", "writepw").build().standing(&reference(&registry, "a/b"), true).await.unwrap();
    assert!(standing.denied.is_none() && standing.missing.is_empty() && standing.expires_in.is_some());
}

#[tokio::test]
async fn a_standing_is_known_by_the_servers_word_by_its_token_or_by_a_try() {
    let claims = |actions: &str| {
        let payload = format!(r#"{{"access":[{{"type":"repository","name":"a/b","actions":{actions}}}]}}"#);
        format!("h.{}.s", BASE64_URL_SAFE_NO_PAD.encode(payload))
    };
    let (all, pull) = ("repository:a/b:pull,push", "repository:a/b:pull");
    for (token, scope, granted, tried) in [
        ("opaque".to_owned(), Some(pull), pull, false),
        ("opaque".to_owned(), Some(all), all, false),
        (claims(r#"["pull"]"#), None, pull, false),
        (claims(r#"["pull","push"]"#), Some(""), all, false),
        ("opaque".to_owned(), Some(""), all, true),
        ("h.?.s".to_owned(), None, all, true),
    ] {
        let registry = Registry::builder().tokens(tokens()).start();
        let mut answer = serde_json::json!({ "token": token, "expires_in": 300 });
        if let Some(scope) = scope {
            answer["scope"] = scope.into();
        }
        registry.inject(When::request("*", "/token").then(What::Answer(Answer::bare(200).body(answer.to_string()))));
        let accepted = Answer::bare(202).header("location", "/v2/a/b/blobs/uploads/1");
        registry.inject(When::request("POST", "/blobs/uploads/").then(What::Answer(accepted)));
        registry.inject(When::request("DELETE", "/blobs/uploads/").answer(204));
        let standing = user(&registry, "writer", "writepw").build().standing(&reference(&registry, "a/b"), true).await.unwrap();
        assert_eq!(standing.granted.as_deref(), Some(&[granted.to_owned()][..]), "{token}");
        assert_eq!(standing.missing.is_empty(), granted == all, "{token}: {:?}", standing.missing);
        assert_eq!(
            (registry.count("POST", "/blobs/"), registry.count("DELETE", "/blobs/")),
            (usize::from(tried), usize::from(tried)),
            "{token}"
        );
        let json = serde_json::to_value(&standing).unwrap();
        assert!(json["expiresInSeconds"].as_u64().is_some_and(|seconds| (280..=290).contains(&seconds)), "{json}");
    }
}

#[tokio::test]
async fn a_standing_without_tokens_is_found_by_a_try() {
    let users = Users::new().user("writer", "writepw", &["pull", "push"]).user("reader", "readpw", &["pull"]);
    let registry = Registry::builder().basic(users).start();
    for (name, password, push, missing) in
        [("writer", "writepw", true, false), ("reader", "readpw", true, true), ("reader", "readpw", false, false)]
    {
        let standing = user(&registry, name, password).build().standing(&reference(&registry, "a/b"), push).await.unwrap();
        assert_eq!((standing.scheme.as_deref(), standing.user.as_deref()), (Some("basic"), Some(name)));
        assert_eq!((standing.denied.is_some(), standing.granted, standing.expires_in), (missing, None, None), "{name} {push}");
        let expected = if missing { vec!["repository:a/b:push".to_owned()] } else { Vec::new() };
        assert_eq!(standing.missing, expected, "{name} {push}");
    }
    assert_eq!(registry.open_uploads(), 0);
    let open = Registry::start();
    let standing = builder().build().standing(&reference(&open, "a/b"), true).await.unwrap();
    assert_eq!((standing.scheme, standing.source, standing.user, standing.denied), (None, None, None, None));
}

#[tokio::test]
async fn a_login_counts_where_the_registry_says_yes_or_only_that_nothing_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    let store = DockerCredentials::from_file(&path);
    let registry = Registry::builder().tokens(tokens()).start();
    let login = || async { client(&store).login(&store, &registry.host(), "writer", &Secret::new("writepw")).await };
    for status in [204, 400, 404, 501] {
        registry.clear_faults();
        registry.inject(When::request("GET", "/v2/").authorized().then(What::Answer(Answer::bare(status))));
        let stored = login().await;
        assert_eq!((stored.is_ok(), path.exists()), (status == 204, status == 204), "{status}: {stored:?}");
        let _ = std::fs::remove_file(&path);
    }
    let challenge = format!("Bearer realm=\"{}/token\",service=\"registry.test\",error=\"insufficient_scope\"", registry.url());
    registry.clear_faults();
    registry.inject(When::request("GET", "/v2/").authorized().then(What::Answer(Answer::bare(401).header("www-authenticate", &challenge))));
    std::fs::write(&path, r#"{"auths":null}"#).unwrap();
    assert_eq!(login().await.unwrap(), path.display().to_string());
    assert!(std::fs::read_to_string(&path).unwrap().contains(&registry.host()));
}

#[tokio::test]
async fn a_login_that_could_not_be_used_is_refused_before_it_is_sent() {
    let registry = Registry::builder().tokens(tokens()).start();
    let folder = tempfile::tempdir().unwrap();
    let store = DockerCredentials::from_file(folder.path().join("new/config.json"));
    for (user, password) in [("writer:x", "writepw"), ("", "writepw"), ("wri\nter", "writepw"), ("writer", "")] {
        let error = client(&store).login(&store, &registry.host(), user, &Secret::new(password)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Input, "{error}");
    }
    assert!(registry.requests().is_empty() && !folder.path().join("new").exists());
    client(&store).login(&store, &registry.host(), "writer", &Secret::new("writepw")).await.unwrap();
    let mode = std::fs::metadata(folder.path().join("new")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "the folder that was made for it is its owner's alone");
}
