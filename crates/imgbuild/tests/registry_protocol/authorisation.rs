//! Lines 13 to 20: authorisation.

use std::time::{Duration, Instant};

use imgbuild::event::Outcome;
use imgbuild::registry::{Anonymous, Credential, Error, Kind, Lookup, Secret, Tagged, Why};
use imgbuild_testkit::registry::{Answer, Denial, Registry, TokenField, Tokens, Users, What, When};

use crate::support::{builder, image, layer, noise, push, reference, remote, sent_no_bytes, tokens, user, with, writer};

#[tokio::test]
async fn a_token_server_that_knows_no_post_is_asked_with_get() {
    for status in [400, 401, 404, 405] {
        let registry = Registry::builder().tokens(tokens().refuse_post(status)).start();
        let pusher = writer(&registry).pusher(&reference(&registry, "a/b"));
        assert_eq!(push(&pusher, &image(100), "1").await.unwrap(), Tagged::Moved, "{status}");
        assert_eq!(registry.count("POST", "/token"), 1, "{status}: asked again and again");
    }
}

#[tokio::test]
async fn an_identity_token_is_posted_and_never_put_into_a_url() {
    let settings = tokens().refresh_token("canary", "writer");
    let registry = Registry::builder().tokens(settings.clone()).start();
    let credential = Credential::IdentityToken(Secret::new("canary"));
    let pusher = with(&registry, credential.clone()).build().pusher(&reference(&registry, "a/b"));
    assert_eq!(push(&pusher, &image(100), "1").await.unwrap(), Tagged::Moved);
    assert_eq!(registry.count("GET", "/token"), 0);

    let registry = Registry::builder().tokens(settings.refuse_post(405)).start();
    let client = with(&registry, credential).build();
    let error = client.head(&reference(&registry, "a/b:1")).await.unwrap_err();
    assert_eq!((error.status(), registry.count("GET", "/token")), (Some(405), 0), "{error}");
}

#[tokio::test]
async fn scopes_are_repeated_in_a_get_and_joined_in_a_post() {
    for (refused, method) in [(Some(405), "GET"), (None, "POST")] {
        let settings = refused.into_iter().fold(tokens(), Tokens::refuse_post);
        let registry = Registry::builder().tokens(settings).start();
        let client = writer(&registry);
        let blob = remote(&client, &registry, "library/base", &noise(10, 1));
        client.pusher(&reference(&registry, "a/b")).push_blob(&blob).await.unwrap();
        let asked = registry.token_requests().into_iter().rfind(|request| request.method == method && request.issued).unwrap();
        assert_eq!(asked.scopes, ["repository:a/b:pull,push", "repository:library/base:pull"], "{method}");
        if method == "GET" {
            let path = registry.log().matching("GET", "/token").last().unwrap().path.clone();
            assert_eq!(path.matches("scope=").count(), 2, "{path}");
        }
    }
}

#[tokio::test]
async fn a_bearer_challenge_beside_others_is_taken() {
    for other in ["Basic realm=\"b\"", "Negotiate", "nEgOtIaTe, bAsIc rEaLm=\"\"", "Basic realm=\"unterminated"] {
        let registry = Registry::builder().tokens(tokens().extra_challenge(other)).start();
        let found = writer(&registry).head(&reference(&registry, "a/b:1")).await;
        assert_eq!(found.unwrap(), None, "{other}");
    }
}

#[tokio::test]
async fn a_token_may_come_in_either_field_and_without_lifetime() {
    for field in [TokenField::Token, TokenField::AccessToken, TokenField::Both] {
        let registry = Registry::builder().tokens(tokens().field(field).expires_in(None)).start();
        assert_eq!(writer(&registry).head(&reference(&registry, "a/b:1")).await.unwrap(), None, "{field:?}");
    }
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_renewed_once_and_the_push_goes_on() {
    let registry = Registry::builder().tokens(tokens().requests_per_token(2)).start();
    let pusher = writer(&registry).pusher(&reference(&registry, "a/b"));
    let image = image(200_000);
    assert_eq!(push(&pusher, &image, "1").await.unwrap(), Tagged::Moved);

    let registry = Registry::builder().tokens(tokens().lifetime(Duration::from_millis(100)).expires_in(Some(300))).start();
    let pusher = writer(&registry).pusher(&reference(&registry, "a/b"));
    assert_eq!(push(&pusher, &image, "1").await.unwrap(), Tagged::Moved);
}

#[tokio::test]
async fn a_401_in_an_upload_renews_the_token_and_goes_on_with_the_same_session() {
    let registry = Registry::builder().tokens(tokens()).fault(When::request("PUT", "/blobs/uploads/").nth(1).answer(401)).start();
    registry.clear_faults();
    let challenge = format!("Bearer realm=\"{}/token\",service=\"registry.test\",error=\"invalid_token\"", registry.url());
    registry.inject(
        When::request("PUT", "/blobs/uploads/").nth(1).then(What::Answer(Answer::bare(401).header("www-authenticate", &challenge))),
    );
    let blob = layer(noise(300_000, 1));
    assert_eq!(writer(&registry).pusher(&reference(&registry, "a/b")).push_blob(&blob).await.unwrap(), Outcome::Sent);
    assert_eq!((registry.count("POST", "/blobs/uploads/"), registry.count("PUT", "/blobs/uploads/")), (1, 2));
}

#[tokio::test]
async fn a_pull_asks_for_pull_alone() {
    let registry = Registry::builder().tokens(tokens().denial(Denial::AtTokenServer)).start();
    let client = user(&registry, "reader", "readpw").build();
    let blob = remote(&client, &registry, "a/b", &noise(10, 1));
    blob.read(100).await.unwrap();
    assert!(registry.token_requests().iter().all(|request| request.scopes == ["repository:a/b:pull"]));
}

#[tokio::test]
async fn a_mount_that_is_refused_becomes_an_upload_and_no_denial() {
    for denial in [Denial::AtTokenServer, Denial::InsufficientScope, Denial::Forbidden] {
        let users = Tokens::new().user_on("writer", "writepw", "a/*", &["pull", "push"]).denial(denial);
        let registry = Registry::builder().tokens(users).start();
        let client = writer(&registry);
        let bytes = noise(1_000, 1);
        let source = imgbuild_source(&client, &registry, &bytes);
        let outcome = client.pusher(&reference(&registry, "a/b")).push_blob(&source).await;
        assert_eq!(outcome.unwrap(), Outcome::Sent, "{denial:?}");
    }
}

/// A blob in memory that says that another repository has it.
fn imgbuild_source(client: &imgbuild::registry::Client, registry: &Registry, bytes: &bytes::Bytes) -> imgbuild::blob::Blob {
    use imgbuild::blob::{Blob, BoxFuture, MemorySource, Reader, Source};
    use imgbuild::oci::{Descriptor, Reference};
    struct Elsewhere(MemorySource, Reference);
    impl Source for Elsewhere {
        fn open<'a>(&'a self, descriptor: &'a Descriptor) -> BoxFuture<'a, Result<Reader, imgbuild::blob::Error>> {
            self.0.open(descriptor)
        }
        fn place(&self) -> String {
            "memory".to_owned()
        }
        fn repository(&self) -> Option<&Reference> {
            Some(&self.1)
        }
    }
    let remote = remote(client, registry, "library/base", bytes);
    Blob::new(remote.descriptor().clone(), Elsewhere(MemorySource(bytes.clone()), reference(registry, "library/base")))
}

#[tokio::test]
async fn nothing_is_mounted_between_different_credentials() {
    struct ByPath(String);
    impl imgbuild::registry::Credentials for ByPath {
        fn find<'a>(
            &'a self,
            domain: &'a str,
            path: &'a str,
        ) -> imgbuild::blob::BoxFuture<'a, Result<Lookup, imgbuild::registry::CredentialsError>> {
            Box::pin(async move {
                assert_eq!(domain, self.0);
                let (user, password) = if path.starts_with("a/") { ("writer", "writepw") } else { ("reader", "readpw") };
                let credential = Credential::Password { user: user.to_owned(), password: Secret::new(password) };
                let found = imgbuild::registry::Found { credential, source: "the test".to_owned() };
                Ok(Lookup { found: Some(found), looked: Vec::new() })
            })
        }
    }
    let registry = Registry::builder().tokens(tokens()).start();
    let client = builder().credentials(ByPath(registry.host())).build();
    let blob = remote(&client, &registry, "library/base", &noise(1_000, 1));
    assert_eq!(client.pusher(&reference(&registry, "a/b")).push_blob(&blob).await.unwrap(), Outcome::Sent);
    assert_eq!(registry.count("POST", "mount="), 0);
}

#[tokio::test]
async fn a_reader_is_told_before_anything_is_sent() {
    let by_token = [Denial::AtTokenServer, Denial::InsufficientScope, Denial::Forbidden]
        .map(|denial| Registry::builder().tokens(tokens().denial(denial)).start());
    let basic = Registry::builder().basic(Users::new().user("reader", "readpw", &["pull"])).start();
    for registry in by_token.into_iter().chain([basic]) {
        let started = Instant::now();
        let client = user(&registry, "reader", "readpw").build();
        let bytes = noise(1_000, 1);
        let base = remote(&client, &registry, "library/base", &bytes);
        let pusher = client.pusher(&reference(&registry, "koin/api"));
        for error in [pusher.prove(&base).await.unwrap_err(), pusher.prove_by_session().await.unwrap_err()] {
            let Error::Denied(denied) = &error else { panic!("{error}") };
            assert_eq!(
                (denied.why, denied.credential.as_deref(), error.kind()),
                (Why::MissingScope, Some("the test"), Kind::NotAuthorised),
                "{error}"
            );
            assert_eq!(denied.missing, ["repository:koin/api:push"], "{error}");
            let hint = error.hint().unwrap();
            let host = registry.host();
            assert!(
                hint.starts_with(&format!(
                    "the credentials for `{host}` (from the test) may pull but not push; use an access token with write permission:"
                )),
                "{hint}"
            );
        }
        assert!(started.elapsed() < Duration::from_secs(2) && sent_no_bytes(&registry));
    }
}

#[tokio::test]
async fn a_denial_reads_as_the_design_says() {
    let registry = Registry::builder().tokens(tokens()).start();
    let client = user(&registry, "reader", "readpw").build();
    let error = client.pusher(&reference(&registry, "koin/api")).prove_by_session().await.unwrap_err();
    let start = format!("POST {}/v2/koin/api/blobs/uploads/: 401 insufficient_scope", registry.url());
    assert!(error.to_string().starts_with(&start), "{error}");
    let hint = error.hint().unwrap();
    assert!(hint.ends_with(&format!("\n      echo $TOKEN | imgbuild login {} -u USER --password-stdin", registry.host())), "{hint}");
    // A token that was just granted and is not enough is not asked for again.
    assert_eq!(registry.token_requests().len(), 1);
}

#[tokio::test]
async fn an_unchanged_target_needs_only_pull() {
    let registry = Registry::builder().tokens(tokens().denial(Denial::AtTokenServer)).start();
    let image = image(1_000);
    push(&writer(&registry).pusher(&reference(&registry, "a/b")), &image, "1").await.unwrap();
    let reader = user(&registry, "reader", "readpw").build();
    assert_eq!(push(&reader.pusher(&reference(&registry, "a/b")), &image, "1").await.unwrap(), Tagged::Unchanged);
}

#[tokio::test]
async fn wrong_and_missing_credentials_are_told_apart() {
    for registry in [
        Registry::builder().tokens(tokens()).start(),
        Registry::builder().basic(Users::new().user("writer", "writepw", &["pull", "push"])).start(),
    ] {
        let wrong = user(&registry, "writer", "canary").build().pusher(&reference(&registry, "a/b")).prove_by_session().await.unwrap_err();
        let none = builder().credentials(Anonymous).build().pusher(&reference(&registry, "a/b")).prove_by_session().await.unwrap_err();
        for (error, why) in [(wrong, Why::WrongCredentials), (none, Why::NoCredentials)] {
            let Error::Denied(denied) = &error else { panic!("{error}") };
            assert_eq!(denied.why, why, "{error}");
            assert!(!format!("{error} {error:?} {:?}", error.hint()).contains("canary"));
        }
    }
}

#[tokio::test]
async fn an_expired_ecr_token_is_named() {
    let expired = |status: u16, body: &str| What::Answer(Answer::bare(status).header("content-type", "application/json").body(body));
    for fault in [
        expired(403, r#"{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}"#),
        expired(400, r#"{"errors":[{"code":"DENIED","message":"Your Authorization Token is invalid."}]}"#),
    ] {
        let registry = Registry::builder().basic(Users::new().user("AWS", "x", &["pull", "push"])).start();
        registry.inject(When::request("*", "/blobs/uploads/").then(fault));
        let error = user(&registry, "AWS", "x").build().pusher(&reference(&registry, "a/b")).prove_by_session().await.unwrap_err();
        let Error::Denied(denied) = &error else { panic!("{error}") };
        assert_eq!(denied.why, Why::ExpiredToken, "{error}");
        assert!(error.hint().unwrap().contains("aws ecr get-login-password"));
    }
}

#[tokio::test]
async fn a_token_servers_answer_is_bounded() {
    let registry = Registry::builder().tokens(tokens()).start();
    let large = Answer::bare(200).header("content-type", "application/json").body(format!("{{\"token\":\"{}\"}}", "x".repeat(64 << 10)));
    registry.inject(When::request("*", "/token").then(What::Answer(large)));
    let error = writer(&registry).head(&reference(&registry, "a/b:1")).await.unwrap_err();
    assert!(error.to_string().contains("more than 65536 bytes"), "{error}");
}

#[tokio::test]
async fn a_token_server_that_answers_nonsense_is_named() {
    for body in ["", "{}", "[]", r#"{"token":""}"#, r#"{"token":7}"#, "<html>"] {
        let registry = Registry::builder().tokens(tokens()).start();
        registry.inject(When::request("*", "/token").then(What::Answer(Answer::bare(200).body(body))));
        let error = writer(&registry).head(&reference(&registry, "a/b:1")).await.unwrap_err();
        assert!(error.to_string().contains("/token") && error.kind() == Kind::Registry, "{body}: {error}");
    }
}
