//! Input that cannot be used: told in the one form, and nothing half made is left.

use std::fs;

use imgbuild_testkit::jar::{Jar, Manifest};
use imgbuild_testkit::registry::{What, When};

use crate::support::{Site, base, build, fixture, home, run};

#[test]
fn jars_that_are_none() {
    let home = home();
    let whole = fs::read(fixture("app.jar")).unwrap();
    home.write("cut.jar", &whole[..whole.len() / 2]);
    let mut damaged = whole.clone();
    // In the middle lie the stored bytes of a nested library.
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    home.write("damaged.jar", &damaged);
    home.write("text.jar", "this is a text");
    home.write("empty.jar", "");
    home.write("photos.jar", Jar::new().file("a.txt", b"text").build());
    home.write("library.jar", Jar::new().manifest(&Manifest::new()).file("A.class", b"x").build());
    fs::create_dir(home.path("folder.jar")).unwrap();
    let plain = fixture("plain-gradle/demo-1.0.0-plain.jar");
    for (name, parts) in [
        ("missing.jar", ["cannot read `missing.jar`", "build the JAR first"]),
        ("cut.jar", ["`cut.jar`", "build it again"]),
        ("damaged.jar", ["`damaged.jar", "hint: "]),
        ("text.jar", ["`text.jar` is no JAR", "hint: "]),
        ("empty.jar", ["`empty.jar` is no JAR", "hint: "]),
        ("photos.jar", ["`photos.jar`", "hint: "]),
        ("library.jar", ["`library.jar` cannot be started", "executable JAR"]),
        ("folder.jar", ["`folder.jar`", "error: "]),
        (&plain, ["-plain.jar` is the plain JAR", "demo-1.0.0.jar`"]),
    ] {
        let ended = home.run(["build", name, &base(), "--output", "type=oci,dest=image", "--metadata-file", "m.json"]);
        let said = ended.refused(1);
        for part in parts {
            assert!(said.contains(part), "{name} lacks `{part}`: {said}");
        }
        assert!(!home.path("image").exists(), "{name}: something half made is left");
        assert!(!home.path("m.json").exists(), "{name}: a metadata file of a build that failed");
        assert_eq!(home.temporary_files(), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn bases_that_are_none() {
    let site = Site::start();
    let nothing = site.registry.reference("library/nothing", "17");
    let tag = site.registry.reference("library/amazoncorretto", "99");
    let digest = format!("{}@sha256:{}", site.registry.reference("library/amazoncorretto", "17"), "0".repeat(64));
    let cases: [(&[&str], i32, &[&str]); 5] = [
        (&["--base", &nothing], 5, &["cannot use the base", "library/nothing:17", "404"]),
        (&["--base", &tag], 5, &["cannot use the base", "amazoncorretto:99", "404"]),
        (&["--base", &digest], 5, &["cannot use the base", "sha256:0000"]),
        (&["--base", "oci:no-such-folder"], 1, &["cannot use the base `oci:no-such-folder`", "because: "]),
        (&["--platform", "linux/s390x"], 1, &["`linux/s390x`", "it has `linux/amd64`, `linux/arm64/v8`", "--platform linux/amd64"]),
    ];
    for (flags, code, parts) in cases {
        let ended = run(site.push("writer").args(flags));
        let said = ended.refused(code);
        for part in parts {
            assert!(said.contains(part), "{flags:?} lacks `{part}`: {said}");
        }
        site.assert_untouched();
    }
}

#[test]
fn a_base_of_other_bytes_than_its_digest_is_refused() {
    let site = Site::start();
    let digest = site.registry.manifest("library/amazoncorretto", "17").unwrap().digest;
    // A proxy may hold a damaged copy for long: asked again, it gives the same.
    site.registry.inject(When::request("GET", &digest).then(What::CorruptByte(40)));
    let base = format!("{}@{digest}", site.registry.reference("library/amazoncorretto", "17"));
    let ended = run(site.push("writer").args(["--base", &base]));
    let said = ended.refused(5);
    assert!(said.contains("cannot use the base") && said.contains(&digest[..19]), "{said}");
    site.assert_untouched();
}

#[test]
fn files_that_cannot_be_read() {
    let home = home();
    for (flag, value) in [("--config", "missing.yml"), ("--add", "missing:/opt/x"), ("--ca-file", "missing.pem")] {
        // The authority is read for TLS alone, so the last one needs a registry.
        let target = if flag == "--ca-file" { vec!["--push", "--tag", "registry.invalid/a:1"] } else { vec![] };
        let ended = run(build(&home).args([flag, value]).args(target));
        assert!(matches!(ended.code, Some(1 | 5)), "{}", ended.stderr);
        assert!(ended.stderr.contains("missing"), "{}", ended.stderr);
        assert!(!home.path("image").exists(), "{flag}");
    }
}
