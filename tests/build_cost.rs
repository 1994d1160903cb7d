//! What a build costs: requests and bytes by what changed, and a JAR that is read again only where that is needed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use imgbuild::build::LockMode;
use imgbuild::recipe::Injected;
use imgbuild::registry::Client;
use imgbuild::{Build, Cache, Platform, Recipe, RegistryTarget, Report};
use imgbuild_testkit::base::{Base, PlatformImage};
use imgbuild_testkit::elf::RunnableMachine;
use imgbuild_testkit::fixtures;
use imgbuild_testkit::jar::SpringBoot;
use imgbuild_testkit::registry::{Answer, Registry, What, When};

/// A registry with the base, a JAR, a configuration and a cache.
struct Bench {
    registry: Registry,
    folder: tempfile::TempDir,
    base: String,
    platforms: Vec<Platform>,
}

impl Bench {
    fn new() -> Self {
        let registry = Registry::start();
        registry.load_layout("library/amazoncorretto", fixtures::path("base")).unwrap();
        let base = registry.reference("library/amazoncorretto", "17");
        let platforms = vec![Platform::LINUX_AMD64, Platform::LINUX_ARM64];
        let bench = Self { registry, folder: tempfile::tempdir().unwrap(), base, platforms };
        bench.write_config("greeting: hello\n");
        bench.write_jar("one");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write_config(&self, text: &str) {
        fs::write(self.path("application.yml"), text).unwrap();
    }

    /// A JAR whose class holds this text. The same length gives a JAR of the same length: what is stored does not shrink.
    fn write_jar(&self, text: &str) {
        let resource = format!("{text}\n").repeat(20);
        fs::write(self.path("app.jar"), SpringBoot::new("3.5.0").file("BOOT-INF/classes/message.txt", resource.as_bytes()).build())
            .unwrap();
    }

    async fn push(&self, tag: &str) -> Report {
        self.push_from("cache", tag, LockMode::Use).await
    }

    async fn push_from(&self, cache: &str, tag: &str, lock: LockMode) -> Report {
        self.registry.clear_log();
        let mut recipe = Recipe::default();
        recipe.base = self.base.parse().unwrap();
        recipe.platforms = self.platforms.clone();
        let destination = "/app/config/application.yml".to_owned();
        recipe.configs = vec![Injected { source: self.path("application.yml"), destination, mode: None, platform: None }];
        let target = RegistryTarget::new(self.registry.reference("koin/api", tag).parse().unwrap());
        let cache = Cache::open(self.path(cache)).unwrap();
        let build = Build::new(recipe, self.path("app.jar")).registry(Client::default()).cache(cache).target(target);
        let build = if lock == LockMode::Use { build } else { build.lock(self.path("imgbuild.lock"), lock) };
        build.run().await.unwrap()
    }

    /// Requests and bytes of bodies since the last build began.
    fn cost(&self) -> (usize, u64) {
        let requests = self.registry.requests().into_iter().filter(|entry| entry.path.starts_with("/v2/"));
        requests.fold((0, 0), |(count, bytes), entry| (count + 1, bytes + entry.bytes_in))
    }

    /// The layer of the application, as the last build had it.
    fn application(report: &Report) -> String {
        report.layers.iter().find(|layer| layer.name == "application").unwrap().digest.to_string()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cold_build_asks_little_and_reads_each_layer_of_the_base_once() {
    let bench = Bench::new();
    bench.push("1").await;
    let (requests, _) = bench.cost();
    assert!(requests <= 32, "{requests} requests:\n{}", bench.registry.log().lines().join("\n"));
    assert_eq!(bench.registry.count("GET", "/blobs/"), 2 + 4, "the two configurations of the base, and once its four layers");
}

/// The base is mounted layer by layer; beside that nobody asks about it but for what its tag is now.
#[tokio::test(flavor = "multi_thread")]
async fn a_cold_build_with_a_lock_gets_nothing_at_all() {
    let bench = Bench::new();
    let first = bench.push_from("cache", "1", LockMode::Write).await;
    let second = bench.push_from("another", "2", LockMode::Frozen).await;
    assert_eq!(first.digest, second.digest);
    let (requests, _) = bench.cost();
    let log = bench.registry.log().lines().join("\n");
    assert!(requests <= 18, "{requests} requests:\n{log}");
    assert_eq!((bench.registry.count("GET", "/blobs/"), bench.registry.count("GET", "/manifests/")), (0, 0), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_build_asks_for_the_base_the_tag_and_who_may_pull() {
    let bench = Bench::new();
    bench.push("1").await;
    assert!(bench.push("1").await.unchanged);
    assert_eq!(bench.cost(), (3, 0), "{}", bench.registry.log().lines().join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_config_costs_the_least_that_it_can() {
    let bench = Bench::new();
    bench.push("1").await;
    bench.write_config("greeting: changed\n");
    bench.push("1").await;
    let (requests, bytes) = bench.cost();
    assert!(requests <= 13 && bytes <= 10_000, "{requests} requests, {bytes} bytes:\n{}", bench.registry.log().lines().join("\n"));
}

/// What is common to all platforms is asked for and sent once: each further one costs the upload of its configuration, which takes
/// two requests, and its manifest.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_config_costs_three_requests_more_for_each_further_platform() {
    let all = [
        ("linux/amd64", RunnableMachine::Amd64),
        ("linux/arm64/v8", RunnableMachine::Arm64),
        ("linux/amd64/v2", RunnableMachine::Amd64),
        ("linux/amd64/v3", RunnableMachine::Amd64),
        ("linux/amd64/v4", RunnableMachine::Amd64),
        ("linux/arm64/v9", RunnableMachine::Arm64),
    ];
    let mut costs = Vec::new();
    for count in [1, 2, 6] {
        let mut bench = Bench::new();
        let base = |base: Base, (platform, machine): &(&str, _)| base.platform(PlatformImage::java(platform, *machine, "17.0.12"));
        let base = all[..count].iter().fold(Base::new(), base).build();
        let folder = bench.path("base");
        base.write_layout(&folder, "17").unwrap();
        bench.registry.load_layout("library/wide", &folder).unwrap();
        bench.base = bench.registry.reference("library/wide", "17");
        bench.platforms = all[..count].iter().map(|(platform, _)| platform.parse().unwrap()).collect();
        assert_eq!(bench.push("1").await.platforms.len(), count);
        bench.write_config("greeting: changed\n");
        bench.push("1").await;
        costs.push(bench.cost().0);
    }
    assert_eq!(costs, [10, 13, 25]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_class_costs_little_under_a_new_tag_too() {
    let bench = Bench::new();
    bench.push("1").await;
    bench.write_jar("two");
    bench.push("2").await;
    let (requests, bytes) = bench.cost();
    assert!(requests <= 14 && bytes <= 40_000, "{requests} requests, {bytes} bytes:\n{}", bench.registry.log().lines().join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_lost_what_its_manifests_name_gets_it_again() {
    let bench = Bench::new();
    bench.push("1").await;
    bench.write_config("greeting: changed\n");
    let unknown = Answer::error(404, "MANIFEST_BLOB_UNKNOWN");
    bench.registry.inject(When::request("PUT", "/manifests/sha256:").nth(1).then(What::Answer(unknown)));
    let report = bench.push("1").await;
    assert_eq!(bench.registry.manifest("koin/api", "1").unwrap().digest, report.digest.to_string());
    // The layers of one platform and its configuration, beside what was new.
    assert!(bench.registry.count("PUT", "/blobs/uploads/") > 3 + report.layers.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_jar_is_never_stale_whatever_its_times_and_length_say() {
    let bench = Bench::new();
    let long_ago = SystemTime::now() - Duration::from_hours(24);
    let set_time = || File::options().write(true).open(bench.path("app.jar")).unwrap().set_modified(long_ago).unwrap();
    let mut seen = Vec::new();
    for text in ["one", "two", "six", "ten"] {
        bench.write_jar(text);
        set_time();
        seen.push((fs::metadata(bench.path("app.jar")).unwrap().len(), Bench::application(&bench.push("1").await)));
    }
    assert!(seen.windows(2).all(|pair| pair[0].0 == pair[1].0), "the JARs have different lengths: {seen:?}");
    let mut digests: Vec<_> = seen.into_iter().map(|(_, digest)| digest).collect();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), 4, "an old layer was sent for a new JAR");
}

/// With the mark of the last run the file need not be read.
#[tokio::test(flavor = "multi_thread")]
async fn a_jar_that_has_settled_is_remembered_by_its_mark() {
    let bench = Bench::new();
    tokio::time::sleep(Duration::from_secs(4)).await;
    let first = bench.push("1").await;
    let mark = |file: &PathBuf| fs::read_to_string(file).unwrap_or_default().contains("\"mark\":\"");
    let records: Vec<PathBuf> = fs::read_dir(bench.path("cache/v1/records")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(records.iter().filter(|file| mark(file)).count() >= 2, "{records:?}");
    let second = bench.push("1").await;
    assert_eq!((first.digest, second.unchanged), (second.digest, true));
}
