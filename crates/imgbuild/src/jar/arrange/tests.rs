//! The files of each layout, by the shapes of archives that make a difference.

use std::io::Read as _;

use imgbuild_testkit::jar::spring_boot::Launcher;
use imgbuild_testkit::jar::{SpringBoot, library};

use super::super::{Archive, Bytes, Error, Jar};
use super::*;

fn jar(boot: &SpringBoot) -> Jar {
    Jar::read("app.jar", Bytes::from(boot.build())).unwrap()
}

/// `layer path` of each file.
fn files(arrangement: &Arrangement) -> Vec<String> {
    let files = |layer: &Layer| layer.files.iter().map(|file| format!("{} {}", layer.name, file.path)).collect::<Vec<_>>();
    arrangement.layers.iter().flat_map(files).collect()
}

fn bytes(content: &Content) -> Vec<u8> {
    let mut bytes = Vec::new();
    content.open().read_to_end(&mut bytes).unwrap();
    assert_eq!(bytes.len() as u64, content.size());
    bytes
}

/// The application's JAR of an extracted layout.
fn thin(jar: &Jar) -> Jar {
    let arrangement = jar.arrange(Layout::Extracted, "app.jar").unwrap();
    let file = arrangement.layers.iter().flat_map(|layer| &layer.files).find(|file| file.path == "app.jar").unwrap();
    Jar::read("thin.jar", Bytes::from(bytes(&file.content))).unwrap()
}

fn attribute(jar: &Jar, name: &str) -> Option<String> {
    jar.manifest().unwrap().main().value(name).map(str::to_owned)
}

fn refusal(boot: &SpringBoot, layout: Layout) -> String {
    let error = jar(boot).arrange(layout, "app.jar").unwrap_err();
    assert!(matches!(error, Error::Layout { .. }) && error.hint().unwrap().contains("--layout"), "{error}");
    error.to_string()
}

#[test]
fn extracted_puts_libraries_beside_a_thin_jar() {
    let arrangement = jar(&SpringBoot::new("3.4.1")).arrange(Layout::Extracted, "app.jar").unwrap();
    let core = "dependencies lib/spring-core-6.2.9.jar";
    let expected =
        ["dependencies lib/greeter-1.0.0.jar", core, "snapshot-dependencies lib/model-1.2.0-SNAPSHOT.jar", "application app.jar"];
    assert_eq!(files(&arrangement), expected);
    assert_eq!(arrangement.launch, Launch::Jar("app.jar".to_owned()));
}

#[test]
fn the_thin_jar_starts_the_application_with_its_libraries() {
    let thin = thin(&jar(&SpringBoot::new("3.4.1")));
    assert_eq!(attribute(&thin, "Main-Class").as_deref(), Some("com.example.demo.DemoApplication"));
    assert_eq!(
        attribute(&thin, "Class-Path").as_deref(),
        Some("lib/spring-core-6.2.9.jar lib/greeter-1.0.0.jar lib/model-1.2.0-SNAPSHOT.jar")
    );
    for name in ["Start-Class", "Spring-Boot-Classes", "Spring-Boot-Lib", "Spring-Boot-Classpath-Index", "Spring-Boot-Layers-Index"] {
        assert_eq!(attribute(&thin, name), None, "{name}");
    }
    let names: Vec<&str> = thin.archive().entries().iter().map(super::super::Entry::name).filter(|name| !name.ends_with('/')).collect();
    assert_eq!(names, ["META-INF/MANIFEST.MF", "application.yml", "com/example/demo/DemoApplication.class", "static/index.html"]);
}

#[test]
fn the_thin_jar_depends_on_contents_alone() {
    let outline = |boot: &SpringBoot| {
        let arrangement = jar(boot).arrange(Layout::Extracted, "app.jar").unwrap();
        let file = arrangement.layers.iter().flat_map(|layer| &layer.files).find(|file| file.path == "app.jar").unwrap().clone();
        (bytes(&file.content), file.content.outline().cloned())
    };
    let boot = SpringBoot::new("3.4.1");
    let (one, other) = (boot.clone().file("a", b"1").file("b", b"2"), boot.clone().file("b", b"2").file("a", b"1"));
    assert_eq!(outline(&one), outline(&other), "the order of entries is not the content");
    assert_ne!(outline(&one).1, outline(&boot.file("a", b"1").file("b", b"3")).1, "what is as long is told apart");
}

#[test]
fn names_that_are_no_url_are_escaped_on_the_class_path() {
    let boot = SpringBoot::new("3.4.1").library("a b#c%.jar", &library("a", "1", &[])).library("\u{d55c}.jar", &library("h", "1", &[]));
    let class_path = attribute(&thin(&jar(&boot)), "Class-Path").unwrap();
    assert!(class_path.ends_with("lib/a%20b%23c%25.jar lib/\u{d55c}.jar"), "{class_path}");
}

#[test]
fn exploded_keeps_every_path_and_its_launcher() {
    let (old, new) = ("org.springframework.boot.loader.JarLauncher", "org.springframework.boot.loader.launch.JarLauncher");
    for (version, launcher) in [("2.7.18", old), ("3.1.12", old), ("3.2.0", new), ("4.0.0", new)] {
        let jar = jar(&SpringBoot::new(version));
        let arrangement = jar.arrange(Layout::Exploded, "app.jar").unwrap();
        assert_eq!(arrangement.launch, Launch::Class(launcher.to_owned()), "{version}");
        let mut paths: Vec<&str> = arrangement.layers.iter().flat_map(|layer| &layer.files).map(|file| file.path.as_str()).collect();
        paths.sort_unstable();
        let mut entries: Vec<&str> =
            jar.archive().entries().iter().filter(|entry| !entry.is_folder()).map(super::super::Entry::name).collect();
        entries.sort_unstable();
        assert_eq!(paths, entries, "{version}");
    }
}

#[test]
fn a_war_offers_what_a_container_would_have() {
    let boot = SpringBoot::new("3.4.1").war().provided_library("tomcat-10.jar", &library("tomcat", "10", &[]));
    let arrangement = jar(&boot).arrange(Layout::Extracted, "app.jar").unwrap();
    assert!(files(&arrangement).contains(&"dependencies lib/tomcat-10.jar".to_owned()), "{:?}", files(&arrangement));
    let exploded = jar(&boot).arrange(Layout::Exploded, "app.jar").unwrap();
    assert!(files(&exploded).iter().any(|file| file.ends_with(" WEB-INF/lib-provided/tomcat-10.jar")), "{:?}", files(&exploded));
}

#[test]
fn layers_are_those_of_the_index_and_none_is_empty() {
    let index = "- \"mine\":\n  - \"BOOT-INF/lib/greeter-1.0.0.jar\"\n- \"nothing\":\n- \"rest\":\n  - \"BOOT-INF/\"\n  - \"META-INF/\"\n  - \"org/\"\n";
    let arrangement = jar(&SpringBoot::new("3.4.1").layers_index(index)).arrange(Layout::Extracted, "app.jar").unwrap();
    let names: Vec<&str> = arrangement.layers.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names, ["mine", "rest"]);
    let none = jar(&SpringBoot::new("3.4.1").without_layers_index()).arrange(Layout::Exploded, "app.jar").unwrap();
    let names: Vec<&str> = none.layers.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names, ["dependencies", "spring-boot-loader", "snapshot-dependencies", "application"]);
}

#[test]
fn packaged_is_the_jar_byte_for_byte() {
    let jar = jar(&SpringBoot::new("2.7.18"));
    let arrangement = jar.arrange(Layout::Packaged, "app.jar").unwrap();
    assert_eq!(files(&arrangement), ["application app.jar"]);
    assert_eq!(bytes(&arrangement.layers[0].files[0].content), SpringBoot::new("2.7.18").build());
}

#[test]
fn a_signature_does_not_survive_what_changes_the_jar() {
    let boot = SpringBoot::new("3.4.1").meta("APP.SF", b"x").meta("APP.RSA", b"x").meta("services/a.B", b"c");
    let thin = thin(&jar(&boot));
    let names: Vec<&str> =
        thin.archive().entries().iter().map(super::super::Entry::name).filter(|name| name.starts_with("META-INF/")).collect();
    assert!(names.contains(&"META-INF/services/a.B") && !names.iter().any(|name| name.contains("APP.")), "{names:?}");
}

#[test]
fn what_would_not_start_is_refused() {
    let boot = || SpringBoot::new("3.4.1");
    assert!(refusal(&boot().launcher(Launcher::Properties), Layout::Extracted).contains("`loader.path`"));
    assert!(refusal(&boot().without_attribute("Start-Class"), Layout::Extracted).contains("no Start-Class"));
    assert!(refusal(&boot().meta("a.txt", b"1").file("META-INF/a.txt", b"2"), Layout::Extracted).contains("differ and would both become"));
    assert!(refusal(&boot().file("META-INF/MANIFEST.MF", b"A: 1\n"), Layout::Extracted).contains("the place of the JAR's manifest"));
    let same = boot().meta("a.txt", b"1").file("META-INF/a.txt", b"1");
    assert!(jar(&same).arrange(Layout::Extracted, "app.jar").is_ok(), "twins are one");
}

#[test]
fn names_of_layouts_read_back() {
    for layout in [Layout::Extracted, Layout::Exploded, Layout::Packaged] {
        assert_eq!(layout.to_string().parse(), Ok(layout));
    }
    assert!("fat".parse::<Layout>().unwrap_err().contains("`exploded`"));
}

#[test]
fn a_thin_jar_reads_in_any_pieces() {
    let jar = jar(&SpringBoot::new("3.4.1").file("empty", b""));
    let arrangement = jar.arrange(Layout::Extracted, "app.jar").unwrap();
    let content = &arrangement.layers.last().unwrap().files[0].content;
    let whole = bytes(content);
    for size in [1, 7, 4096] {
        let (mut reader, mut read, mut piece) = (content.open(), Vec::new(), vec![0; size]);
        assert_eq!(reader.read(&mut []).unwrap(), 0);
        loop {
            match reader.read(&mut piece).unwrap() {
                0 => break,
                count => read.extend_from_slice(&piece[..count]),
            }
        }
        assert!(read == whole, "{size}");
    }
    assert!(Archive::open("thin", Bytes::from(whole)).unwrap().entry("empty").is_some());
}
