//! Images on a patched base: the digest of a fresh build, and a clear refusal where that could not be.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::path::PathBuf;

use imgbuild::guard::Id;
use imgbuild::image::Created;
use imgbuild::jar::Layout;
use imgbuild::rebase::{BaseStatus, Error, Freshness};
use imgbuild::recipe::{Dockerfile, Settings};
use imgbuild::registry::Client;
use imgbuild::{Build, Cache, Copy, Location, Rebase, Recipe, RegistryTarget, target};
use imgbuild_testkit::base::{Base, Layer, PlatformImage};
use imgbuild_testkit::elf::RunnableMachine;
use imgbuild_testkit::fixtures;
use imgbuild_testkit::registry::Registry;
use serde_json::json;

struct Bench {
    registry: Registry,
    folder: tempfile::TempDir,
}

/// A base whose layers, variables and Cmd differ by the version.
fn base(version: &str, path: &str) -> Base {
    let platform = |name: &str, machine| {
        PlatformImage::java(name, machine, version).setting("Env", json!([format!("PATH={path}"), format!("JAVA_VERSION={version}")]))
    };
    Base::new().platform(platform("linux/amd64", RunnableMachine::Amd64)).platform(platform("linux/arm64/v8", RunnableMachine::Arm64))
}

impl Bench {
    async fn new() -> Self {
        let bench = Self { registry: Registry::start(), folder: tempfile::tempdir().unwrap() };
        bench.put_base("17", &base("17.0.12", "/usr/bin:/bin")).await;
        bench
    }

    async fn put_base(&self, tag: &str, base: &Base) {
        let layout = self.folder.path().join(format!("base-{tag}"));
        base.build().write_layout(&layout, "x").unwrap();
        let from = format!("oci:{}:x", layout.display()).parse().unwrap();
        Copy::new(from, target::at(&self.place("library/jdk", tag)).unwrap()).registry(Client::default()).run().await.unwrap();
    }

    fn place(&self, name: &str, tag: &str) -> Location {
        self.registry.reference(name, tag).parse().unwrap()
    }

    fn target(&self, tag: &str) -> RegistryTarget {
        RegistryTarget::new(self.registry.reference("koin/api", tag).parse().unwrap())
    }

    fn settings(&self) -> Settings {
        let config = self.folder.path().join("application.yml");
        std::fs::copy(fixtures::path("application.yml"), &config).unwrap();
        let text = "env: {LANG: C.UTF-8, JAVA_OPTS: -Xmx256m}\nlabels: {team: koin}\nannotations: {a: b, \"index:c\": d}\nconfigs: [application.yml]\n";
        Settings::parse(text, self.folder.path()).unwrap()
    }

    async fn build(&self, mut settings: Settings, application: PathBuf, base: &str, tag: &str) -> String {
        settings.base = Some(self.place("library/jdk", base));
        let recipe = Recipe::from_sources([settings]).unwrap();
        let build = Build::new(recipe, application).registry(Client::default()).target(self.target(tag));
        build.run().await.unwrap().digest.to_string()
    }

    fn rebase(&self, tag: &str, base: &str, to: &str) -> Rebase {
        Rebase::new(self.place("koin/api", tag), self.place("library/jdk", base)).registry(Client::default()).target(self.target(to))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rebase_is_a_fresh_build_digest_for_digest() {
    let bench = Bench::new().await;
    bench.put_base("17.0.13", &base("17.0.13", "/patched/bin:/bin")).await;
    let mut dated = bench.settings();
    dated.created = Some(Created::At(1_700_000_000));
    for (tag, settings) in [("a", bench.settings()), ("b", dated)] {
        let jar = fixtures::path("app.jar");
        let old = bench.build(settings.clone(), jar.clone(), "17", tag).await;
        let fresh = bench.build(settings, jar, "17.0.13", &format!("{tag}-fresh")).await;
        let rebased = bench.rebase(tag, "17.0.13", &format!("{tag}-rebased")).run().await.unwrap();
        assert_eq!((rebased.source_digest.to_string(), rebased.digest.to_string()), (old.clone(), fresh.clone()));
        assert_ne!(old, fresh);
        assert_eq!(rebased.platforms.len(), 2);
        assert_eq!(bench.registry.manifest("koin/api", &format!("{tag}-rebased")).unwrap().digest, fresh);
    }
}

/// The findings that refuse a rebase of the image `1` onto a base, after it was seen that no name has moved.
async fn refused(bench: &Bench, base: &str) -> Vec<(Id, String)> {
    let before = bench.registry.manifest("koin/api", "1").unwrap().digest;
    bench.registry.clear_log();
    let error = bench.rebase("1", base, "1").run().await.unwrap_err();
    let Error::Refused(findings) = &error else { panic!("{error:?}") };
    assert!(error.to_string().contains("guards refuse the image") && error.hint().is_some(), "{error}");
    assert_eq!(bench.registry.manifest("koin/api", "1").unwrap().digest, before);
    for method in ["PUT", "POST", "PATCH"] {
        assert_eq!(bench.registry.count(method, "/v2/"), 0, "{method}");
    }
    findings.refusing().map(|finding| (finding.id, finding.place.clone())).collect()
}

/// A base of one version of Java, with a layer of its own on top.
fn with_layer(version: &str, machines: [RunnableMachine; 2], layer: &Layer) -> Base {
    let image = |platform, machine| PlatformImage::java(platform, machine, version).layer(layer.clone());
    Base::new().platform(image("linux/amd64", machines[0])).platform(image("linux/arm64/v8", machines[1]))
}

const BOTH: [RunnableMachine; 2] = [RunnableMachine::Amd64, RunnableMachine::Arm64];

#[tokio::test(flavor = "multi_thread")]
async fn guards_judge_the_image_on_its_new_base_before_anything_moves() {
    let bench = Bench::new().await;
    bench.build(bench.settings(), fixtures::path("app.jar"), "17", "1").await;
    let empty = Layer::new();
    bench.put_base("crossed", &with_layer("17.0.13", [RunnableMachine::Amd64; 2], &empty)).await;
    let java = "/usr/lib/jvm/java-17-fixture/bin/java".to_owned();
    assert_eq!(refused(&bench, "crossed").await, [(Id::BaseArchitecture, java)]);

    bench.put_base("old", &with_layer("11.0.2", BOTH, &empty)).await;
    let found = refused(&bench, "old").await;
    assert!(found.iter().any(|(id, place)| *id == Id::ClassVersion && place.contains(".class")), "the application: {found:?}");
    assert!(found.iter().any(|(id, place)| *id == Id::ClassVersion && place.starts_with("/app/lib/")), "its libraries: {found:?}");
    assert!(found.iter().all(|(id, _)| *id == Id::ClassVersion), "{found:?}");
    let allowed = bench.rebase("1", "old", "let-pass").allow(["class-version=a test".parse().unwrap()]).run().await.unwrap();
    assert_eq!(allowed.platforms.len(), 2);

    let mut settings = bench.settings();
    settings.overlay.user = Some("app".to_owned());
    bench.build(settings, fixtures::path("app.jar"), "17", "1").await;
    bench.put_base("no-users", &with_layer("17.0.13", BOTH, &Layer::new().file("etc/passwd", 0o644, b"root:x:0:0::/:/bin/sh\n"))).await;
    assert_eq!(refused(&bench, "no-users").await, [(Id::Entrypoint, "USER app".to_owned())]);

    bench.put_base("blocked", &with_layer("17.0.13", BOTH, &Layer::new().file("app/lib", 0o644, b"a file"))).await;
    assert_eq!(refused(&bench, "blocked").await[0], (Id::LayerPath, "/app/lib".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_layout_is_judged_by_its_own_files() {
    for layout in [Layout::Extracted, Layout::Exploded, Layout::Packaged] {
        let bench = Bench::new().await;
        let mut settings = bench.settings();
        settings.layout = Some(layout);
        bench.build(settings.clone(), fixtures::path("app.jar"), "17", "1").await;
        bench.put_base("old", &with_layer("11.0.2", BOTH, &Layer::new())).await;
        let found = refused(&bench, "old").await;
        assert!(!found.is_empty() && found.iter().all(|(id, _)| *id == Id::ClassVersion), "{layout}: {found:?}");
        let libraries = found.iter().filter(|(_, place)| place.contains(".jar")).count();
        assert!(libraries > 0 && found.len() > libraries, "{layout}: {found:?}");
        bench.put_base("new", &with_layer("17.0.13", BOTH, &Layer::new())).await;
        let fresh = bench.build(settings, fixtures::path("app.jar"), "new", "fresh").await;
        assert_eq!(bench.rebase("1", "new", "2").run().await.unwrap().digest.to_string(), fresh, "{layout}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn layers_that_would_lie_otherwise_on_the_new_base_are_refused() {
    let bench = Bench::new().await;
    let old = bench.build(bench.settings(), fixtures::path("app.jar"), "17", "1").await;
    let table = [
        ("private", Layer::new().directory("app", 0o700), "/app"),
        ("owned", Layer::new().directory("app/config", 0o755).owned(7, 7), "/app/config"),
        ("linked", Layer::new().directory("srv/app", 0o755).symlink("app", "srv/app"), "/app"),
    ];
    for (name, layer, place) in table {
        bench.put_base(name, &with_layer("17.0.13", BOTH, &layer.with_parents())).await;
        let error = bench.rebase("1", name, "1").run().await.unwrap_err();
        assert!(matches!(&error, Error::OtherFolder { path, .. } if path == place), "{name}: {error:?}");
        assert!(error.hint().unwrap().contains("imgbuild build"), "{error}");
        assert_eq!(bench.registry.manifest("koin/api", "1").unwrap().digest, old);
    }
    // The same folder as the image's own: nothing would be otherwise.
    bench.put_base("same", &with_layer("17.0.13", BOTH, &Layer::new().directory("app", 0o755))).await;
    let fresh = bench.build(bench.settings(), fixtures::path("app.jar"), "same", "fresh").await;
    assert_eq!(bench.rebase("1", "same", "2").run().await.unwrap().digest.to_string(), fresh);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_one_registry_no_layer_is_sent() {
    let bench = Bench::new().await;
    bench.put_base("new", &base("17.0.13", "/bin")).await;
    bench.build(bench.settings(), fixtures::path("app.jar"), "17", "1").await;
    bench.registry.clear_log();
    let rebased = bench.rebase("1", "new", "1").run().await.unwrap();
    // Two configurations, two manifests and the index; the layers are there or are mounted.
    assert_eq!(bench.registry.count("PUT", "/blobs/uploads/"), 2, "{:?}", bench.registry.log().lines());
    assert_eq!(bench.registry.count("PUT", "/manifests/"), 3);
    let layers = rebased.targets[0].blobs.iter().filter(|blob| blob.role == target::Role::Layer).count();
    assert!(layers > 4, "{rebased:?}");
    let again = bench.rebase("1", "new", "1").run().await.unwrap();
    assert!(again.unchanged && again.digest == rebased.digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn images_of_others_are_refused_and_nothing_moves() {
    let bench = Bench::new().await;
    let error = Rebase::new(bench.place("library/jdk", "17"), bench.place("library/jdk", "17"))
        .registry(Client::default())
        .target(bench.target("never"))
        .run()
        .await
        .unwrap_err();
    assert!(matches!(&error, Error::Foreign { .. }), "{error:?}");
    assert!(error.to_string().contains("no image that imgbuild built") && error.hint().unwrap().contains("imgbuild build"));
    let missing = bench.rebase("none", "17", "never").run().await.unwrap_err();
    assert!(missing.to_string().contains("koin/api:none"), "{missing}");
    bench.build(bench.settings(), fixtures::path("app.jar"), "17", "1").await;
    let no_base = bench.rebase("1", "none", "never").run().await.unwrap_err();
    assert!(matches!(no_base, Error::Base(_)), "{no_base:?}");
    assert!(!bench.registry.tags("koin/api").contains(&"never".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_the_old_base_that_the_new_one_does_not_have_is_refused() {
    let bench = Bench::new().await;
    bench.put_base("same", &base("17.0.13", "/usr/bin:/bin")).await;
    bench.put_base("other", &base("17.0.13", "/elsewhere")).await;
    let context = bench.folder.path().join("context");
    std::fs::create_dir(&context).unwrap();
    std::fs::write(context.join("a"), "a").unwrap();
    let text = "FROM x\nENV PATH=/opt/bin:$PATH\nWORKDIR /app\nCOPY a .\nCMD [\"java\"]\n";
    let mut settings = Settings::default();
    settings.dockerfile = Some(Dockerfile::parse(text).unwrap());
    bench.build(settings.clone(), context.clone(), "17", "1").await;
    let fresh = bench.build(settings, context, "same", "fresh").await;
    assert_eq!(bench.rebase("1", "same", "2").run().await.unwrap().digest.to_string(), fresh);
    let error = bench.rebase("1", "other", "never").run().await.unwrap_err();
    assert!(matches!(&error, Error::OtherValue { what, .. } if what == "$PATH"), "{error:?}");
    assert!(!error.to_string().contains("elsewhere"), "no value is shown: {error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_is_behind_as_soon_as_its_tag_moves_and_that_is_asked_by_head() {
    let bench = Bench::new().await;
    bench.build(bench.settings(), fixtures::path("app.jar"), "17", "1").await;
    let cache = Cache::open(bench.folder.path().join("cache")).unwrap();
    let image = bench.place("koin/api", "1");
    let status = || async { BaseStatus::of(&image, None, &Client::default(), &cache).await.unwrap() };
    assert_eq!(status().await.freshness(), Freshness::Current);
    bench.registry.clear_log();
    assert_eq!(status().await.freshness(), Freshness::Current);
    assert_eq!((bench.registry.count("GET", "/manifests/"), bench.registry.count("HEAD", "library/jdk/manifests/17")), (0, 1));
    bench.put_base("17", &base("17.0.13", "/bin")).await;
    let behind = status().await;
    assert_eq!(behind.freshness(), Freshness::Behind);
    assert!(behind.platforms.len() == 2 && behind.platforms.iter().all(|one| one.built_on != one.current));

    let mut settings = bench.settings();
    settings.base = Some(format!("oci:{}:17", fixtures::path("base").display()).parse().unwrap());
    let recipe = Recipe::from_sources([settings]).unwrap();
    Build::new(recipe, fixtures::path("app.jar")).registry(Client::default()).target(bench.target("local")).run().await.unwrap();
    let error = BaseStatus::of(&bench.place("koin/api", "local"), None, &Client::default(), &cache).await.unwrap_err();
    assert!(matches!(error, Error::NoBase { .. }) && error.hint().unwrap().contains("--base"), "{error:?}");
}
