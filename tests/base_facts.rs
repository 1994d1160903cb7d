//! A build and its base: what it learns by reading layers once, what a lock keeps of it, and where files land.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use imgbuild::build::{Error, LockMode};
use imgbuild::event::Event;
use imgbuild::guard::Id;
use imgbuild::recipe::{FactsFrom, Injected};
use imgbuild::registry::{Client, Policy};
use imgbuild::{Build, Cache, Platform, Recipe, RegistryTarget, Report};
use imgbuild_testkit::archive::{self, Kind};
use imgbuild_testkit::base::{Base, Layer, PlatformImage};
use imgbuild_testkit::elf::RunnableMachine;
use imgbuild_testkit::fixtures;
use imgbuild_testkit::registry::{Answer, Registry, What, When};
use serde_json::Value;

const REPOSITORY: &str = "library/base";

struct Bench {
    registry: Registry,
    folder: tempfile::TempDir,
    recipe: Recipe,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    fn new(base: &Base) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let registry = Registry::start();
        let mut recipe = Recipe::default();
        // These files are put where the base has folders and links, not where Spring Boot looks.
        recipe.allow.push("unreadable-config=the test is about places".parse().unwrap());
        recipe.base = registry.reference(REPOSITORY, "17").parse().unwrap();
        recipe.encoding = "none".parse().unwrap();
        let bench = Self { registry, folder, recipe, seen: Arc::default() };
        bench.load(base);
        bench
    }

    /// Makes the tag name this base.
    fn load(&self, base: &Base) {
        let layout = tempfile::tempdir().unwrap();
        base.build().write_layout(layout.path(), "17").unwrap();
        self.registry.load_layout(REPOSITORY, layout.path()).unwrap();
        self.registry.clear_log();
    }

    /// Injects a file at `destination`.
    fn inject(mut self, destination: &str) -> Self {
        let source = fixtures::path("application.yml");
        self.recipe.configs.push(Injected { source, destination: destination.to_owned(), mode: None, platform: None });
        self
    }

    fn lock(&self) -> PathBuf {
        self.folder.path().join("imgbuild.lock")
    }

    fn build(&self, cache: &str) -> Build {
        self.registry.clear_log();
        self.seen.lock().unwrap().clear();
        let seen = Arc::clone(&self.seen);
        let target = RegistryTarget::new(self.registry.reference("koin/api", "1").parse().unwrap());
        let build = Build::new(self.recipe.clone(), fixtures::path("app.jar")).target(target);
        let build = build.on_event(move |event: &Event| seen.lock().unwrap().push(event.to_string()));
        build.cache(Cache::open(self.folder.path().join(cache)).unwrap())
    }

    async fn run(&self, cache: &str, mode: LockMode) -> Result<Report, Error> {
        self.build(cache).lock(self.lock(), mode).run().await
    }

    fn said(&self, part: &str) -> bool {
        self.seen.lock().unwrap().iter().any(|event| event.contains(part))
    }

    /// GETs of blobs that are no configurations.
    fn layers_read(&self) -> usize {
        let configs = 2;
        self.registry.count("GET", "/blobs/").saturating_sub(configs)
    }

    /// The entries of the layers that were added for a platform, by layer and path: mode, owner and kind.
    fn entries(&self, report: &Report, platform: usize) -> BTreeMap<String, BTreeMap<String, String>> {
        let own = |layer: &&imgbuild::build::LayerReport| layer.platforms.contains(&self.recipe.platforms[platform]);
        let read = |layer: &imgbuild::build::LayerReport| {
            let bytes = self.registry.blob(&layer.digest.to_string()).unwrap();
            let entries = archive::members(&bytes).unwrap();
            let shown = entries.into_iter().map(|entry| {
                let kind = if entry.kind == Kind::Directory { "folder" } else { "file" };
                (entry.path.trim_end_matches('/').to_owned(), format!("{kind} {:04o} {}:{}", entry.mode, entry.uid, entry.gid))
            });
            (layer.name.clone(), shown.collect())
        };
        report.layers.iter().filter(own).map(read).collect()
    }
}

/// The base of the fixtures with one more layer for each platform.
fn with_layers(layers: [Layer; 2]) -> Base {
    let machines = [("linux/amd64", RunnableMachine::Amd64), ("linux/arm64/v8", RunnableMachine::Arm64)];
    let images =
        machines.into_iter().zip(layers).map(|((name, machine), layer)| PlatformImage::java(name, machine, "17.0.12").layer(layer));
    images.fold(Base::new(), Base::platform)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_is_read_once_and_passes_through_where_its_layers_are_linked() {
    let bench = Bench::new(&Base::java());
    let first = bench.build("cache").run().await.unwrap();
    assert_eq!((bench.layers_read(), bench.said("reading the base")), (4, true));
    let kept = bench.folder.path().join("cache/v1/blobs/sha256");
    let of_base = first.platforms.iter().flat_map(|platform| &platform.layers[..2]);
    assert!(of_base.into_iter().all(|digest| !kept.join(digest.hex()).exists()), "what is linked is not kept");
    let second = bench.build("cache").run().await.unwrap();
    assert_eq!((bench.registry.count("GET", "/blobs/"), bench.said("reading the base")), (0, false));
    assert_eq!(second.digest, first.digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_lock_nothing_of_the_base_is_read() {
    let bench = Bench::new(&Base::java()).inject("/home/app/application.yml");
    let first = bench.run("one", LockMode::Write).await.unwrap();
    assert!(bench.said("wrote the lock"));
    let text = fs::read_to_string(bench.lock()).unwrap();
    let lock: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(lock["digest"], first.base_digest.to_string());
    for (platform, machine) in [("linux/amd64", "x86_64"), ("linux/arm64", "aarch64")] {
        let image = &lock["platforms"][platform];
        let java = ["version", "machine", "libc"].map(|key| image["java"][key].as_str().unwrap());
        assert_eq!(java, ["17.0.12", machine, "glibc"]);
        let paths = ["/home/app", "/app"].map(|path| image["paths"][path].as_str().unwrap());
        assert_eq!(paths, ["folder 0750 1000:1000", "absent"]);
    }
    for mode in [LockMode::Use, LockMode::Frozen, LockMode::Write] {
        let report = bench.run(&format!("{mode:?}"), mode).await.unwrap();
        assert_eq!((report.digest, bench.said("reading the base")), (first.digest.clone(), false), "{mode:?}");
        for kind in ["/blobs/", "/manifests/"] {
            assert_eq!(bench.registry.count("GET", &format!("{REPOSITORY}{kind}")), 0, "{mode:?} {kind}");
        }
        assert_eq!(fs::read_to_string(bench.lock()).unwrap(), text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_holds_a_base_whose_tag_moved_and_says_so() {
    let bench = Bench::new(&Base::java());
    let first = bench.run("cache", LockMode::Write).await.unwrap();
    bench.load(&with_layers([Layer::new().directory("app", 0o700), Layer::new().directory("app", 0o700)]));
    for mode in [LockMode::Use, LockMode::Frozen, LockMode::Write] {
        assert_eq!(bench.run("cache", mode).await.unwrap().digest, first.digest);
        assert!(bench.said("the lock holds") && bench.said("--update-lock"), "{mode:?}");
    }
    let updated = bench.run("cache", LockMode::Update).await.unwrap();
    assert_ne!(updated.base_digest, first.base_digest);
    assert!(fs::read_to_string(bench.lock()).unwrap().contains(&updated.base_digest.to_string()));
    assert_eq!(bench.run("cache", LockMode::Frozen).await.unwrap().digest, updated.digest);
    assert!(!bench.said("the lock holds"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_works_while_nobody_says_what_the_tag_is() {
    let bench = Bench::new(&Base::java());
    let first = bench.run("cache", LockMode::Write).await.unwrap();
    bench.registry.forget_manifest(REPOSITORY, &first.base_digest.to_string());
    for cache in ["cache", "another"] {
        assert_eq!(bench.run(cache, LockMode::Frozen).await.unwrap().digest, first.digest);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_lock_the_guards_need_no_network() {
    let bench = Bench::new(&Base::java()).inject("/home/app/application.yml");
    bench.run("cache", LockMode::Write).await.unwrap();
    for method in ["HEAD", "GET"] {
        bench.registry.inject(When::request(method, "*").then(What::Answer(Answer::bare(503))));
    }
    let check = |mode| {
        let client = Client::builder().retry(Policy::default().attempts(1)).build();
        let cache = Cache::open(bench.folder.path().join("another")).unwrap();
        let build = Build::new(bench.recipe.clone(), fixtures::path("app.jar")).cache(cache).registry(client);
        build.lock(bench.lock(), mode).check()
    };
    assert!(!check(LockMode::Frozen).await.unwrap().refuse());
    assert!(matches!(check(LockMode::Update).await, Err(Error::Base(_))));
}

/// A lock from which documents were taken is no damaged one: what it lacks is asked for, and can be added.
#[tokio::test(flavor = "multi_thread")]
async fn a_lock_without_a_document_says_so() {
    let bench = Bench::new(&Base::java());
    let first = bench.run("cache", LockMode::Write).await.unwrap();
    let text = fs::read_to_string(bench.lock()).unwrap();
    let mut lock: Value = serde_json::from_str(&text).unwrap();
    let index = first.base_digest.to_string();
    lock["documents"].as_object_mut().unwrap().remove(&index).unwrap();
    fs::write(bench.lock(), lock.to_string()).unwrap();
    let lacking = format!("the document `{index}` is not in it");
    let error = bench.run("two", LockMode::Frozen).await.unwrap_err().to_string();
    assert!(error.contains("would change") && error.contains(&lacking), "{error}");
    assert_eq!(bench.run("three", LockMode::Use).await.unwrap().digest, first.digest);
    assert!(bench.said(&lacking));
    bench.run("four", LockMode::Write).await.unwrap();
    assert_eq!(fs::read_to_string(bench.lock()).unwrap(), text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_must_not_change_says_what_would() {
    let mut bench = Bench::new(&Base::java());
    let missing = bench.run("cache", LockMode::Frozen).await.unwrap_err();
    assert!(missing.to_string().contains("there is no lock") && missing.hint().unwrap().contains("--lock"), "{missing}");

    bench.recipe.platforms = vec![Platform::LINUX_AMD64];
    bench.run("cache", LockMode::Write).await.unwrap();
    bench.recipe.platforms.push(Platform::LINUX_ARM64);
    bench.recipe.overlay.user = Some("app".to_owned());
    bench = bench.inject("/tmp/application.yml");
    let error = bench.run("cache", LockMode::Frozen).await.unwrap_err().to_string();
    for change in ["`linux/arm64` is not in it", "`linux/amd64`: the user `app` is not in it", "`linux/amd64`: the path `/tmp"] {
        assert!(error.contains("would change") && error.contains(change), "{error}");
    }
    bench.run("cache", LockMode::Use).await.unwrap();
    assert!(bench.said("does not know everything") && bench.said("`--lock` adds what it lacks"));
    bench.run("cache", LockMode::Write).await.unwrap();
    bench.run("cache", LockMode::Frozen).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_of_another_base_is_an_error() {
    let mut bench = Bench::new(&Base::java());
    bench.run("cache", LockMode::Write).await.unwrap();
    bench.registry.load_layout("library/other", fixtures::path("base")).unwrap();
    bench.recipe.base = bench.registry.reference("library/other", "17").parse().unwrap();
    for mode in [LockMode::Use, LockMode::Write, LockMode::Frozen] {
        let error = bench.run("cache", mode).await.unwrap_err();
        assert!(error.to_string().contains("is of the base") && error.hint().unwrap().contains("--update-lock"), "{error}");
    }
    bench.run("cache", LockMode::Update).await.unwrap();
    bench.run("cache", LockMode::Frozen).await.unwrap();

    let text = fs::read_to_string(bench.lock()).unwrap();
    let lock: Value = serde_json::from_str(&text).unwrap();
    let manifest = lock["platforms"]["linux/arm64"]["manifest"].as_str().unwrap();
    fs::write(bench.lock(), text.replacen(manifest, &format!("sha256:{}", "0".repeat(64)), 1)).unwrap();
    let error = bench.run("cache", LockMode::Use).await.unwrap_err().to_string();
    assert!(error.contains("says that `linux/arm64` is `sha256:0000"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_of_the_base_keep_mode_and_owner_and_links_are_followed() {
    let bench =
        Bench::new(&Base::java()).inject("/lib/application.yml").inject("/home/app/application.yml").inject("/var/run/application.yml");
    let report = bench.build("cache").run().await.unwrap();
    let config = bench.entries(&report, 0).remove("config").unwrap();
    let entries: Vec<String> = config.into_iter().map(|(path, shown)| format!("{path} {shown}")).collect();
    assert_eq!(
        entries,
        [
            "home folder 0755 0:0",
            "home/app folder 0750 1000:1000",
            "home/app/application.yml file 0644 0:0",
            "run folder 0755 0:0",
            "run/application.yml file 0644 0:0",
            "usr folder 0755 0:0",
            "usr/lib folder 0755 0:0",
            "usr/lib/application.yml file 0644 0:0",
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_is_shared_until_the_bases_differ_where_it_lies() {
    let elsewhere = [Layer::new().directory("srv", 0o700), Layer::new().directory("srv", 0o755)];
    let shared = Bench::new(&with_layers(elsewhere)).inject("/app/config/application.yml");
    let report = shared.build("cache").run().await.unwrap();
    assert!(report.layers.iter().all(|layer| layer.platforms.len() == 2));

    let apart = [Layer::new().directory("app", 0o750).owned(7, 7), Layer::new().symlink("app", "srv/app")];
    let apart = Bench::new(&with_layers(apart)).inject("/app/config/application.yml").inject("/etc/application.yml");
    let report = apart.build("cache").run().await.unwrap();
    assert!(report.layers.iter().all(|layer| layer.platforms.len() == 1));
    let of = |platform| apart.entries(&report, platform);
    assert_eq!(of(0)["config"]["app"], "folder 0750 7:7");
    assert!(of(1)["config"].contains_key("srv/app/config/application.yml") && !of(1)["config"].contains_key("app"));
    assert_eq!(of(0).keys().collect::<Vec<_>>(), of(1).keys().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_would_replace_lib_is_refused_before_anything_is_sent() {
    for destination in ["/lib", "/usr/lib", "/etc/passwd/x"] {
        let bench = Bench::new(&Base::java()).inject(destination);
        let error = bench.build("cache").run().await.unwrap_err();
        let Error::Refused(findings) = &error else { panic!("{error}") };
        let finding = findings.refusing().next().unwrap();
        assert_eq!((finding.id, finding.place.as_str(), finding.platforms.len()), (Id::LayerPath, destination, 2));
        assert!(finding.reason.contains("the layer `config`") && finding.reason.contains("in the base"), "{finding}");
        assert!(error.hint().unwrap().contains("another destination"));
        assert_eq!((bench.registry.count("PUT", "/v2/koin/"), bench.registry.open_uploads()), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn skipping_reads_no_layer_and_says_so() {
    let mut bench = Bench::new(&Base::java()).inject("/lib/application.yml").inject("/app/config/application.yml");
    let looked = bench.build("cache").run().await.unwrap();
    bench.recipe.facts = FactsFrom::Skip;
    let report = bench.build("other").run().await.unwrap();
    assert_eq!((bench.layers_read(), bench.said("nobody looks into the base")), (0, true));
    let config = bench.entries(&report, 0).remove("config").unwrap();
    assert_eq!(config["app"], "folder 0755 0:0");
    assert!(config.contains_key("lib/application.yml") && !config.contains_key("lib"));
    let application =
        |report: &Report| report.layers.iter().filter(|layer| layer.name != "config").map(|layer| layer.digest.clone()).collect::<Vec<_>>();
    assert_eq!(application(&looked), application(&report));
    for mode in [LockMode::Write, LockMode::Update, LockMode::Frozen] {
        assert!(matches!(bench.run("cache", mode).await, Err(Error::LockWithoutFacts)));
    }
}
