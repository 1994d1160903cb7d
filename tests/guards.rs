//! Guards in a build: what refuses an image is found before anything is sent, and what is said is said once.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::sync::{Arc, Mutex};

use imgbuild::build::{Application, Error, Kind};
use imgbuild::guard::{Id, Severity};
use imgbuild::jar::Bytes;
use imgbuild::recipe::Injected;
use imgbuild::registry::{Anonymous, Client, Credential, Secret, StaticCredentials};
use imgbuild::{Build, Event, Recipe, RegistryTarget};
use imgbuild_testkit::base::{Base, PlatformImage};
use imgbuild_testkit::classfile::empty_class;
use imgbuild_testkit::elf::{Machine, RunnableMachine, SharedObject};
use imgbuild_testkit::jar::{SpringBoot, library};
use imgbuild_testkit::registry::{Registry, Tokens};

/// The repository that is pushed to.
const TARGET: &str = "koin/api";

struct Bench {
    registry: Registry,
    recipe: Recipe,
    jar: SpringBoot,
    folder: tempfile::TempDir,
    events: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    fn new() -> Self {
        Self::on(&Base::java(), false)
    }

    /// On this base, in a registry where strangers may pull, or may not.
    fn on(base: &Base, open: bool) -> Self {
        let builder = Registry::builder();
        let tokens = Tokens::new().user("writer", "writepw", &["pull", "push"]);
        let registry = if open { builder.start() } else { builder.tokens(tokens).start() };
        let folder = tempfile::tempdir().unwrap();
        base.build().write_layout(&folder.path().join("base"), "17").unwrap();
        registry.load_layout("library/base", folder.path().join("base")).unwrap();
        let mut recipe = Recipe::default();
        recipe.base = registry.reference("library/base", "17").parse().unwrap();
        Self { registry, recipe, jar: SpringBoot::new("3.4.1"), folder, events: Arc::default() }
    }

    fn config(mut self, destination: &str, content: &str) -> Self {
        let source = self.folder.path().join(format!("config-{}", self.recipe.configs.len()));
        std::fs::write(&source, content).unwrap();
        self.recipe.configs.push(Injected { source, destination: destination.to_owned(), mode: None, platform: None });
        self
    }

    fn build(&self) -> Build {
        let credential = Credential::Password { user: "writer".to_owned(), password: Secret::new("writepw") };
        let client =
            Client::builder().credentials(StaticCredentials::new(&self.registry.host(), credential, "the test", Anonymous)).build();
        let application = Application::Bytes { name: "app.jar".to_owned(), bytes: Bytes::from(self.jar.build()) };
        let target = RegistryTarget::new(self.registry.reference(TARGET, "1").parse().unwrap());
        let events = Arc::clone(&self.events);
        let observe = move |event: &Event| {
            if let Event::Finding { .. } = event {
                events.lock().unwrap().push(event.to_string());
            }
        };
        self.registry.clear_log();
        Build::new(self.recipe.clone(), application).registry(client).target(target).on_event(observe)
    }

    /// The guards that refused, after it was seen that nothing was sent.
    async fn refused(&self) -> Vec<(Id, String)> {
        let error = self.build().run().await.unwrap_err();
        assert_eq!(error.kind(), Kind::Refused, "{error}");
        let Error::Refused(findings) = &error else { panic!("{error}") };
        let may_pass = findings.refusing().all(|finding| finding.id != Id::LayerPath);
        assert!(error.hint().is_some_and(|hint| hint.contains("--allow") == may_pass), "{error}");
        // A session proves the right to push before the base is looked into; it holds nothing, and is deleted.
        assert_eq!(self.registry.open_uploads(), 0);
        for method in ["PUT", "PATCH"] {
            let written = self.registry.requests().iter().filter(|entry| entry.method == method && entry.path.starts_with("/v2/")).count();
            assert_eq!(written, 0, "{method}");
        }
        assert_eq!(self.registry.tags(TARGET), Vec::<String>::new());
        findings.refusing().map(|finding| (finding.id, finding.place.clone())).collect()
    }

    fn said(&self) -> Vec<String> {
        self.events.lock().unwrap().clone()
    }
}

/// A base whose image for arm64 holds programs for x86-64.
fn crossed() -> Base {
    let java = |platform: &str| PlatformImage::java(platform, RunnableMachine::Amd64, "17.0.12");
    Base::new().platform(java("linux/amd64")).platform(java("linux/arm64/v8"))
}

fn with_native(name: &str, file: &str) -> Vec<u8> {
    let path = format!("native/{file}");
    library(name, "1", &[(&path, SharedObject::jni(Machine::Amd64).build())])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_with_the_wrong_java_is_refused_before_anything_is_sent() {
    let bench = Bench::on(&crossed(), false);
    let refused = bench.refused().await;
    assert_eq!(refused, [(Id::BaseArchitecture, "/usr/lib/jvm/java-17-fixture/bin/java".to_owned())]);
    assert!(
        bench.said().iter().any(|said| said.starts_with("error[base-architecture]") && said.contains("(linux/arm64)")),
        "{:?}",
        bench.said()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn natives_for_one_platform_alone_are_refused_and_known_fallbacks_are_said() {
    let mut bench = Bench::new();
    bench.jar = bench.jar.library("rocksdbjni-9.7.3.jar", &with_native("rocksdbjni", "librocksdbjni-linux64.so"));
    assert_eq!(bench.refused().await, [(Id::NativeLibrary, "BOOT-INF/lib/rocksdbjni-9.7.3.jar".to_owned())]);
    bench.recipe.allow.push("native-library:rocksdbjni=never opened on arm64".parse().unwrap());
    bench.build().run().await.unwrap();
    assert!(bench.said().last().unwrap().contains("allowed: never opened on arm64"), "{:?}", bench.said());

    let mut netty = Bench::new();
    netty.jar = netty.jar.library("netty-tcnative-2.jar", &with_native("netty-tcnative", "libnetty_tcnative_linux_x86_64.so"));
    netty.build().run().await.unwrap();
    assert!(netty.said().iter().any(|said| said.starts_with("warning[native-library]")), "{:?}", netty.said());
}

#[tokio::test(flavor = "multi_thread")]
async fn classes_for_java_21_are_refused_on_java_17() {
    let mut bench = Bench::new();
    bench.jar = bench.jar.file("com/example/New.class", &empty_class("com/example/New", 65));
    assert_eq!(bench.refused().await, [(Id::ClassVersion, "com/example/New.class".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_would_take_the_place_of_a_link_is_refused() {
    let mut bench = Bench::new();
    let source = bench.folder.path().join("lib");
    std::fs::write(&source, "x").unwrap();
    bench.recipe.additions.push(Injected { source, destination: "/lib".to_owned(), mode: None, platform: None });
    assert_eq!(bench.refused().await, [(Id::LayerPath, "/lib".to_owned())]);
    let said = bench.said();
    assert!(said.len() == 1 && said[0].starts_with("error[layer-path] `/lib` (linux/amd64, linux/arm64): "), "{said:?}");
    assert!(said[0].contains("a link to the folder `usr/lib`") && said[0].contains("one below `/lib`"), "{said:?}");
    let findings = bench.build().check().await.unwrap();
    assert_eq!(findings.refusing().map(|finding| finding.id).collect::<Vec<_>>(), [Id::LayerPath]);
    assert!("layer-path=we know".parse::<imgbuild::guard::Allowance>().unwrap_err().contains("another destination"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_that_is_not_active_is_refused_and_its_fix_works() {
    let mut bench = Bench::new().config("/app/config/application-prod.yml", "a: 1\n");
    assert_eq!(bench.refused().await, [(Id::UnreadableConfig, "/app/config/application-prod.yml".to_owned())]);
    bench.recipe.overlay.env.push(("SPRING_PROFILES_ACTIVE".to_owned(), "prod".to_owned()));
    bench.build().run().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_config_for_nobody_but_root_is_refused_for_another_user() {
    let mut bench = Bench::new().config("/app/config/application.yml", "a: 1\n");
    bench.recipe.configs[0].mode = Some(0o600);
    bench.recipe.overlay.user = Some("app".to_owned());
    assert_eq!(bench.refused().await, [(Id::UnreadableConfig, "/app/config/application.yml".to_owned())]);
    bench.recipe.owner.uid = 1000;
    bench.build().run().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_pull_is_asked_twice_and_only_where_something_is_confidential() {
    let open = Bench::on(&Base::java(), true).config("/app/config/application.yml", "db.password: hunter2\n");
    open.build().run().await.unwrap();
    let said = open.said();
    let public: Vec<&String> = said.iter().filter(|said| said.starts_with("warning[public-target]")).collect();
    assert_eq!(public.len(), 1, "{said:?}");
    assert!(public[0].contains("private address") && !public[0].contains("hunter2"), "{public:?}");
    assert_eq!(open.registry.count("GET", "/tags/list"), 2, "before anything is sent, and before the tag moves");

    let closed = Bench::new().config("/app/config/application.yml", "a: 1\n");
    closed.build().run().await.unwrap();
    assert!(!closed.said().iter().any(|said| said.contains("public-target")), "{:?}", closed.said());

    let mut meant = Bench::on(&Base::java(), true).config("/app/config/application.yml", "a: 1\n");
    meant.recipe.public = true;
    meant.build().run().await.unwrap();
    let nothing = Bench::on(&Base::java(), true);
    nothing.build().run().await.unwrap();
    for bench in [meant, nothing] {
        assert_eq!(bench.registry.count("GET", "/tags/list"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_says_everything_and_writes_nothing() {
    let mut bench = Bench::on(&crossed(), true).config("/etc/app/application.yml", "a: [1\n");
    bench.jar = bench.jar.start_class("com.example.Gone");
    let findings = bench.build().check().await.unwrap();
    let ids: Vec<Id> = findings.iter().filter(|finding| finding.severity == Severity::Error).map(|finding| finding.id).collect();
    assert_eq!(ids, [Id::BaseArchitecture, Id::MainClass, Id::UnreadableConfig, Id::UnreadableConfig]);
    let writes = bench
        .registry
        .requests()
        .iter()
        .filter(|entry| !matches!(entry.method.as_str(), "GET" | "HEAD") && entry.path.starts_with("/v2/"))
        .count();
    assert_eq!(writes, 0);
    let sarif = findings.to_sarif();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), findings.iter().count());
}
