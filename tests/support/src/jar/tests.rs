use std::{fs, path::PathBuf};

use super::{
    Descriptor, Entry, Jar, SpringBoot, library,
    spring_boot::{Launcher, Version},
};
use crate::peer;

struct Written {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

fn write(bytes: &[u8]) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.jar");
    fs::write(&path, bytes).unwrap();
    Written { _folder: folder, path }
}

/// What Python's zipfile says of every entry after it has read it: name, method, flags, size, mode.
fn python_listing(bytes: &[u8]) -> Option<String> {
    let mut python = peer::find("python3")?;
    let script = "import sys,zipfile\n\
        z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None\n\
        for i in z.infolist(): print(ascii(i.filename), i.compress_type, i.flag_bits, i.file_size, oct(i.external_attr>>16), i.date_time[0])\n\
        print(z.comment.decode())";
    Some(peer::output(python.args(["-c", script]).arg(&write(bytes).path)))
}

fn unzip_tests(bytes: &[u8]) {
    let Some(mut unzip) = peer::find("unzip") else {
        return;
    };
    let file = write(bytes);
    // Exit code 1 is a warning: the extra bytes of a prefix.
    let output = unzip.arg("-t").arg(&file.path).output().unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", peer::text(&output));
    assert!(peer::text(&output).contains("No errors detected"), "{}", peer::text(&output));
}

fn every_way() -> Jar {
    Jar::new()
        .entry(Entry::directory("a"))
        .entry(Entry::file("a/deflated", b"deflated ".repeat(50).as_slice()))
        .entry(Entry::stored("a/stored", b"stored").preceded_by(b"bytes of no entry"))
        .entry(Entry::file("a/signed", b"signed").descriptor(Descriptor::Signed))
        .entry(Entry::file("a/unsigned", b"unsigned").descriptor(Descriptor::Unsigned))
        .entry(Entry::file("a/zip64", b"zip64").zip64())
        .entry(Entry::file("a/zip64-signed", b"zip64").zip64().descriptor(Descriptor::Signed))
        .entry(Entry::file("a/extra", b"x").extra(0xcafe, b"").extra(0x7075, b"note").comment("entry comment"))
        .entry(Entry::stored("a/run", b"#!/bin/sh\n").unix_mode(0o100_755).modified(45 << 9 | 6 << 5 | 7, 12 << 11))
        .entry(Entry::file("\u{d55c}\u{ae00}.txt", b"korean"))
        .comment(b"archive comment")
}

#[test]
fn python_and_unzip_read_every_way_to_keep_an_entry() {
    for jar in [
        every_way(),
        every_way().zip64(),
        every_way().prefix(b"#!/bin/sh\nexit 0\n"),
        every_way().prefix(b"#!/bin/sh\nexit 0\n").adjusted(),
        every_way().prefix(b"#!/bin/sh\nexit 0\n").adjusted().zip64(),
    ] {
        unzip_tests(&jar.build());
        let Some(listing) = python_listing(&jar.build()) else {
            return;
        };
        let expected = r"'a/' 0 0 0 0o40755 1980
'a/deflated' 8 0 450 0o100644 1980
'a/stored' 0 0 6 0o100644 1980
'a/signed' 8 8 6 0o100644 1980
'a/unsigned' 8 8 8 0o100644 1980
'a/zip64' 8 0 5 0o100644 1980
'a/zip64-signed' 8 8 5 0o100644 1980
'a/extra' 8 0 1 0o100644 1980
'a/run' 0 0 10 0o100755 2025
'\ud55c\uae00.txt' 8 2048 6 0o100644 1980
archive comment
";
        assert_eq!(listing, expected);
    }
}

#[test]
fn java_reads_every_way_to_keep_an_entry() {
    for jar in [every_way(), every_way().zip64(), every_way().prefix(b"#!/bin/sh\n")] {
        let Some(mut tool) = peer::find("jar") else {
            return;
        };
        let listing = peer::output(tool.arg("-tf").arg(&write(&jar.build()).path));
        assert_eq!(listing.lines().count(), 10, "{listing}");
    }
}

#[test]
fn boot_archives_start_their_launcher() {
    for (boot, class) in [
        (SpringBoot::new("2.7.18"), "org.springframework.boot.loader.JarLauncher"),
        (SpringBoot::new("3.1.12"), "org.springframework.boot.loader.JarLauncher"),
        (SpringBoot::new("3.2.0"), "org.springframework.boot.loader.launch.JarLauncher"),
        (SpringBoot::new("3.4.1").war(), "org.springframework.boot.loader.launch.WarLauncher"),
        (SpringBoot::new("4.0.0").launcher(Launcher::Properties), "org.springframework.boot.loader.launch.PropertiesLauncher"),
        (
            SpringBoot::new("2.7.18").launch_script("#!/bin/bash\nexec java -jar \"$0\"\nexit 0\n"),
            "org.springframework.boot.loader.JarLauncher",
        ),
    ] {
        let bytes = boot.build();
        unzip_tests(&bytes);
        let Some(mut java) = peer::find("java") else {
            return;
        };
        let file = write(&bytes);
        assert_eq!(peer::output(java.arg("-jar").arg(&file.path)), "the launcher of a fixture\n", "{class}");
        let Some(mut unzip) = peer::find("unzip") else {
            return;
        };
        let manifest = peer::text(&unzip.arg("-p").arg(&file.path).arg("META-INF/MANIFEST.MF").output().unwrap());
        assert!(manifest.contains(&format!("\r\nMain-Class: {class}\r\nStart-Class: com.example.demo.DemoApplication\r\n")), "{manifest}");
    }
}

#[test]
fn the_usual_layers_list_every_library_once() {
    let expected = "\
- \"dependencies\":
  - \"BOOT-INF/lib/spring-core-6.2.9.jar\"
  - \"BOOT-INF/lib/greeter-1.0.0.jar\"
- \"spring-boot-loader\":
  - \"org/\"
- \"snapshot-dependencies\":
  - \"BOOT-INF/lib/model-1.2.0-SNAPSHOT.jar\"
- \"application\":
  - \"BOOT-INF/classes/\"
  - \"BOOT-INF/classpath.idx\"
  - \"BOOT-INF/layers.idx\"
  - \"META-INF/\"
";
    assert_eq!(SpringBoot::new("3.4.1").layers_text().unwrap(), expected);
    assert_eq!(SpringBoot::new("2.2.0").layers_text(), None);
    assert_eq!(SpringBoot::new("3.4.1").without_layers_index().layers_text(), None);
}

#[test]
fn a_war_keeps_provided_libraries_apart() {
    let war = SpringBoot::new("3.4.1").war().provided_library("tomcat-embed-core-10.1.1.jar", &library("t", "1", &[]));
    assert!(war.library_paths().contains(&"WEB-INF/lib-provided/tomcat-embed-core-10.1.1.jar".into()));
    assert!(war.library_paths().contains(&"WEB-INF/lib/greeter-1.0.0.jar".into()));
}

#[test]
fn nested_libraries_are_stored_and_are_jars() {
    let boot = SpringBoot::new("3.4.1");
    let Some(listing) = python_listing(&boot.build()) else {
        return;
    };
    let nested = listing.lines().filter(|line| line.contains(".jar' 0 0 "));
    assert_eq!(nested.count(), 3, "{listing}");
    unzip_tests(&library("greeter", "1.0.0", &[("a/B.class", vec![1])]));
}

#[test]
fn the_version_decides_package_and_core() {
    let cases = [
        ("2.7.18", "org/springframework/boot/loader", "5.3.39"),
        ("3.1.9", "org/springframework/boot/loader", "6.0.23"),
        ("3.2.0", "org/springframework/boot/loader/launch", "6.1.21"),
        ("3.5.0", "org/springframework/boot/loader/launch", "6.2.9"),
        ("4.0.0-SNAPSHOT", "org/springframework/boot/loader/launch", "7.0.1"),
    ];
    for (text, package, core) in cases {
        let version = Version::parse(text);
        assert_eq!((version.package(), version.spring_core()), (package, core), "{text}");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    assert_eq!(SpringBoot::new("3.4.1").build(), SpringBoot::new("3.4.1").build());
}
