//! Line 26: no secret is shown anywhere.

use std::sync::{Mutex, Once};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use imgbuild::registry::{Credential, DockerCredentials, Proxies, Secret};
use imgbuild_testkit::registry::{Answer, Denial, Registry, Tls, Tokens, Users, What, When};

use crate::support::{Ears, builder, image, layer, noise, push, reference, with};

const CANARY: &str = "Canary/7f3+b=91";

static LOGGED: Mutex<String> = Mutex::new(String::new());

/// Hears everything that any crate logs at any level, through `log` and through `tracing`.
struct Everything;

impl log::Log for Everything {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        let mut logged = LOGGED.lock().unwrap();
        *logged += &[record.target(), " ", &record.args().to_string(), "\n"].concat();
    }

    fn flush(&self) {}
}

impl std::io::Write for Everything {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Everything).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(|| Everything).init();
    });
}

fn logged() -> String {
    LOGGED.lock().unwrap().clone()
}

fn assert_clean(what: &str, text: &str) {
    let forms = [
        CANARY.to_owned(),
        BASE64_STANDARD.encode(CANARY),
        BASE64_STANDARD.encode(format!("user:{CANARY}")),
        url::form_urlencoded::byte_serialize(CANARY.as_bytes()).collect(),
    ];
    for form in forms {
        if let Some(at) = text.find(&form) {
            let around: String = text[at.saturating_sub(200)..].chars().take(400).collect();
            panic!("{what} shows the canary: {around}");
        }
    }
}

#[tokio::test]
async fn a_canary_is_in_no_log_no_error_and_no_event() {
    listen();
    let folder = tempfile::tempdir().unwrap();
    let tokens = || Tokens::new().user("user", CANARY, &["pull", "push"]).refresh_token(CANARY, "user");
    let registries = [
        Registry::builder().tokens(tokens()).start(),
        Registry::builder().tokens(tokens().refuse_post(405)).start(),
        Registry::builder().tokens(Tokens::new().user("user", CANARY, &["pull"]).denial(Denial::AtTokenServer)).start(),
        Registry::builder().basic(Users::new().user("user", CANARY, &["pull", "push"])).start(),
        Registry::builder().basic(Users::new().user("user", "another", &["pull"])).start(),
        Registry::builder().tls(Tls::new()).tokens(tokens()).start(),
    ];
    for registry in registries {
        registry.inject(When::request("PUT", "/blobs/").nth(1).then(What::Reset));
        registry.inject(When::request("HEAD", "/blobs/").nth(2).answer(503));
        for credential in [
            Credential::Password { user: "user".to_owned(), password: Secret::new(CANARY) },
            Credential::IdentityToken(Secret::new(CANARY)),
        ] {
            let ears = Ears::default();
            let mut builder = with(&registry, credential.clone()).events(ears.events());
            if let Some(pem) = registry.authority_pem() {
                let path = folder.path().join("ca.pem");
                std::fs::write(&path, pem).unwrap();
                builder = builder.ca_file(path);
            }
            let client = builder.build();
            let pusher = client.pusher(&reference(&registry, "a/b"));
            let result = push(&pusher, &image(1_000), "1").await;
            let standing = client.standing(&reference(&registry, "a/b"), true).await;
            pusher.close().await;
            let shown = match &result {
                Ok(tagged) => format!("{tagged:?}"),
                Err(error) => format!("{error} {error:?} {:?}", error.hint()),
            };
            assert_clean("the result", &shown);
            assert_clean("the standing", &format!("{standing:?} {client:?} {pusher:?} {credential:?}"));
            assert_clean("an event", &format!("{:?} {}", ears.heard(), serde_json::to_string(&ears.heard()).unwrap()));
        }
    }
    let logged = logged();
    assert!(logged.contains("h2") && logged.contains("reqwest"), "the logs were not heard: {} bytes", logged.len());
    assert_clean("a log", &logged);
}

#[tokio::test]
async fn a_signed_url_is_shown_without_its_query() {
    let registry = Registry::builder().storage().fault(When::request("GET", "/blobs/").then(What::RedirectToStorage)).start();
    registry.inject_into_storage(When::request("GET", "*").answer(403));
    let client = builder().build();
    let error =
        client.blob(&reference(&registry, "a/b"), layer(noise(10, 1)).descriptor().clone()).read(100).await.unwrap_err().to_string();
    assert!(!error.contains('?') && !error.contains("signature"), "{error}");
}

#[tokio::test]
async fn damaged_credentials_and_proxies_do_not_show_what_they_hold() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.json");
    std::fs::write(&path, format!(r#"{{"auths":{{"r.example":{{"auth":"{CANARY}!"}}}}"#)).unwrap();
    let error = builder().credentials(DockerCredentials::from_file(&path)).build().head(&"r.example/a".parse().unwrap()).await.unwrap_err();
    assert_clean("the error", &format!("{error} {error:?}"));
    let encoded: String = url::form_urlencoded::byte_serialize(CANARY.as_bytes()).collect();
    let proxies = Proxies::new(Some(&format!("http://user:{encoded}@127.0.0.1:1")), None, "");
    assert_clean("the proxies", &format!("{proxies:?}"));
    let client = builder().proxies(proxies).insecure("r.example").retry(crate::support::quick().attempts(1)).build();
    let error = client.head(&"r.example:80/a".parse().unwrap()).await.unwrap_err();
    assert_clean("the proxy's error", &format!("{error} {error:?} {:?}", error.hint()));
}

#[tokio::test]
async fn what_docker_hubs_limit_leaves_is_in_the_log() {
    listen();
    let registry = Registry::start();
    registry.inject(When::request("HEAD", "*").then(What::WithHeader("ratelimit-remaining".to_owned(), "7654321;w=21600".to_owned())));
    builder().build().head(&reference(&registry, "a/b:1")).await.unwrap();
    let logged = logged();
    assert!(logged.lines().any(|line| line.contains("INFO") && line.contains("7654321;w=21600 pulls remain")));
}

#[tokio::test]
async fn a_server_that_says_the_password_back_is_not_quoted() {
    let encoded = BASE64_STANDARD.encode(format!("user:{CANARY}"));
    let json = serde_json::json!({ "errors": [{ "code": "UNAUTHORIZED", "message": format!("no {CANARY}, no {encoded}") }] }).to_string();
    let plain = format!("{}Authorization: Basic {encoded}", "x".repeat(150));
    for (media_type, body) in [("application/json", json), ("text/plain", plain)] {
        let tokens = Registry::builder().tokens(Tokens::new().user("user", "another", &["pull"])).start();
        let basic = Registry::builder().basic(Users::new().user("user", CANARY, &["pull", "push"])).start();
        for registry in [tokens, basic] {
            let said =
                Answer::bare(403).header("content-type", media_type).header("warning", &format!("299 - \"{encoded}\"")).body(body.clone());
            registry.inject(When::request("*", "/token").then(What::Answer(said.clone())));
            registry.inject(When::request("HEAD", "/manifests/").authorized().then(What::Answer(said.clone())));
            registry.inject(When::request("POST", "/blobs/uploads/").authorized().then(What::Answer(said)));
            let credential = Credential::Password { user: "user".to_owned(), password: Secret::new(CANARY) };
            let ears = Ears::default();
            let client = with(&registry, credential).events(ears.events()).build();
            for error in [
                client.head(&reference(&registry, "a/b:1")).await.unwrap_err(),
                client.pusher(&reference(&registry, "a/b")).prove_by_session().await.unwrap_err(),
            ] {
                assert_clean("the error", &format!("{error} {error:?}"));
                assert!(error.to_string().contains("403"), "{error}");
            }
            assert_clean("an event", &format!("{:?}", ears.heard()));
        }
    }
}
