use std::path::{Path, PathBuf};

use imgbuild_testkit::base::{Base, PlatformImage};
use imgbuild_testkit::elf::RunnableMachine;
use imgbuild_testkit::fixtures;
use imgbuild_testkit::jar::{Entry, Jar, SpringBoot, library};
use imgbuild_testkit::registry::Registry;

use super::{Change, Diff, Difference, Verdict};
use crate::recipe::{Injected, Recipe};
use crate::{Build, LayoutTarget, Location};

/// What goes into an image: each test changes one thing.
struct Application {
    jackson: &'static str,
    class: &'static [u8],
    yaml: &'static str,
    build_info: &'static str,
    layout: Option<crate::jar::Layout>,
    change: fn(&mut Recipe),
}

impl Default for Application {
    fn default() -> Self {
        Self {
            jackson: "2.17.1",
            class: b"one",
            yaml: "server:\n  port: 1\nspring:\n  datasource:\n    password: CANARY1\n",
            build_info: "build.time=1\n",
            layout: None,
            change: |_| {},
        }
    }
}

impl Application {
    fn jar(&self) -> Vec<u8> {
        let core = library("spring-core", "6.2.9", &[("org/springframework/core/Core.class", b"core".to_vec())]);
        let jackson = library("jackson-databind", self.jackson, &[("com/fasterxml/J.class", self.jackson.as_bytes().to_vec())]);
        SpringBoot::empty("3.4.1")
            .library("spring-core-6.2.9.jar", &core)
            .library(&format!("jackson-databind-{}.jar", self.jackson), &jackson)
            .file("com/example/Orders.class", self.class)
            .file("com/example/Same.class", b"same")
            .file("META-INF/build-info.properties", self.build_info.as_bytes())
            .build()
    }

    async fn build(&self, folder: &Path, name: &str) -> Location {
        let config = folder.join(format!("{name}.yml"));
        std::fs::write(&config, self.yaml).unwrap();
        let destination = "/app/config/application.yml".to_owned();
        let base = format!("oci:{}", fixtures::path("base").display()).parse().unwrap();
        let mut recipe = Recipe { base, layout: self.layout, ..Recipe::default() };
        recipe.configs = vec![Injected { source: config, destination, mode: None, platform: None }];
        recipe.overlay.env = vec![("DB_PASSWORD".to_owned(), "CANARY2".to_owned())];
        recipe.allow = vec!["main-class=the JAR has only the classes that are compared".parse().unwrap()];
        (self.change)(&mut recipe);
        built(recipe, &self.jar(), folder.join(name)).await
    }
}

async fn built(recipe: Recipe, jar: &[u8], image: PathBuf) -> Location {
    let application = crate::build::Application::Bytes { name: "app.jar".to_owned(), bytes: jar.to_vec().into() };
    let build = Build::new(recipe, application);
    Box::pin(build.target(LayoutTarget::new(image.clone(), None)).run()).await.unwrap();
    format!("oci:{}", image.display()).parse().unwrap()
}

/// The differences between two applications, and everything that is shown of them.
async fn compared(left: &Application, right: &Application) -> (Difference, String) {
    let folder = tempfile::tempdir().unwrap();
    let (left, right) = (left.build(folder.path(), "left").await, right.build(folder.path(), "right").await);
    let difference = Diff::new(left, right).run().await.unwrap();
    let shown = format!("{}\n{}", difference.outline(), serde_json::to_string(&difference).unwrap());
    assert!(!shown.contains("CANARY"), "{shown}");
    (difference, shown)
}

fn lines(difference: &Difference) -> Vec<String> {
    assert_eq!(difference.platforms.len(), 2);
    assert_eq!(difference.platforms[0].changes, difference.platforms[1].changes);
    difference.platforms[0].changes.iter().map(Change::to_line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_dependency_one_class_and_one_key_are_named_and_nothing_else() {
    use crate::jar::Layout;
    for layout in [Layout::Extracted, Layout::Exploded, Layout::Packaged] {
        let left = Application { layout: Some(layout), ..Application::default() };
        let yaml = "server:\n  port: 1\nspring:\n  datasource:\n    password: CANARY3\n";
        let right = Application { layout: Some(layout), jackson: "2.18.0", class: b"two", yaml, ..Application::default() };
        let (difference, shown) = compared(&left, &right).await;
        let expected =
            ["~ jackson-databind 2.17.1 → 2.18.0", "~ com.example.Orders", "~ spring.datasource.password  in /app/config/application.yml"];
        assert_eq!(lines(&difference), expected, "{layout}: {shown}");
        assert_eq!(difference.verdict, Verdict::Different);
        assert!(shown.contains("all platforms") && shown.contains("why it matters"), "{shown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn build_information_alone_is_said_as_such() {
    let right = Application { build_info: "build.time=2\n", ..Application::default() };
    let (difference, shown) = compared(&Application::default(), &right).await;
    assert_eq!(difference.verdict, Verdict::OnlyBuildInfo, "{shown}");
    assert!(shown.contains("only build information"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn timestamps_alone_are_said_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let jar = |date: u16| {
        let jar = Jar::new().manifest(&imgbuild_testkit::jar::Manifest::new().attribute("Main-Class", "x.Main"));
        jar.entry(Entry::file("x/Main.class", b"class").modified(date, 0)).build()
    };
    let recipe = || Recipe { base: format!("oci:{}", fixtures::path("base").display()).parse().unwrap(), ..Recipe::default() };
    let one = built(recipe(), &jar(40), folder.path().join("one")).await;
    let two = built(recipe(), &jar(41), folder.path().join("two")).await;
    let later = Recipe { mtime: 1_600_000_000, created: crate::image::Created::At(1), ..recipe() };
    let later = built(later, &jar(40), folder.path().join("later")).await;
    for other in [two, later] {
        let difference = Diff::new(one.clone(), other).run().await.unwrap();
        assert_eq!(difference.verdict, Verdict::OnlyTimestamps, "{}", difference.outline());
        assert!(difference.outline().to_string().contains("only timestamps differ"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn compression_and_documents_are_told_from_content() {
    let zstd = Application { change: |recipe| recipe.encoding = "zstd".parse().unwrap(), ..Application::default() };
    let (difference, shown) = compared(&Application::default(), &zstd).await;
    assert_eq!(difference.verdict, Verdict::OnlyPacking, "{shown}");
    assert!(difference.platforms[0].changes.iter().any(|change| matches!(change, Change::Compression { .. })), "{shown}");
    let docker = Application { change: |recipe| recipe.format = crate::image::Format::Docker, ..Application::default() };
    let (difference, shown) = compared(&Application::default(), &docker).await;
    assert_eq!(difference.verdict, Verdict::OnlyDocuments, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_named_and_their_secrets_hidden() {
    let change = |recipe: &mut Recipe| {
        recipe.overlay.env = vec![("DB_PASSWORD".to_owned(), "CANARY4".to_owned()), ("NEW".to_owned(), "CANARY".to_owned())];
        recipe.overlay.user = Some("app".to_owned());
        recipe.overlay.entrypoint =
            Some(vec!["java".to_owned(), "-Dtoken=CANARY".to_owned(), "-jar".to_owned(), "/app/app.jar".to_owned()]);
        recipe.overlay.labels = vec![("team".to_owned(), "CANARY".to_owned())];
        recipe.overlay.exposed_ports = vec!["8080".parse().unwrap()];
    };
    let right = Application { change, ..Application::default() };
    let (difference, _) = compared(&Application::default(), &right).await;
    let expected = [
        "~ DB_PASSWORD",
        "+ NEW",
        r#"~ ENTRYPOINT ["java","-jar","/app/app.jar"] → ["java","-Dtoken=***","-jar","/app/app.jar"]"#,
        "~ USER none → app",
        "~ EXPOSE none → 8080/tcp",
        "+ team",
    ];
    assert_eq!(lines(&difference), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_image_is_the_same_wherever_it_lies_and_shared_layers_are_not_downloaded() {
    let (folder, registry) = (tempfile::tempdir().unwrap(), Registry::start());
    let left = Application::default().build(folder.path(), "left").await;
    let right = Application { class: b"two", ..Application::default() }.build(folder.path(), "right").await;
    let mut places = Vec::new();
    for (name, from) in [("one", left.clone()), ("two", right)] {
        let to: Location = registry.reference("koin/api", name).parse().unwrap();
        crate::Copy::new(from, crate::target::at(&to).unwrap()).run().await.unwrap();
        places.push(to);
    }
    let same = Diff::new(left, places[0].clone()).run().await.unwrap();
    assert!(same.same && same.outline().to_string().starts_with("the same: sha256:"));
    registry.clear_log();
    let difference = Diff::new(places[0].clone(), places[1].clone()).run().await.unwrap();
    assert_eq!(lines(&difference), ["~ com.example.Orders"]);
    assert_eq!(registry.count("GET", "/blobs/"), 4 + 2, "four configurations and the two layers that differ");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_bases_of_other_tools_are_compared_down_to_the_jdk() {
    let folder = tempfile::tempdir().unwrap();
    let mut places: Vec<Location> = Vec::new();
    for version in ["17.0.12", "21.0.4"] {
        let file = folder.path().join(version);
        let base = Base::new().platform(PlatformImage::java("linux/amd64", RunnableMachine::Amd64, version));
        std::fs::write(&file, base.build().layout_archive("x")).unwrap();
        places.push(format!("oci-archive:{}", file.display()).parse().unwrap());
    }
    let difference = Diff::new(places[0].clone(), places[1].clone()).run().await.unwrap();
    let text = difference.outline().to_string();
    assert!(text.contains("17.0.12 → 21.0.4"), "{text}");
}
