//! `inspect`: what an image is made of, as text, as JSON, as it is stored, and as a tree on a terminal.

use imgbuild_testkit::base::{Base, Layer, PlatformImage};
use imgbuild_testkit::digest::sha256;
use imgbuild_testkit::elf::RunnableMachine;
use serde_json::json;

use crate::bench::{Bench, CANARY, foreign};
use crate::terminal::on_terminal;

#[test]
fn an_image_of_ours_says_what_it_is_made_of() {
    let bench = Bench::new();
    let (variable, label) = (format!("DB_HOST={CANARY}"), format!("api.token={CANARY}"));
    let digest = bench.build("image", &["--env", &variable, "--label", &label, "--label=team=koin", "--user=app"]);
    let base = bench.base();
    for place in ["oci:image", "oci-archive:image.tar", &bench.name("image")] {
        let said = bench.run(&["inspect", place]);
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        for part in [
            &digest[..],
            "linux/amd64",
            "linux/arm64",
            "made by imgbuild",
            &base,
            "base: ",
            "dependencies: 2 files",
            "jackson-databind 2.17.1  /app/lib/jackson-databind-2.17.1.jar",
            "/app/config/application.yml",
            r#"entrypoint ["java","-jar","/app/app.jar"]"#,
            "user app",
            "workdir /app",
            "env DB_HOST=***",
            "env JAVA_VERSION=17.0.12",
            "label team=koin",
            "label api.token=***",
        ] {
            assert!(said.stdout.contains(part), "`{part}` is missing from {place}:\n{}", said.stdout);
        }

        let (code, found) = bench.json(&["inspect", place]);
        assert_eq!((code, &found["digest"]), (Some(0), &json!(digest)));
        for image in found["platforms"].as_array().unwrap() {
            let names: Vec<&str> = image["layers"].as_array().unwrap().iter().filter_map(|layer| layer["name"].as_str()).collect();
            assert_eq!(names[names.len() - 3..], ["dependencies", "application", "config"], "{image}");
            let [bottom, .., top] = &image["layers"].as_array().unwrap()[..] else { panic!("{image}") };
            assert_eq!((&bottom["ofBase"], &bottom["contents"]), (&json!(true), &json!(null)));
            assert_eq!((&top["ofBase"], &top["contents"]["configuration"]), (&json!(false), &json!(["app/config/application.yml"])));
            assert_eq!((&image["madeByImgbuild"], &image["base"]["layers"]), (&json!(true), &json!(2)));
            assert_eq!(image["settings"]["labels"], json!({"api.token": "***", "team": "koin"}));
        }
    }
    let (_, all) = bench.json(&["inspect", "oci:image", "--layers=all", "--platform=linux/arm64"]);
    let platforms = all["platforms"].as_array().unwrap();
    let java: Vec<&str> =
        platforms[0]["layers"].as_array().unwrap().iter().filter_map(|layer| layer["contents"]["java"].as_str()).collect();
    assert_eq!((platforms.len(), java), (1, vec!["17.0.12"]));
}

#[test]
fn raw_is_what_is_stored_byte_for_byte() {
    let bench = Bench::new();
    let digest = bench.build("image", &[]);
    let raw = |more: &[&str]| bench.command(&[&["inspect", &bench.name("image"), "--raw"], more].concat()).output().unwrap().stdout;
    assert_eq!((raw(&[]), sha256(&raw(&[]))), (bench.registry.manifest("koin/api", "image").unwrap().bytes.to_vec(), digest));
    let (_, found) = bench.json(&["inspect", "oci:image"]);
    let child = raw(&["--platform=linux/arm64"]);
    assert_eq!(json!(sha256(&child)), found["platforms"][1]["manifest"]);
    let both = bench.run(&["inspect", "oci:image", "--raw", "--json"]);
    assert!(both.refused(2).contains("contradict each other"), "{both:?}");
}

#[test]
fn a_terminal_gets_a_tree_and_a_pipe_does_not() {
    let bench = Bench::new();
    bench.build("image", &[]);
    let Some(shown) = on_terminal(&bench.command(&["inspect", "oci:image"])) else { return };
    for part in ["├─ linux/amd64", "└─ linux/arm64", "│  ├─ layer ", "│  │  ├─ jackson-databind 2.17.1"] {
        assert!(shown.contains(part), "`{part}` is missing:\n{shown}");
    }
    assert!(!shown.contains(CANARY) && !bench.run(&["inspect", "oci:image"]).stdout.contains(['├', '└', '│']));
    let Some(shown) = on_terminal(&bench.command(&["diff", &foreign(), "oci:image"])) else { return };
    assert!(shown.contains("├─ from oci:") && shown.contains("└─ "), "{shown}");
}

#[test]
fn an_image_of_others_is_read_without_its_layers_unless_they_are_asked_for() {
    let bench = Bench::new();
    let base = bench.base();
    bench.registry.clear_log();
    let said = bench.run(&["inspect", &base]);
    assert!(said.code == Some(0) && !said.stdout.contains("made by imgbuild"), "{said:?}");
    assert_eq!(bench.registry.count("GET", "/blobs/"), 2, "two configurations");
    let all = bench.run(&["inspect", &base, "--layers=all"]);
    for part in ["Java 17.0.12", "A fixture of imgbuild"] {
        assert!(all.stdout.contains(part), "`{part}` is missing: {}", all.stdout);
    }
    let (_, found) = bench.json(&["inspect", &foreign()]);
    let others: Vec<&str> = found["others"].as_array().unwrap().iter().filter_map(|other| other["what"].as_str()).collect();
    assert_eq!(others, ["attestation", "attestation"]);
}

#[test]
fn names_that_would_act_on_a_terminal_are_written_out() {
    let bench = Bench::new();
    let hostile = Layer::new().file("app/\u{1b}[2J\u{202e}evil.yml", 0o644, b"a: 1\n").file("app/a\nb.yml", 0o644, b"a: 1\n");
    let image = PlatformImage::java("linux/amd64", RunnableMachine::Amd64, "17.0.12").layer(hostile).setting("User", json!("a\rb"));
    let layout = bench.home.path("hostile");
    Base::new().platform(image).build().write_layout(&layout, "1").unwrap();
    bench.build("image", &["--platform=linux/amd64"]);
    for words in [&["inspect", "oci:hostile", "--layers=all"][..], &["diff", "oci:image", "oci:hostile"]] {
        let said = bench.run(words);
        assert!(!said.stdout.contains(['\u{1b}', '\r', '\u{202e}']), "{words:?}: {:?}", said.stdout);
        assert!(said.stdout.contains(r"a\rb") && said.stdout.contains(r"\u{1b}[2J\u{202e}evil.yml"), "{words:?}: {}", said.stdout);
        assert!(said.stdout.contains(r"/app/a\nb.yml"), "{words:?}: {}", said.stdout);
    }
}
