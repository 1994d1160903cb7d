//! Who may pull from a repository.

use std::net::IpAddr;

use imgbuild::registry::{Client, Proxies, Visibility};
use imgbuild_testkit::registry::{Denial, Proxy, Registry, Users, When};

use crate::support::{builder, image, reference, tokens, user, writer};

const HERE: Visibility = Visibility::Public { private_network: true };

/// Two repositories with a tag: `open/app`, and `closed/app`.
fn filled(start: imgbuild_testkit::registry::Builder) -> Registry {
    let registry = start.start();
    let image = image(10);
    for repository in ["open/app", "closed/app"] {
        registry.put_manifest(repository, image.index.0.media_type.as_str(), image.index.1.clone());
        registry.tag(repository, "latest", image.index.0.digest.as_str());
    }
    registry
}

async fn seen(client: &Client, registry: &Registry, name: &str) -> Visibility {
    client.visibility(&reference(registry, name)).await
}

#[tokio::test]
async fn what_a_registry_shows_to_strangers_is_public_and_what_it_shows_to_us_is_private() {
    for denial in [Denial::AtTokenServer, Denial::InsufficientScope] {
        let registry = filled(Registry::builder().tokens(tokens().anonymous("open/*", &["pull"]).denial(denial)));
        let (stranger, known) = (builder().build(), writer(&registry));
        for (name, to_strangers, to_us) in [
            ("open/app", HERE, HERE),
            ("closed/app", Visibility::Private, Visibility::Private),
            ("open/none", Visibility::Missing, Visibility::Missing),
            ("closed/none", Visibility::Private, Visibility::Missing),
        ] {
            assert_eq!(seen(&stranger, &registry, name).await, to_strangers, "{name} {denial:?}");
            assert_eq!(seen(&known, &registry, name).await, to_us, "{name} {denial:?}");
        }
        assert!(registry.requests().iter().all(|entry| matches!(entry.method.as_str(), "GET" | "HEAD" | "POST")));
        assert_eq!(registry.count("GET", "/manifests/") + registry.count("POST", "/v2/"), 0, "nothing is pulled or written");
    }
}

#[tokio::test]
async fn a_registry_without_any_question_is_open_even_for_what_is_not_there_yet() {
    let registry = filled(Registry::builder());
    for name in ["open/app", "none/app"] {
        assert_eq!(seen(&builder().build(), &registry, name).await, HERE, "{name}");
    }
    let basic = filled(Registry::builder().basic(Users::new().user("writer", "writepw", &["pull"])));
    assert_eq!(seen(&writer(&basic), &basic, "open/app").await, Visibility::Private);
}

#[tokio::test]
async fn where_lists_are_not_for_everybody_a_manifest_is_asked_for() {
    let registry = filled(Registry::builder().tokens(tokens().anonymous("open/*", &["pull"])));
    registry.inject(When::request("GET", "/tags/list").authorized().answer(403));
    let client = user(&registry, "reader", "readpw").build();
    assert_eq!(seen(&client, &registry, "open/app").await, HERE);
    let asked = registry.log().matching("HEAD", "/manifests/latest");
    assert!(!asked.is_empty() && asked.iter().all(|entry| entry.header("accept").is_some_and(|accept| accept.contains("oci.image.index"))));
    assert!(registry.log().matching("GET", "/tags/list").iter().all(|entry| entry.header("accept").is_none_or(|accept| accept == "*/*")));
    assert_eq!(seen(&client, &registry, "open/app:2").await, Visibility::Private, "neither lists nor this tag are shown");
    assert_eq!(registry.count("HEAD", "/manifests/2"), 1);
}

#[tokio::test]
async fn a_registry_that_fails_leaves_it_open() {
    for path in ["/tags/list", "/manifests/"] {
        let registry = filled(Registry::builder().tokens(tokens().anonymous("open/*", &["pull"])));
        registry.inject(When::request("*", path).authorized().answer(503));
        registry.inject(When::request("GET", "/tags/list").authorized().answer(403));
        let Visibility::Unknown(reason) = seen(&builder().build(), &registry, "open/app").await else { panic!("{path}") };
        assert!(reason.contains("503"), "{reason}");
        let tried = registry.log().matching("*", path).iter().filter(|entry| entry.status == Some(503)).count();
        assert_eq!(tried, 2, "{path}: a question that is worth no long wait");
    }
}

#[tokio::test]
async fn behind_a_proxy_nobody_knows_where_a_registry_stands() {
    let registry = filled(Registry::builder());
    let host = format!("registry.example:{}", registry.address().port());
    let proxy = Proxy::builder().resolve(&host, registry.address()).start();
    let proxies = Proxies::new(Some(&proxy.url()), Some(&proxy.url()), "");
    let target = format!("{host}/open/app:1").parse().unwrap();
    let through = builder().insecure(&host).proxies(proxies).build();
    assert_eq!(through.visibility(&target).await, Visibility::Public { private_network: false });
    let direct = builder().insecure(&host).resolve("registry.example", IpAddr::from([127, 0, 0, 1])).build();
    assert_eq!(direct.visibility(&target).await, HERE);
}
