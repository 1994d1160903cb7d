//! What a refusal says of our credentials, and how often they are shown.

use imgbuild::registry::{Anonymous, Credential, Error, Secret, Why};
use imgbuild_testkit::registry::{Answer, Denial, Registry, Tokens, Users, What, When};

use crate::support::{blob_error, builder, noise, reference, remote, tokens, user, with, writer};

fn authorised(registry: &Registry) -> usize {
    registry.requests().iter().filter(|entry| !entry.is("*", "/token") && entry.header("authorization").is_some()).count()
}

fn why(error: &Error) -> Why {
    let Error::Denied(denied) = error else { panic!("{error:?}") };
    denied.why
}

/// A 401 with this challenge.
fn challenge(header: &str) -> What {
    What::Answer(Answer::status(401).header("www-authenticate", header))
}

fn bearer(registry: &Registry, more: &str) -> What {
    challenge(&format!("Bearer realm=\"{}/token\",service=\"registry.test\"{more}", registry.url()))
}

#[tokio::test]
async fn a_registry_token_is_sent_as_it_is() {
    let registry = Registry::start();
    with(&registry, Credential::RegistryToken(Secret::new("opaque"))).build().head(&reference(&registry, "a/b:1")).await.unwrap();
    assert_eq!(registry.requests().last().unwrap().header("authorization"), Some("Bearer opaque"));
}

#[tokio::test]
async fn what_a_registry_refuses_is_not_shown_to_it_twice() {
    let basic = || Registry::builder().basic(Users::new().user("writer", "writepw", &["pull"])).start();
    let password = Credential::Password { user: "writer".to_owned(), password: Secret::new("wrong") };
    let token = Credential::RegistryToken(Secret::new("wrong"));
    for (registry, credential) in [(basic(), password), (basic(), token.clone()), (Registry::builder().tokens(tokens()).start(), token)] {
        let error = with(&registry, credential).build().head(&reference(&registry, "a/b:1")).await.unwrap_err();
        assert_eq!((why(&error), authorised(&registry)), (Why::WrongCredentials, 1), "{error}");
    }
}

#[tokio::test]
async fn a_registry_that_takes_no_token_is_shown_two() {
    let registry = Registry::builder().tokens(tokens()).start();
    registry.inject(When::request("HEAD", "*").times(10).then(bearer(&registry, ",error=\"invalid_token\"")));
    let error = writer(&registry).head(&reference(&registry, "a/b:1")).await.unwrap_err();
    assert_eq!(why(&error), Why::MissingScope, "{error}");
    assert_eq!((registry.count("HEAD", "*"), registry.token_requests().len()), (3, 2));
}

#[tokio::test]
async fn a_token_is_used_until_it_is_refused() {
    let registry = Registry::builder().tokens(tokens()).start();
    let client = writer(&registry);
    for _ in 0..3 {
        client.head(&reference(&registry, "a/b:1")).await.unwrap();
    }
    assert_eq!(registry.token_requests().len(), 1);
    // A token that was held already may have become too weak since; one that was just granted did not.
    registry.inject(When::request("HEAD", "*").nth(1).then(bearer(&registry, ",error=\"insufficient_scope\"")));
    client.head(&reference(&registry, "a/b:1")).await.unwrap();
    assert_eq!(registry.token_requests().len(), 2);
}

#[tokio::test]
async fn credentials_that_were_good_once_lack_a_permission() {
    // A token that the registry itself takes none of says nothing against the password it was given for.
    let registry = Registry::builder().tokens(tokens()).start();
    registry.inject(When::request("*", "/v2/").then(bearer(&registry, "")));
    let unlabelled = writer(&registry).head(&reference(&registry, "a/b:1")).await.unwrap_err();
    assert_eq!(why(&unlabelled), Why::MissingScope);

    let basic = Registry::builder().basic(Users::new().user("writer", "writepw", &["pull", "push"])).start();
    let client = writer(&basic);
    client.head(&reference(&basic, "a/b:1")).await.unwrap();
    basic.inject(When::request("POST", "*").then(challenge("Basic realm=\"r\"")));
    let later = client.pusher(&reference(&basic, "a/b")).prove_by_session().await.unwrap_err();
    assert_eq!(why(&later), Why::MissingScope, "the registry took them before");
    let first = writer(&basic).pusher(&reference(&basic, "a/b")).prove_by_session().await.unwrap_err();
    assert_eq!(why(&first), Why::WrongCredentials);
    basic.clear_faults();
    basic.inject(When::request("POST", "*").then(challenge("Basic realm=\"r\",error=\"insufficient_scope\"")));
    let labelled = writer(&basic).pusher(&reference(&basic, "a/b")).prove_by_session().await.unwrap_err();
    assert!(why(&labelled) == Why::MissingScope && labelled.to_string().contains("401 insufficient_scope"), "{labelled}");
    basic.clear_faults();
    basic.inject(When::request("POST", "*").then(challenge("Basic realm=\"r\",error=\"\"")));
    let empty = writer(&basic).pusher(&reference(&basic, "a/b")).prove_by_session().await.unwrap_err();
    assert!(empty.to_string().contains("401 UNAUTHORIZED"), "{empty}");
}

#[tokio::test]
async fn a_stranger_who_may_only_pull_is_told_to_log_in() {
    let settings = Tokens::new().anonymous("*", &["pull"]).denial(Denial::AtTokenServer);
    let registry = Registry::builder().tokens(settings).start();
    let client = builder().credentials(Anonymous).build();
    client.head(&reference(&registry, "a/b:1")).await.unwrap();
    let error = client.pusher(&reference(&registry, "a/b")).prove_by_session().await.unwrap_err();
    assert_eq!(why(&error), Why::NoCredentials, "{error}");
}

#[tokio::test]
async fn only_a_400_without_a_challenge_says_that_a_token_has_expired() {
    let registry = Registry::builder().basic(Users::new().user("AWS", "x", &["pull"])).start();
    let said = |status: u16| Answer::error(status, "Your authorization token has expired.");
    for (answer, expired) in [(said(400), true), (said(400).header("www-authenticate", "Basic realm=\"r\""), false), (said(410), false)] {
        registry.clear_faults();
        registry.inject(When::request("GET", "/blobs/").then(What::Answer(answer)));
        let blob = remote(&user(&registry, "AWS", "x").build(), &registry, "a/b", &noise(10, 1));
        let error = blob_error(blob.read(100).await.unwrap_err());
        assert_eq!(matches!(&error, Error::Denied(denied) if denied.why == Why::ExpiredToken), expired, "{error}");
        assert_eq!(matches!(error, Error::Status { .. }), !expired, "{error}");
    }
}

#[tokio::test]
async fn a_service_is_named_to_the_token_server_where_the_challenge_names_one() {
    for (named, asked) in [("registry.test", Some("registry.test".to_owned())), ("", None)] {
        let registry = Registry::builder().tokens(tokens().service(named).refuse_post(405)).start();
        assert_eq!(writer(&registry).head(&reference(&registry, "a/b:1")).await.unwrap(), None);
        assert_eq!(registry.token_requests().last().unwrap().service, asked);
    }
}
