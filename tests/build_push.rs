//! Builds that are pushed to the in-memory registry: what is sent, what is not, and what is there afterwards.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use imgbuild::build::Kind;
use imgbuild::event::Outcome;
use imgbuild::oci::Digest;
use imgbuild::recipe::Injected;
use imgbuild::registry::{Anonymous, Client, Credential, Secret, StaticCredentials};
use imgbuild::target::Role;
use imgbuild::{Build, Cache, Recipe, RegistryTarget, Report};
use imgbuild_testkit::fixtures;
use imgbuild_testkit::jar::SpringBoot;
use imgbuild_testkit::registry::{Registry, Tokens, What, When};
use serde_json::Value;

/// A registry that holds the fixture base, with a user who may pull and one who may push.
fn registry() -> Registry {
    let tokens = Tokens::new().user("reader", "readpw", &["pull"]).user("writer", "writepw", &["pull", "push"]);
    let registry = Registry::builder().tokens(tokens).start();
    registry.load_layout("library/amazoncorretto", fixtures::path("base")).unwrap();
    registry.clear_log();
    registry
}

fn client(registry: &Registry, user: &str, password: &str) -> Client {
    let credential = Credential::Password { user: user.to_owned(), password: Secret::new(password) };
    let credentials = StaticCredentials::new(&registry.host(), credential, "the test", Anonymous);
    Client::builder().credentials(credentials).build()
}

fn recipe(registry: &Registry, config: &Path) -> Recipe {
    let mut recipe = Recipe::default();
    recipe.base = registry.reference("library/amazoncorretto", "17").parse().unwrap();
    let destination = "/app/config/application.yml".to_owned();
    recipe.configs = vec![Injected { source: config.to_owned(), destination, mode: None, platform: None }];
    recipe
}

struct Bench {
    registry: Registry,
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(fixtures::path("application.yml"), folder.path().join("application.yml")).unwrap();
        Self { registry: registry(), folder }
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("application.yml")
    }

    fn build(&self, user: &str, tags: &[&str]) -> Build {
        self.build_on("17", user, tags)
    }

    fn build_on(&self, base: &str, user: &str, tags: &[&str]) -> Build {
        let mut recipe = recipe(&self.registry, &self.config());
        recipe.base = self.registry.reference("library/amazoncorretto", base).parse().unwrap();
        let client = client(&self.registry, user, if user == "writer" { "writepw" } else { "readpw" });
        let references = tags.iter().map(|tag| self.registry.reference("koin/api", tag).parse().unwrap());
        let mut build = Build::new(recipe, fixtures::path("app.jar")).registry(client);
        for target in RegistryTarget::group(references) {
            build = build.target(target);
        }
        build
    }

    async fn push(&self, tags: &[&str]) -> Report {
        self.registry.clear_log();
        self.build("writer", tags).cache(self.cache()).run().await.unwrap()
    }

    fn cache(&self) -> Cache {
        Cache::open(self.folder.path().join("cache")).unwrap()
    }

    fn manifest(&self, reference: &str) -> Value {
        serde_json::from_slice(&self.registry.manifest("koin/api", reference).unwrap().bytes).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_index_for_two_platforms_with_the_base_mounted() {
    let bench = Bench::new();
    let report = bench.push(&["1"]).await;
    let index = bench.manifest("1");
    let platforms: Vec<String> = index["manifests"].as_array().unwrap().iter().map(|entry| entry["platform"].to_string()).collect();
    assert_eq!(platforms, [r#"{"architecture":"amd64","os":"linux"}"#, r#"{"architecture":"arm64","os":"linux","variant":"v8"}"#]);
    for receipt in &report.targets[0].blobs {
        let base = receipt.role == Role::Layer && !report.layers.iter().any(|layer| layer.digest == receipt.digest);
        let expected = if base { Outcome::Mounted } else { Outcome::Sent };
        assert_eq!(receipt.outcome, expected, "{receipt:?}");
    }
    // Layers, two configurations, two manifests and the index, each once.
    let uploads = bench.registry.count("PUT", "/blobs/uploads/");
    assert_eq!(uploads, report.layers.len() + 2);
    assert_eq!(bench.registry.count("PUT", "/manifests/"), 3);
    assert_eq!(bench.registry.count("GET", "/blobs/"), 2 + 4, "two configurations, and four layers that are read once to know the base");
    assert_eq!(bench.registry.open_uploads(), 0);
}

/// The digest of a large layer's tar is found while the layer is sent.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_layer_has_the_digest_of_its_tar() {
    let bench = Bench::new();
    let jar = bench.folder.path().join("large.jar");
    let large: Vec<u8> = (0..5_000_000_u32).flat_map(|number| (number / 1000).to_le_bytes()).collect();
    fs::write(&jar, SpringBoot::new("3.5.0").file("BOOT-INF/classes/large.bin", &large).build()).unwrap();
    let target = RegistryTarget::new(bench.registry.reference("koin/api", "1").parse().unwrap());
    let client = client(&bench.registry, "writer", "writepw");
    let build = Build::new(recipe(&bench.registry, &bench.config()), jar).registry(client).cache(bench.cache()).target(target);
    let report = build.run().await.unwrap();
    for layer in &report.layers {
        let mut tar = Vec::new();
        flate2::read::GzDecoder::new(&bench.registry.blob(layer.digest.as_str()).unwrap()[..]).read_to_end(&mut tar).unwrap();
        assert_eq!(layer.diff_id, Digest::of(&tar), "{}", layer.name);
    }
    assert!(report.layers.iter().any(|layer| layer.name == "application"));
}

/// The right to push is proven while the base is looked for.
#[tokio::test(flavor = "multi_thread")]
async fn a_base_that_is_missing_leaves_no_upload_behind() {
    let bench = Bench::new();
    bench.registry.inject(When::request("POST", "/blobs/uploads/").then(What::StallHeaders(Duration::from_millis(500))));
    let build = |user: &str| bench.build_on("18", user, &["1"]).cache(bench.cache()).run();
    let error = build("writer").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Registry, "{error}");
    assert!(error.to_string().contains("amazoncorretto"), "{error}");
    assert_eq!((bench.registry.count("POST", "/blobs/uploads/"), bench.registry.open_uploads()), (1, 0));
    // Of two errors the base's is told.
    let error = build("reader").await.unwrap_err();
    assert_eq!(error.kind(), Kind::Registry, "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_sends_nothing_and_gives_the_same_digest() {
    let bench = Bench::new();
    let first = bench.push(&["1"]).await;
    let second = bench.push(&["1"]).await;
    assert_eq!((first.digest, second.unchanged, second.bytes_sent), (second.digest.clone(), true, 0));
    assert_eq!(bench.registry.count("GET", "/blobs/"), 0);
    for method in ["PUT", "POST", "PATCH"] {
        assert_eq!(bench.registry.requests().iter().filter(|entry| entry.method == method && entry.path.starts_with("/v2/")).count(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_config_sends_one_layer_and_the_documents() {
    let bench = Bench::new();
    let first = bench.push(&["1"]).await;
    fs::write(bench.config(), "greeting:\n  text: changed\n").unwrap();
    let second = bench.push(&["1"]).await;
    assert_ne!(first.digest, second.digest);
    let sent: Vec<Role> = second.targets[0].blobs.iter().filter(|blob| blob.outcome == Outcome::Sent).map(|blob| blob.role).collect();
    assert_eq!(sent, [Role::Layer, Role::Config, Role::Config, Role::Manifest, Role::Manifest, Role::Index]);
    let config = &second.layers.last().unwrap().digest;
    assert!(second.targets[0].blobs.iter().any(|blob| blob.digest == *config && blob.outcome == Outcome::Sent));
    assert_eq!(bench.registry.count("PUT", "/blobs/uploads/"), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_tags_are_one_put_each_and_no_blob_twice() {
    let bench = Bench::new();
    let report = bench.push(&["1", "latest", "1.2"]).await;
    assert_eq!(bench.registry.tags("koin/api"), ["1", "1.2", "latest"]);
    assert_eq!(bench.registry.count("PUT", "/manifests/"), 2 + 3);
    assert_eq!(bench.registry.count("PUT", "/blobs/uploads/"), report.layers.len() + 2);
    assert_eq!(report.references.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_is_refused_before_anything_is_sent() {
    let bench = Bench::new();
    let error = bench.build("reader", &["1"]).run().await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotAuthorised);
    let hint = error.hint().unwrap();
    assert!(hint.contains("imgbuild login"), "{hint}");
    for method in ["PUT", "PATCH"] {
        assert_eq!(bench.registry.count(method, "/v2/"), 0);
    }
    assert_eq!(bench.registry.count("GET", "/blobs/"), 2, "the base is not looked into for one who may not push");
    assert_eq!(bench.registry.tags("koin/api"), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_target_needs_only_pull() {
    let bench = Bench::new();
    let first = bench.push(&["1"]).await;
    // Without a cache the layers have to be made before it is known that nothing changed.
    let second = bench.build("reader", &["1"]).run().await.unwrap();
    assert_eq!((second.digest, second.unchanged, second.bytes_sent), (first.digest, true, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_may_not_change_a_tag() {
    let bench = Bench::new();
    let first = bench.push(&["1"]).await;
    fs::write(bench.config(), "greeting:\n  text: changed\n").unwrap();
    let error = bench.build("reader", &["1"]).run().await.unwrap_err();
    assert_eq!(error.kind(), Kind::NotAuthorised);
    assert_eq!(bench.registry.manifest("koin/api", "1").unwrap().digest, first.digest.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_the_base_lacks_is_named_with_those_it_has() {
    let bench = Bench::new();
    let error = bench.build("writer", &["1"]).platforms(["linux/s390x".parse().unwrap()]).run().await.unwrap_err();
    let text = std::error::Error::source(&error).unwrap().to_string();
    assert!(text.contains("no image for `linux/s390x`; it has `linux/amd64`, `linux/arm64/v8`"), "{text}");
    assert!(error.hint().unwrap().contains("--platform linux/amd64,linux/arm64/v8"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_future_can_be_sent_and_dropped_without_a_tag() {
    fn sendable<F: Future + Send>(future: F) -> F {
        future
    }
    let bench = Bench::new();
    let task = tokio::spawn(sendable(bench.build("writer", &["1"]).run()));
    task.abort();
    assert!(task.await.is_err());
    assert_eq!(bench.registry.tags("koin/api"), Vec::<String>::new());
}
