//! `diff`: what differs by name, wherever the images lie; 0 for the same and 6 for others.

use imgbuild_testkit::jar::{Entry, Jar, Manifest};
use serde_json::{Value, json};

use crate::bench::{Application, Bench, CANARY, foreign, lines_below};

/// The changes of both platforms, which are the same, without what explains them.
fn changes(found: &Value) -> Vec<Value> {
    let platforms = found["platforms"].as_array().unwrap();
    let of = |platform: &Value| {
        let mut changes = platform["changes"].as_array().unwrap().clone();
        for change in &mut changes {
            assert!(change.as_object_mut().unwrap().remove("why").is_some_and(|why| why.is_string()));
        }
        changes
    };
    assert!(platforms.iter().all(|platform| of(platform) == of(&platforms[0])), "{found}");
    of(&platforms[0])
}

#[test]
fn one_dependency_one_class_and_one_key_are_named_wherever_the_images_lie() {
    let bench = Bench::new();
    bench.build("left", &[]);
    let other = Application { jackson: "2.18.0", says: "two", password: format!("{CANARY}-2"), ..Application::default() };
    bench.build_of(&other, "right", &[]);
    let (left, right) = (bench.name("left"), bench.name("right"));
    for (one, two) in [
        ("oci:left", "oci:right"),
        ("oci-archive:left.tar", "oci-archive:right.tar"),
        (left.as_str(), right.as_str()),
        ("oci-archive:left.tar", right.as_str()),
        (left.as_str(), "oci:right"),
    ] {
        let (code, found) = bench.json(&["diff", one, two]);
        let expected = [
            json!({"kind": "dependency", "name": "jackson-databind", "state": "changed", "from": "2.17.1", "to": "2.18.0"}),
            json!({"kind": "class", "class": "com.example.Orders", "library": null, "state": "changed"}),
            json!({"kind": "config-key", "file": "/app/config/application.yml", "key": "spring.datasource.password", "state": "changed"}),
        ];
        assert_eq!((code, changes(&found)), (Some(6), expected.to_vec()), "{one} {two}");
        assert_eq!((&found["same"], &found["verdict"]), (&json!(false), &json!("different")));

        let said = bench.run(&["diff", one, two]);
        assert_eq!(said.code, Some(6));
        let expected =
            ["~ jackson-databind 2.17.1 → 2.18.0", "~ com.example.Orders", "~ spring.datasource.password  in /app/config/application.yml"];
        let lines = lines_below(&said.stdout, "all platforms");
        let named: Vec<&str> = lines.into_iter().filter(|line| line.starts_with(['~', '+', '-'])).collect();
        assert_eq!(named, expected, "{}", said.stdout);
        assert_eq!(said.stdout.matches("why it matters: ").count(), 3, "{}", said.stdout);
    }
    for (one, two) in [("oci:left", "oci:left"), ("oci:left", left.as_str()), ("oci-archive:left.tar", "oci:left")] {
        let said = bench.run(&["diff", one, two]);
        assert!(said.code == Some(0) && said.stdout.starts_with("the same: sha256:"), "{said:?}");
        let (code, found) = bench.json(&["diff", one, two]);
        assert_eq!((code, &found["same"], &found["verdict"]), (Some(0), &json!(true), &json!("same")));
    }
}

#[test]
fn an_archive_of_docker_is_compared_with_what_it_was_made_of() {
    let bench = Bench::new();
    bench.build("left", &[]);
    let base = bench.base();
    let to = ["-o", "type=docker-archive,dest=docker.tar", "-t", "koin/api:1", "--platform=linux/amd64"];
    bench.write(&Application { says: "two", ..Application::default() });
    assert_eq!(bench.run(&Bench::with_inputs(&["build"], &base, &to)).code, Some(0));
    let (code, found) = bench.json(&["diff", "oci:left", "docker-archive:docker.tar", "--platform=linux/amd64"]);
    let kinds = |found: &Value| changes(found).iter().map(|change| change["kind"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(code, Some(6), "{found}");
    assert!(changes(&found).iter().any(|change| change["class"] == "com.example.Orders"), "{found}");
    // What is left is how the same is written down.
    assert!(kinds(&found).iter().all(|kind| ["class", "compression", "document"].contains(&kind.as_str())), "{found}");
}

#[test]
fn another_base_is_said_with_its_digest_and_its_jdk() {
    let bench = Bench::new();
    bench.build("left", &[]);
    bench.put_base("17", "17.0.13");
    bench.build("right", &[]);
    let (code, found) = bench.json(&["diff", "oci:left", "oci:right"]);
    assert_eq!(code, Some(6));
    for platform in found["platforms"].as_array().unwrap() {
        let of = |kind: &str| platform["changes"].as_array().unwrap().iter().find(|change| change["kind"] == kind).unwrap();
        for side in ["from", "to"] {
            let base = of("base")[side].as_str().unwrap();
            assert!(base.contains(&bench.base()) && base.contains("sha256:"), "{base}");
        }
        assert_ne!(of("base")["from"], of("base")["to"]);
        assert_eq!((&of("java")["from"], &of("java")["to"]), (&json!("17.0.12"), &json!("17.0.13")));
        assert_eq!(of("env")["name"], "JAVA_VERSION");
        assert!(platform["changes"].as_array().unwrap().iter().all(|change| change["kind"] != "class"), "{platform}");
    }
    let said = bench.run(&["diff", "oci:left", "oci:right"]);
    assert!(said.stdout.contains("17.0.12 → 17.0.13"), "{}", said.stdout);
}

#[test]
fn settings_are_named_and_what_is_secret_in_them_is_not_said() {
    let bench = Bench::new();
    let secret = |name: &str| format!("{name}={CANARY}");
    bench.build("left", &["--env", &secret("DB_PASSWORD"), "--env=GONE=1"]);
    let entrypoint = format!(r#"["java","-Dtoken={CANARY}","-jar","/app/app.jar"]"#);
    let changed = format!("DB_PASSWORD={CANARY}-2");
    let more = ["--env", &changed, "--env", &secret("NEW"), "--label", &secret("team"), "--entrypoint", &entrypoint, "--user=app"];
    bench.build("right", &[&more[..], &["--expose=8080", "--workdir=/srv", "--stop-signal=SIGINT"]].concat());
    let said = bench.run(&["diff", "oci:left", "oci:right"]);
    assert_eq!(said.code, Some(6));
    for line in [
        "~ DB_PASSWORD",
        "+ NEW",
        "- GONE",
        "+ team",
        r#"~ ENTRYPOINT ["java","-jar","/app/app.jar"] → ["java","-Dtoken=***","-jar","/app/app.jar"]"#,
        "~ USER none → app",
        "~ EXPOSE none → 8080/tcp",
        "~ WORKDIR /app → /srv",
        "~ STOPSIGNAL none → SIGINT",
    ] {
        assert!(said.stdout.lines().any(|found| found.trim() == line), "`{line}` is missing:\n{}", said.stdout);
    }
}

#[test]
fn what_a_build_writes_about_itself_is_said_as_such() {
    let bench = Bench::new();
    bench.build("left", &[]);
    let plain = Application::default();
    for (changed, file) in [
        (Application { build_time: "2", ..plain.clone() }, "build-info.properties"),
        (Application { commit: "b", ..plain.clone() }, "git.properties"),
    ] {
        bench.build_of(&changed, "right", &[]);
        let said = bench.run(&["diff", "oci:left", "oci:right"]);
        assert!(said.code == Some(6) && said.stdout.contains("only build information"), "{file}: {}", said.stdout);
        let (_, found) = bench.json(&["diff", "oci:left", "oci:right"]);
        assert_eq!(found["verdict"], "only-build-info", "{file}");
        assert!(changes(&found).iter().any(|change| change["file"].as_str().is_some_and(|named| named.ends_with(file))), "{found}");
    }
}

#[test]
fn timestamps_alone_are_said_as_such() {
    let bench = Bench::new();
    let jar = |date: u16| {
        let class = Entry::file("x/Main.class", &imgbuild_testkit::classfile::empty_class("x/Main", 61)).modified(date, 0);
        Jar::new().manifest(&Manifest::new().attribute("Main-Class", "x.Main")).entry(class).build()
    };
    bench.home.write("app.jar", jar(40));
    bench.build("left", &[]);
    bench.build("later", &["--mtime=1600000000", "--created=1700000000"]);
    bench.home.write("app.jar", jar(41));
    bench.build("packed", &[]);
    for other in ["oci:later", "oci:packed"] {
        let said = bench.run(&["diff", "oci:left", other]);
        assert!(said.code == Some(6) && said.stdout.contains("only timestamps differ"), "{other}: {}", said.stdout);
        assert_eq!(bench.json(&["diff", "oci:left", other]).1["verdict"], "only-timestamps", "{other}");
    }
}

#[test]
fn platforms_that_one_of_them_lacks_are_told() {
    let bench = Bench::new();
    bench.build("left", &[]);
    bench.build("right", &["--platform=linux/amd64"]);
    let said = bench.run(&["diff", "oci:left", "oci:right"]);
    assert!(said.code == Some(6) && said.stdout.contains("- platform linux/arm64"), "{}", said.stdout);
    let (code, found) = bench.json(&["diff", "oci:left", "oci:right", "--platform=linux/amd64"]);
    assert_eq!((code, &found["same"]), (Some(0), &json!(true)), "{found}");
    let missing = bench.run(&["diff", "oci:left", "oci:right", "--platform=linux/arm64"]);
    let said = missing.refused(1);
    assert!(said.contains("oci:right") && said.contains("linux/arm64") && said.contains("--platform linux/amd64"), "{said}");
}

#[test]
fn images_of_others_are_compared_too() {
    let bench = Bench::new();
    bench.build("left", &[]);
    let said = bench.run(&["diff", &foreign(), "oci:left"]);
    assert_eq!(said.code, Some(6), "{}", said.stderr);
    for part in ["+ jackson-databind 2.17.1", "+ com.example.Orders", "ENTRYPOINT none → "] {
        assert!(said.stdout.contains(part), "`{part}` is missing: {}", said.stdout);
    }
}
