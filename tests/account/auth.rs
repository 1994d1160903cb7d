//! `auth`: where credentials were looked for, which was chosen, and what it may do.

use imgbuild_testkit::registry::{Denial, Registry, Users};
use serde_json::{Value, json};

use crate::home::{Ended, Home, registry, tokens};

fn home_of(registry: &Registry, user: &str, password: &str) -> Home {
    let home = Home::new();
    let said = home.login(&registry.host(), user, password);
    assert_eq!(said.code, Some(0), "{said:?}");
    home
}

#[test]
fn one_who_may_only_pull_sees_what_is_missing_whatever_the_token_server_says() {
    for denial in [Denial::InsufficientScope, Denial::AtTokenServer] {
        let registry = Registry::builder().tokens(tokens().denial(denial)).start();
        let home = home_of(&registry, "reader", "readpw");
        let reference = format!("{}/koin/api:1", registry.host());
        let said = Ended::of(home.imgbuild().args(["auth", &reference, "--json"]));
        assert_eq!(said.code, Some(4), "{denial:?}: {said:?}");
        let standing: Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(standing["source"], "auths of ~/.docker/config.json");
        assert_eq!((&standing["user"], &standing["scheme"]), (&json!("reader"), &json!("bearer")));
        assert_eq!(standing["asked"], json!(["repository:koin/api:pull,push"]));
        assert_eq!(standing["missing"], json!(["repository:koin/api:push"]), "{denial:?}: {standing}");
        assert!(standing["denied"].is_string(), "{standing}");
        assert_eq!((registry.open_uploads(), registry.count("PUT", "*")), (0, 0));

        let pull = Ended::of(home.imgbuild().args(["auth", &reference, "--pull"]));
        assert_eq!(pull.code, Some(0), "{pull:?}");
        assert!(pull.stdout.contains("wanted      repository:koin/api:pull\n") && !pull.stdout.contains("missing"), "{pull:?}");
    }
}

#[test]
fn the_table_names_every_place_the_credential_and_the_life_of_its_token() {
    let registry = registry();
    let home = home_of(&registry, "writer", "writepw");
    let said = Ended::of(home.imgbuild().args(["auth", &format!("{}/koin/api", registry.host())]));
    assert_eq!(said.code, Some(0), "{said:?}");
    let rows: Vec<(&str, &str)> = said.stdout.lines().map(|line| (line[..11].trim(), line[11..].trim())).collect();
    let row = |name: &str| rows.iter().find(|(row, _)| *row == name).map(|(_, value)| *value);
    assert_eq!(row("repository"), Some(format!("{}/koin/api", registry.host()).as_str()));
    assert_eq!(row("looked at"), Some("auths of ~/.docker/config.json"));
    assert_eq!(row("credential"), Some("`writer` from auths of ~/.docker/config.json"));
    assert_eq!(row("asked by"), Some("bearer"));
    assert_eq!(row("granted"), Some("repository:koin/api:pull,push"), "{rows:?}");
    assert_eq!(registry.open_uploads(), 0, "the session that was tried is still open");
    assert!(row("expires in").is_some_and(|life| life.ends_with(" s")), "{rows:?}");
}

#[test]
fn without_credentials_the_places_that_were_looked_at_are_named() {
    let registry = registry();
    let home = Home::new();
    let said = Ended::of(home.imgbuild().args(["auth", &format!("{}/koin/api", registry.host())]));
    assert_eq!(said.code, Some(4), "{said:?}");
    for part in ["~/.docker/config.json (absent)", "~/.config/containers/auth.json (absent)", "credential  none", "denied"] {
        assert!(said.stdout.contains(part), "`{part}` is missing: {said:?}");
    }
}

#[test]
fn a_wrong_password_for_basic_authentication_is_seen() {
    let registry = Registry::builder().basic(Users::new().user("writer", "writepw", &["pull", "push"])).start();
    let home = home_of(&registry, "writer", "writepw");
    let reference = format!("{}/koin/api", registry.host());
    let right = Ended::of(home.imgbuild().args(["auth", &reference]));
    assert!(right.code == Some(0) && right.stdout.contains("basic"), "{right:?}");
    let wrong =
        Ended::of(home.imgbuild().args(["auth", &reference]).env("DOCKER_AUTH_CONFIG", auths(&registry.host(), "d3JpdGVyOmNhbmFyeQ==")));
    assert_eq!(wrong.code, Some(4), "{wrong:?}");
    assert!(wrong.stdout.contains("auths of DOCKER_AUTH_CONFIG") && !wrong.stdout.contains("canary"), "{wrong:?}");
}

#[test]
fn the_credentials_of_one_run_come_first() {
    let registry = registry();
    let home = home_of(&registry, "reader", "readpw");
    let mut command = home.imgbuild();
    command.args(["auth", &format!("{}/koin/api", registry.host())]);
    let said = Ended::of(command.env("IMGBUILD_REGISTRY_USER", "writer").env("IMGBUILD_REGISTRY_PASSWORD", "writepw"));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("`writer` from IMGBUILD_REGISTRY_USER"), "{said:?}");
    assert!(!home.read_config().to_string().contains("d3JpdGVy"), "it was stored");
}

fn auths(host: &str, auth: &str) -> String {
    json!({ "auths": { host: { "auth": auth } } }).to_string()
}
