//! The lock, as bad as it can be: each flaw is told with its place and a way on, and nothing is built.

use std::fs;

use imgbuild_testkit::home::Ended;
use serde_json::Value;

use crate::bench::Bench;

/// A bench whose lock is written, with its text.
fn locked() -> (Bench, String) {
    let bench = Bench::new();
    bench.build("image", &["--lock"]);
    let text = fs::read_to_string(bench.home.path("imgbuild.lock")).unwrap();
    (bench, text)
}

/// A build that would use the lock.
fn build(bench: &Bench, more: &[&str]) -> Ended {
    bench.run(&Bench::with_inputs(&["build"], &bench.base(), &[&["-o", "type=oci,dest=other"], more].concat()))
}

/// What a damaged lock says, by a build, by a check of guards and by a check of an image.
fn refused_everywhere(bench: &Bench) -> Vec<String> {
    let base = bench.base();
    let ended = [
        build(bench, &[]),
        build(bench, &["--locked"]),
        build(bench, &["--lock"]),
        bench.run(&Bench::with_inputs(&["check"], &base, &[])),
        bench.verify("oci:image", &[]),
        bench.verify("oci:image", &["--locked"]),
    ];
    assert!(!bench.home.path("other").exists(), "something was built");
    ended.iter().map(|ended| ended.refused(1).to_owned()).collect()
}

#[test]
fn a_damaged_lock_is_told_with_its_place_and_written_anew_on_demand() {
    let (bench, text) = locked();
    let line_of = |part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
    let half = text[..text.len() / 2].to_owned();
    let at = |line: usize| format!("in line {line}, column ");
    let cases = [
        ("a merge", text.replacen("  \"digest\"", "<<<<<<< HEAD\n  \"digest\"", 1), at(line_of("\"digest\""))),
        ("cut in its middle", half.clone(), at(half.lines().count())),
        ("empty", String::new(), at(1)),
        ("another key", text.replacen("\"manifest\"", "\"manifets\"", 1), at(line_of("\"manifest\""))),
        ("no digest", text.replacen("sha256:", "sha256;", 1), at(line_of("\"digest\""))),
        ("no permissions", text.replacen("folder 0", "folder 9", 1), at(line_of("folder 0"))),
        ("no version of Java", text.replacen("\"17.0.12\"", "\"seventeen\"", 1), at(line_of("17.0.12"))),
        ("a document that was changed", text.replacen("{\\\"", "{ \\\"", 1), at(line_of("{\\\""))),
        ("no number", text.replacen("\"version\": 1", "\"version\": \"1\"", 1), at(line_of("\"version\": 1"))),
        ("YAML", "base: x\ndigest: y\n".to_owned(), at(1)),
    ];
    for (what, broken, place) in cases {
        assert_ne!(broken, text, "{what}");
        bench.home.write("imgbuild.lock", &broken);
        for said in refused_everywhere(&bench) {
            for part in ["the lock `imgbuild.lock` is damaged", &place, "hint: ", "`--update-lock` writes it anew"] {
                assert!(said.contains(part), "{what} lacks `{part}`: {said}");
            }
        }
    }
    assert_eq!(build(&bench, &["--update-lock"]).code, Some(0));
    assert_eq!(fs::read_to_string(bench.home.path("imgbuild.lock")).unwrap(), text);
}

#[test]
fn a_lock_of_a_newer_imgbuild_is_not_called_damaged() {
    let (bench, text) = locked();
    bench.home.write("imgbuild.lock", text.replacen("\"version\": 1,", "\"version\": 2,\n  \"more\": {},", 1));
    for said in refused_everywhere(&bench) {
        assert!(said.contains("the lock `imgbuild.lock` has version 2, and this imgbuild reads version 1"), "{said}");
        assert!(said.contains("hint: use the imgbuild that wrote it, or write it anew with `--update-lock`"), "{said}");
    }
}

#[test]
fn what_is_no_text_or_no_file_is_told() {
    let (bench, _) = locked();
    bench.home.write("imgbuild.lock", [0xff, 0xfe, 0]);
    for said in refused_everywhere(&bench) {
        assert!(said.contains("cannot read the lock `imgbuild.lock`") && said.contains("`--update-lock` writes it anew"), "{said}");
    }
    fs::remove_file(bench.home.path("imgbuild.lock")).unwrap();
    fs::create_dir(bench.home.path("imgbuild.lock")).unwrap();
    for said in refused_everywhere(&bench) {
        assert!(said.contains("cannot read the lock `imgbuild.lock`"), "{said}");
    }
    let ended = build(&bench, &["--update-lock"]);
    assert!(ended.refused(1).contains("cannot write the lock `imgbuild.lock`"), "{ended:?}");
}

#[test]
fn a_lock_of_another_base_is_told_with_both() {
    let (bench, text) = locked();
    let (base, other) = (bench.base(), bench.registry.reference("library/other", "17"));
    bench.home.write("imgbuild.lock", text.replacen(&base, &other, 1));
    for said in refused_everywhere(&bench) {
        let both = format!("is of the base `{other}`, but `{base}` is to be built on");
        assert!(said.contains("the lock `imgbuild.lock`") && said.contains(&both), "{said}");
        assert!(said.contains("`--update-lock` makes it the lock of the new base; `--lock-file` names another lock"), "{said}");
    }
    bench.home.write("imgbuild.lock", &text);
    let digest = format!("{base}@sha256:{}", "0".repeat(64));
    let ended = build(&bench, &["--base", &digest]);
    assert!(ended.refused(1).contains("is to be built on"), "{ended:?}");
    assert_eq!(build(&bench, &["--locked", "--base", &digest, "--base", &base]).code, Some(0), "the last one counts");
}

#[test]
fn a_lock_that_contradicts_the_base_that_it_names_is_told_with_both() {
    let (bench, text) = locked();
    let lock: Value = serde_json::from_str(&text).unwrap();
    let manifest = lock["platforms"]["linux/arm64"]["manifest"].as_str().unwrap();
    let other = format!("sha256:{}", "0".repeat(64));
    bench.home.write("imgbuild.lock", text.replacen(manifest, &other, 1));
    for more in [&[][..], &["--locked"], &["--lock"]] {
        let ended = build(&bench, more);
        let said = ended.refused(1);
        let both = format!("says that `linux/arm64` is `{other}`, but in the base that it names it is `{manifest}`");
        assert!(said.contains("the lock `imgbuild.lock`") && said.contains(&both), "{said}");
        assert!(said.contains("hint: it was changed by hand or in a merge; `--update-lock` writes it anew"), "{said}");
    }
    // An image is judged by the base that it records.
    let ended = bench.verify("oci:image", &[]);
    assert!(ended.code == Some(6) && ended.stdout.contains("the lock holds the base sha256:000000000000"), "{ended:?}");
}

#[test]
fn a_tag_that_moved_is_told_and_the_lock_holds() {
    let (bench, text) = locked();
    let first = bench.build("first", &[]);
    bench.put_base("17", "17.0.13");
    for more in [&[][..], &["--locked"], &["--lock"]] {
        let ended = build(&bench, more);
        assert_eq!(ended.digest(), first, "{more:?}");
        for part in ["warning: the base `", " now, the lock holds sha256:", "`--update-lock` takes what it is now"] {
            assert!(ended.stderr.contains(part), "{more:?} lacks `{part}`: {}", ended.stderr);
        }
        assert_eq!(fs::read_to_string(bench.home.path("imgbuild.lock")).unwrap(), text);
    }
    assert_eq!(bench.verify("oci:first", &["--locked"]).code, Some(0), "it stands on what the lock holds");

    // Built without the lock, an image stands on another base than the lock holds.
    let moved = bench.build("moved", &["--lock-file=none.lock"]);
    assert_ne!(moved, first);
    for more in [&[][..], &["--locked"]] {
        let ended = bench.verify("oci:moved", more);
        assert_eq!(ended.code, Some(6), "{ended:?}");
        let lock: Value = serde_json::from_str(&text).unwrap();
        let held = lock["platforms"]["linux/amd64"]["manifest"].as_str().unwrap();
        let held = held.split_once(':').unwrap().1;
        assert!(ended.stdout.contains("linux/amd64: the same") && ended.stdout.contains("the lock holds the base "), "{}", ended.stdout);
        assert!(ended.stdout.contains(&held[..7]), "{held}: {}", ended.stdout);
        let (code, found) = bench.json(&Bench::with_inputs(&["verify", "oci:moved"], &bench.base(), more));
        assert_eq!(
            (code, &found["same"], &found["platforms"][0]["lockedBase"]),
            (Some(6), &false.into(), &lock["platforms"]["linux/amd64"]["manifest"])
        );
    }
    assert_eq!(bench.verify("oci:moved", &["--lock-file=none.lock"]).code, Some(0));

    let ended = build(&bench, &["--update-lock"]);
    assert_eq!(ended.digest(), moved);
    assert!(!build(&bench, &["--locked"]).stderr.contains("the lock holds"));
    assert_eq!(bench.verify("oci:first", &[]).code, Some(6));
}

#[test]
fn a_lock_that_must_not_change_is_told_what_would() {
    let bench = Bench::new();
    let base = bench.base();
    for ended in [build(&bench, &["--locked"]), bench.run(&Bench::with_inputs(&["check"], &base, &["--locked"]))] {
        let said = ended.refused(1);
        assert!(said.contains("there is no lock `imgbuild.lock`") && said.contains("write it with `--lock`"), "{said}");
    }
    bench.build("image", &["--platform=linux/amd64", "--lock"]);
    let (more, both) =
        (["--locked", "--user=app", "--config=application.yml:/srv/application.yml"], ["--platform=linux/amd64,linux/arm64"]);
    let ended = build(&bench, &[&more[..], &["--allow=unreadable-config=it lies there on purpose"], &both].concat());
    let said = ended.refused(1);
    for part in
        ["would change", "`linux/arm64` is not in it", "`linux/amd64`: the user `app` is not in it", "hint: run the build with `--lock`"]
    {
        assert!(said.contains(part), "`{part}` is missing: {said}");
    }
    bench.build("both", &[]);
    let ended = bench.verify("oci:both", &["--locked"]);
    assert!(ended.refused(1).contains("`linux/arm64` is not in it"), "{ended:?}");
    let contradiction = build(&bench, &["--locked", "--lock"]);
    assert!(contradiction.refused(2).contains("contradict each other"), "{contradiction:?}");
}

#[test]
fn with_a_lock_a_check_reads_no_layer_of_the_base() {
    let (bench, _) = locked();
    let layers = |ended: Ended| {
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let (_, found) = bench.json(&["inspect", "oci:image", "--layers=none"]);
        let layers = found["platforms"].as_array().unwrap().iter().flat_map(|image| image["layers"].as_array().unwrap().clone());
        let of_base = layers.filter(|layer| layer["ofBase"] == true).map(|layer| layer["digest"].as_str().unwrap().to_owned());
        of_base.map(|digest| bench.registry.count("GET", &digest)).sum::<usize>()
    };
    for more in [&[][..], &["--locked"]] {
        bench.registry.clear_log();
        assert_eq!(layers(bench.verify(&bench.name("image"), more)), 0, "{more:?}");
    }
    bench.registry.clear_log();
    assert_eq!(layers(bench.verify(&bench.name("image"), &["--lock-file=none.lock"])), 4);
}
