//! `verify`: 0 where the inputs give the image byte for byte, 6 where not, with the first layer, entry and bytes that differ.

use serde_json::json;

use crate::bench::{Application, Bench, CANARY};

#[test]
fn the_same_inputs_give_the_same_image_wherever_it_lies() {
    let bench = Bench::new();
    let digest = bench.build("image", &[]);
    for place in
        ["oci:image", "oci-archive:image.tar", &bench.name("image"), &format!("{}@{digest}", bench.registry.reference("koin/api", "image"))]
    {
        let said = bench.verify(place, &[]);
        assert!(said.code == Some(0) && said.stdout.starts_with("verified: "), "{place}: {said:?}");
        assert!(said.stdout.contains(&digest), "{}", said.stdout);
        let (code, found) = bench.json(&Bench::with_inputs(&["verify", place], &bench.base(), &[]));
        assert_eq!((code, &found["same"], &found["found"], &found["rebuilt"]), (Some(0), &json!(true), &json!(digest), &json!(digest)));
    }
}

#[test]
fn what_differs_first_is_named_with_layer_entry_and_bytes() {
    let bench = Bench::new();
    bench.build("image", &[]);
    bench.write(&Application { says: "two", ..Application::default() });
    let said = bench.verify("oci:image", &[]);
    assert_eq!(said.code, Some(6), "{}", said.stderr);
    for part in [
        "different: oci:image is not what these inputs give",
        "linux/amd64: different, on the base sha256:",
        "linux/arm64/v8: different",
        "layer 4 `application` is the first that differs",
        "entry /app/app.jar: bytes ",
        "within it com/example/Orders.class: bytes ",
    ] {
        assert!(said.stdout.contains(part), "`{part}` is missing: {}", said.stdout);
    }
    let (code, found) = bench.json(&Bench::with_inputs(&["verify", "oci:image"], &bench.base(), &[]));
    let layer = &found["platforms"][0]["layer"];
    assert_eq!(
        (code, &layer["number"], &layer["name"], &layer["path"]),
        (Some(6), &json!(4), &json!("application"), &json!("/app/app.jar"))
    );
    let (bytes, within) = (&layer["bytes"], &layer["within"]);
    assert!(bytes["from"].as_u64().unwrap() < bytes["to"].as_u64().unwrap() && bytes["to"].as_u64() <= bytes["foundSize"].as_u64());
    assert_eq!((&within["path"], &within["bytes"]["foundSize"]), (&json!("com/example/Orders.class"), &within["bytes"]["rebuiltSize"]));

    bench.write(&Application { jackson: "2.18.0", ..Application::default() });
    let said = bench.verify("oci:image", &[]);
    let expected = "entry /app/lib/jackson-databind-2.17.1.jar: only the image has it";
    assert!(said.code == Some(6) && said.stdout.contains("layer 3 `dependencies`") && said.stdout.contains(expected), "{}", said.stdout);

    bench.write(&Application { password: format!("{CANARY}-2"), ..Application::default() });
    let said = bench.verify("oci:image", &[]);
    let expected = "entry /app/config/application.yml: bytes ";
    assert!(said.code == Some(6) && said.stdout.contains("layer 5 `config`") && said.stdout.contains(expected), "{}", said.stdout);
}

#[test]
fn flags_that_differ_are_told_by_what_they_change() {
    let bench = Bench::new();
    bench.build("image", &[]);
    let variable = format!("DB={CANARY}");
    for (flags, parts) in [
        (&["--compression=zstd"][..], &["compressed in another way"][..]),
        (&["--mtime=5"], &["entry /app", "mtime: found 315532800, rebuilt 5"]),
        (&["--chown=7"], &["uid: found 0, rebuilt 7"]),
        (&["--env", &variable], &["+ DB"]),
        (&["--user=app"], &["USER none → app"]),
        (&["--platform=linux/amd64"], &["the recipe does not name linux/arm64"]),
        (&["--platform=linux/amd64,linux/arm64,linux/s390x"], &["the image has no linux/s390x"]),
        (&["--layout=packaged"], &["layer 3 "]),
    ] {
        let said = bench.verify("oci:image", flags);
        assert_eq!(said.code, Some(6), "{flags:?}: {said:?}");
        for part in parts {
            assert!(said.stdout.contains(part), "{flags:?} lacks `{part}`: {}", said.stdout);
        }
    }
    let none = bench.verify("oci:image", &["--platform=linux/s390x"]);
    let said = none.refused(1);
    assert!(said.contains("it has no image for `linux/s390x`, it has `linux/amd64`") && said.contains("--platform linux/amd64"), "{said}");
}

#[test]
fn a_layer_that_somebody_added_is_named() {
    let bench = Bench::new();
    let add = ["--add", "app.jar:/opt/agent.jar"];
    bench.build("more", &add);
    bench.build("less", &[]);
    for (image, flags, says) in [("oci:more", &[][..], "the inputs give no such layer"), ("oci:less", &add, "the image has no such layer")]
    {
        let said = bench.verify(image, flags);
        let named = said.stdout.contains("layer 5 `additions` is the first that differs");
        assert!(said.code == Some(6) && named && said.stdout.contains(says), "{image}: {said:?}");
    }
}

#[test]
fn the_base_is_the_one_that_the_image_records_wherever_its_tag_is_by_now() {
    let bench = Bench::new();
    bench.build("image", &[]);
    bench.put_base("17", "17.0.13");
    let said = bench.verify(&bench.name("image"), &[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    // Named elsewhere, it is looked for there.
    bench.put_base("21", "21.0.4");
    let other = bench.registry.reference("library/jdk", "21");
    let said = bench.run(&["verify", "oci:image", "app.jar", "--config=application.yml", "--base", &other]);
    assert_eq!(said.code, Some(6), "{said:?}");
    let expected = format!("the image records the base {}, the recipe names {other}", bench.base());
    assert!(said.stdout.contains(&expected), "{}", said.stdout);

    let (_, found) = bench.json(&["inspect", "oci:image", "--layers=none"]);
    for image in found["platforms"].as_array().unwrap() {
        bench.registry.forget_manifest("library/jdk", image["base"]["digest"].as_str().unwrap());
    }
    let gone = bench.verify("oci:image", &[]);
    let said = gone.refused(5);
    for part in ["cannot read the base", "sha256:", "404", "hint: ", "--base"] {
        assert!(said.contains(part), "`{part}` is missing: {said}");
    }
}

#[test]
fn an_image_that_others_made_is_an_error_with_a_way_on() {
    let bench = Bench::new();
    for place in [crate::bench::foreign(), bench.base()] {
        let ended = bench.verify(&place, &[]);
        let said = ended.refused(1);
        for part in ["cannot verify", &place, "imgbuild did not make its image for `linux/amd64`", "hint: `imgbuild diff`"] {
            assert!(said.contains(part), "`{part}` is missing: {said}");
        }
    }
    let nothing = bench.verify("oci:nothing", &[]);
    assert!(nothing.refused(1).contains("oci:nothing"), "{nothing:?}");
    let nothing = bench.verify(&bench.name("nothing"), &[]);
    assert!(nothing.refused(5).contains("404"), "{nothing:?}");
}
