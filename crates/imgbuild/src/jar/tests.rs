//! What a JAR is, what starts it, and which layout it gets when none is asked for.

use imgbuild_testkit::jar::spring_boot::Launcher;
use imgbuild_testkit::jar::{Jar as Maker, Manifest as MadeManifest, SpringBoot, library};

use super::*;

fn read(bytes: Vec<u8>) -> Jar {
    Jar::read("app.jar", Bytes::from(bytes)).unwrap()
}

fn plain_executable() -> Vec<u8> {
    Maker::new().manifest(&MadeManifest::new().attribute("Main-Class", "a.Main")).file("a/Main.class", b"x").build()
}

fn choice(boot: &SpringBoot) -> (Layout, String) {
    let Choice { layout, reason } = read(boot.build()).default_layout().unwrap();
    (layout, reason.unwrap_or_default())
}

#[test]
fn a_jar_is_what_its_manifest_says() {
    let table = [
        (SpringBoot::new("3.4.1").build(), Some("com.example.demo.DemoApplication"), true),
        (SpringBoot::new("3.4.1").start_class("x.Y").build(), Some("x.Y"), true),
        (SpringBoot::new("2.7.18").war().build(), Some("com.example.demo.DemoApplication"), true),
        (SpringBoot::new("3.4.1").launch_script("#!/bin/sh\nexit 0\n").build(), Some("com.example.demo.DemoApplication"), true),
        (plain_executable(), Some("a.Main"), false),
        (library("a", "1", &[]), None, false),
        (Maker::new().file("x", b"x").build(), None, false),
    ];
    for (number, (bytes, class, is_boot)) in table.into_iter().enumerate() {
        let jar = read(bytes);
        assert_eq!((jar.application_class(), matches!(jar.shape(), Shape::SpringBoot(_))), (class, is_boot), "{number}");
        assert_eq!(jar.require_executable().is_ok(), class.is_some(), "{number}");
    }
}

#[test]
fn what_cannot_be_started_says_why_and_what_to_use() {
    let library = read(library("a", "1", &[])).require_executable().unwrap_err();
    assert!(library.to_string().contains("no Main-Class") && library.hint().unwrap().contains("bootJar"), "{library}");
    let bare = read(Maker::new().file("x", b"x").build()).require_executable().unwrap_err();
    assert!(bare.to_string().contains("no manifest"), "{bare}");
    for extension in ["jar", "war"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(format!("demo-plain.{extension}"));
        std::fs::write(&path, Maker::new().manifest(&MadeManifest::new()).build()).unwrap();
        let alone = Jar::open(&path).unwrap().require_executable().unwrap_err();
        assert!(alone.hint().unwrap().contains("gradle bootJar"), "{alone}");
        let boot = folder.path().join(format!("demo.{extension}"));
        std::fs::write(&boot, b"anything").unwrap();
        let beside = Jar::open(&path).unwrap().require_executable().unwrap_err();
        assert_eq!(beside.hint(), Some(format!("use `{}`", boot.display())));
    }
}

#[test]
fn extracted_is_the_default_where_it_is_safe_and_the_reason_is_said_where_not() {
    let new = || SpringBoot::new("3.4.1");
    let table = [
        (new(), Layout::Extracted, ""),
        (new().war(), Layout::Extracted, ""),
        (SpringBoot::new("2.7.18"), Layout::Exploded, "spring-core 5.3"),
        (SpringBoot::new("3.2.0"), Layout::Exploded, "spring-core 6.1"),
        (new().without_library("spring-core"), Layout::Exploded, "not to be found"),
        (new().launcher(Launcher::Properties), Layout::Exploded, "PropertiesLauncher"),
        (new().meta("APP.SF", b"x"), Layout::Exploded, "it is signed (`META-INF/APP.SF`)"),
        (new().meta("SIG-APP", b"x"), Layout::Exploded, "it is signed"),
        (new().without_attribute("Start-Class"), Layout::Exploded, "no Start-Class"),
    ];
    for (boot, layout, says) in table {
        let (found, reason) = choice(&boot);
        assert_eq!(found, layout, "{reason}");
        assert!(reason.contains(says) && reason.is_empty() == says.is_empty(), "{reason} is not {says}");
    }
    let outside = new().jar().file("elsewhere.txt", b"x").build();
    let Choice { layout, reason } = read(outside).default_layout().unwrap();
    assert!(layout == Layout::Exploded && reason.as_ref().is_some_and(|reason| reason.contains("`elsewhere.txt`")), "{reason:?}");
    assert_eq!(read(plain_executable()).default_layout().unwrap(), Choice { layout: Layout::Packaged, reason: None });
}

#[test]
fn layouts_of_jars_that_are_not_spring_boots() {
    let jar = read(plain_executable());
    assert_eq!(jar.arrange(Layout::Packaged, "app.jar").unwrap().layers.len(), 1);
    for layout in [Layout::Extracted, Layout::Exploded] {
        let error = jar.arrange(layout, "app.jar").unwrap_err();
        assert!(error.to_string().contains("not a Spring Boot JAR") && error.hint().unwrap().contains("packaged"), "{error}");
    }
    assert!(matches!(read(library("a", "1", &[])).arrange(Layout::Packaged, "app.jar"), Err(Error::NoMainClass { .. })));
}

#[test]
fn libraries_come_in_the_order_of_the_class_path() {
    let boot = SpringBoot::empty("3.4.1").library("z-1.jar", &library("z", "1", &[])).library("a-1.jar", &library("a", "1", &[]));
    for boot in [boot.clone(), boot.clone().without_classpath_index(), boot.war()] {
        let jar = read(boot.build());
        let Shape::SpringBoot(found) = jar.shape() else { panic!("a Boot JAR") };
        let paths: Vec<&str> = found.libraries().iter().map(Library::path).collect();
        assert_eq!(paths, ["z-1.jar", "a-1.jar"]);
    }
}
