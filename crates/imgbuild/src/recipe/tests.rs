use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value;

use super::file::Keys;
use super::*;
use crate::image::Healthcheck;
use crate::oci::Compression;

fn settings(text: &str) -> Settings {
    Settings::parse(text, "ci").unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn recipe(text: &str) -> Recipe {
    Recipe::parse(text, "ci").unwrap_or_else(|error| panic!("{text}\n{error}"))
}

fn refusal(text: &str) -> String {
    let error = Recipe::parse(text, "ci").err().unwrap_or_else(|| panic!("taken:\n{text}"));
    let hint = error.hint().map(|hint| format!(" // {hint}")).unwrap_or_default();
    format!("{error}{hint}")
}

fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn an_empty_file_is_the_defaults() {
    for text in ["", "\n", "# nothing\n", "---\n", "{}", "---\n# nothing\n...\n"] {
        assert_eq!(recipe(text), Recipe::default(), "{text:?}");
    }
}

#[test]
fn a_whole_recipe() {
    let text = r#"
base: oci:../base:17
platforms: [linux/amd64, linux/arm/v7]
layout: packaged
configs:
  - application.yml
  - logback.xml:/etc/app/
  - { source: /etc/ssl/ca.pem, destination: /etc/ca.pem, mode: 0400, platform: linux/amd64 }
add: agent.jar:/opt/agent.jar:0755
entrypoint: [java, -Xmx512m, -jar, /app/app.jar]
cmd: [--server.port=8080, 17]
env: { PORT: 8080, DEBUG: true, VERSION: 1.10, OCTAL: 010, EMPTY: "", TEXT: "no" }
labels: [team=api, query=a=b]
annotations: { "index:a": 1, "index,manifest:b": 2, c: 3, "org:d": 4 }
user: 1000
workdir: /srv/
expose: [8080, 9000-9001/udp]
volumes: [/data]
stop-signal: SIGINT
healthcheck: { test: curl -f localhost, interval: 30s, timeout: 1m30s, retries: 3 }
shell: [/bin/bash, -c]
chown: 1000
mtime: 2025-01-31T12:00:00Z
created: 1738324800
format: oci
compression: zstd:9
tags: [koin/api, "koin/api:1.0"]
mirrors: [docker.io=m.example/hub, docker.io=n.example]
"#;
    let file = settings(text);
    assert_eq!(file.tags.iter().map(ToString::to_string).collect::<Vec<_>>(), ["docker.io/koin/api", "docker.io/koin/api:1.0"]);
    let mirrors: Vec<crate::registry::Mirror> = ["docker.io=m.example/hub", "docker.io=n.example"].map(|text| text.parse().unwrap()).into();
    assert_eq!(file.mirrors, mirrors);
    let recipe = Recipe::from_sources([file]).unwrap();
    assert_eq!(recipe.base, Location::Layout { folder: "ci/../base".into(), tag: Some("17".to_owned()) });
    assert_eq!(recipe.platforms.iter().map(ToString::to_string).collect::<Vec<_>>(), ["linux/amd64", "linux/arm/v7"]);
    assert_eq!(recipe.layout, Some(Layout::Packaged));
    let places: Vec<_> = recipe.configs.iter().map(|one| (one.source.display().to_string(), one.destination.as_str(), one.mode)).collect();
    let expected = [
        ("ci/application.yml".to_owned(), "/srv/config/application.yml", None),
        ("ci/logback.xml".to_owned(), "/etc/app/logback.xml", None),
        ("/etc/ssl/ca.pem".to_owned(), "/etc/ca.pem", Some(0o400)),
    ];
    assert_eq!(places, expected);
    assert_eq!(recipe.configs[2].platform, Some(Platform::LINUX_AMD64));
    let agent = Injected { source: "ci/agent.jar".into(), destination: "/opt/agent.jar".into(), mode: Some(0o755), platform: None };
    assert_eq!(recipe.additions, [agent]);
    let overlay = &recipe.overlay;
    assert_eq!(overlay.entrypoint.as_deref().unwrap_or_default(), ["java", "-Xmx512m", "-jar", "/app/app.jar"]);
    assert_eq!(overlay.cmd.as_deref().unwrap_or_default(), ["--server.port=8080", "17"]);
    let env = [("PORT", "8080"), ("DEBUG", "true"), ("VERSION", "1.10"), ("OCTAL", "010"), ("EMPTY", ""), ("TEXT", "no")];
    assert_eq!(overlay.env, owned(&env));
    assert_eq!(overlay.labels, owned(&[("team", "api"), ("query", "a=b")]));
    assert_eq!(overlay.user.as_deref(), Some("1000"));
    assert_eq!(overlay.exposed_ports.iter().map(ToString::to_string).collect::<Vec<_>>(), ["8080/tcp", "9000-9001/udp"]);
    assert_eq!(overlay.volumes, ["/data"]);
    assert_eq!(overlay.stop_signal.as_deref(), Some("SIGINT"));
    let check = Healthcheck {
        test: vec!["CMD-SHELL".into(), "curl -f localhost".into()],
        interval: 30_000_000_000,
        timeout: 90_000_000_000,
        retries: 3,
        ..Healthcheck::none()
    };
    assert_eq!(overlay.healthcheck, Some(check));
    assert_eq!(overlay.shell.as_deref().unwrap_or_default(), ["/bin/bash", "-c"]);
    assert_eq!((recipe.owner.uid, recipe.owner.gid), (1000, 1000));
    assert_eq!((recipe.mtime, &recipe.created), (1_738_324_800, &Created::At(1_738_324_800)));
    assert_eq!(recipe.encoding.compression(), Compression::Zstd);
    let keys = |map: &std::collections::BTreeMap<String, String>| map.keys().cloned().collect::<Vec<_>>();
    assert_eq!(
        (keys(&recipe.annotations.index), keys(&recipe.annotations.manifest)),
        (vec!["a".into(), "b".into()], vec!["b".into(), "c".into(), "org:d".into()])
    );
}

#[test]
fn refusals_name_the_place_and_the_way_out() {
    for (text, expected) in [
        ("base: x\nplatfroms: []\n", "the recipe, line 2, column 1: unknown key `platfroms` // did you mean `platforms`?"),
        ("environment: {}\n", "the recipe, line 1, column 1: unknown key `environment` // did you mean `env`?"),
        ("configs:\n  - source: a\n    dest: /b\n", "the recipe, line 3, column 5: unknown key `dest` // did you mean `destination`?"),
        (
            "healthcheck:\n  test: x\n  start_period: 1s\n",
            "the recipe, line 3, column 3: unknown key `start_period` // did you mean `start-period`?",
        ),
        ("env:\n  A: 1\n  A: 2\n", "the recipe, line 3, column 3: the key `A` is there twice"),
        ("user: a\nuser: b\n", "the recipe, line 2, column 1: the key `user` is there twice"),
        ("env: [A=1, B=2, A=3]\n", "the recipe, line 1, column 6: `A` is there twice"),
        ("base:\n", "the recipe, line 1, column 5: the value is empty // leave the key out, or write `\"\"` for an empty text"),
        ("env: {A: ~}\n", "the recipe, line 1, column 10: the value is empty // leave the key out, or write `\"\"` for an empty text"),
        ("layout: thin\n", "the recipe, line 1, column 9: `thin` is no layout; there are `extracted`, `exploded` and `packaged`"),
        ("platforms: []\n", "the list of platforms is empty // leave the list out for `linux/amd64` and `linux/arm64`"),
        ("platforms: [linux/amd64, linux/x86_64]\n", "the platform `linux/amd64` is named twice"),
        ("add: [agent.jar]\n", "cannot place `ci/agent.jar` in the image: it has no destination; write `FILE:/PATH`"),
        ("workdir: api\nconfigs: [a.yml]\n", "cannot place `ci/a.yml` in the image: it has no destination; write `FILE:/PATH`"),
        (
            "configs: [a/x.yml, b/x.yml]\n",
            "`ci/a/x.yml` and `ci/b/x.yml` would both become `/app/config/x.yml` // give one of them another destination: `FILE:/PATH`",
        ),
    ] {
        assert_eq!(refusal(text), expected, "{text}");
    }
}

#[test]
fn refuses_what_is_not_strict() {
    for (text, part) in [
        ("entrypoint: java -jar app.jar\n", r#"expected a list of words, such as `["java", "-jar", "/app/app.jar"]`"#),
        ("env: PORT=8080\n", "a map, or a list of `NAME=VALUE`"),
        ("env: [PORT]\n", "write `NAME=VALUE`"),
        ("configs: [a.yml:etc/a.yml]\n", "must be an absolute path"),
        ("configs: [{destination: /a}]\n", "missing field `source`"),
        ("configs: [{source: a, destination: b}]\n", "it must be an absolute path"),
        ("configs: [a:/../b]\n", "may not be empty, `.` or `..`"),
        ("configs: [a:/b:999]\n", "octal"),
        ("chown: root\n", "in numbers"),
        ("expose: [http]\n", "is no port"),
        ("volumes: [data]\n", "absolute"),
        ("stop-signal: sigterm\n", "SIGTERM"),
        ("healthcheck: off\n", "`none`"),
        ("healthcheck: {test: [curl]}\n", "begins with `CMD`"),
        ("healthcheck: {test: x, interval: 30}\n", "with its unit"),
        ("healthcheck: {interval: 30s}\n", "missing field `test`"),
        ("created: yesterday\n", "is no time"),
        ("compression: lz4\n", "is no compression"),
        ("format: oci1\n", "is no format"),
        ("tags: [Koin/API]\n", "lower case"),
        ("mirrors: \"docker.io=https://m.example\"\n", "is no place for a mirror"),
        ("user: \"\"\n", "is empty"),
        ("[base]\n", "expected a map"),
        ("platform: linux/amd64\nplatforms: linux/arm64\n", "duplicate field"),
        ("base: x\n---\nbase: y\n", "document"),
        ("base: !secret x\n", "tag"),
        ("base: [\n", "expected a text"),
        ("env: {\n", "line "),
    ] {
        let refusal = refusal(text);
        assert!(refusal.contains(part), "{text}{refusal}");
        assert!(refusal.starts_with("the recipe, line ") || !refusal.contains("line"), "{refusal}");
    }
}

#[test]
fn anchors_and_merges_are_fine() {
    let text = "env: &shared {A: 1}\nlabels: {<<: *shared, B: 2}\nuser: &me 1000\nchown: *me\n";
    let recipe = recipe(text);
    assert_eq!(recipe.overlay.labels.len(), 2);
    assert_eq!(recipe.owner.uid, 1000);
}

#[test]
fn aliases_do_not_multiply_a_file() {
    // Within the size limit, and 50 GB once every alias is a copy.
    let text = format!("entrypoint: [&a {}{}]", "x".repeat(500_000), ", *a".repeat(100_000));
    assert!(refusal(&text).len() < 1_000);
}

#[test]
fn stronger_sources_win_by_name_and_place() {
    let file = settings(
        "base: a\nplatforms: [linux/arm64]\nenv: {A: 1, B: 2}\nexpose: 80\nentrypoint: [x]\ncmd: [y]\n\
         configs: [application.yml, logback.xml]\nlabels: {k: v}\nannotations: {n: old}\ncreated: 1",
    );
    let stronger = Settings::parse(
        "env: [B=3, C=4]\nexpose: [80, 81]\nentrypoint: [z]\nconfigs: /tmp/application.yml\nplatforms: linux/amd64\nannotations: {n: new}",
        "",
    );
    let recipe = Recipe::from_sources([file, stronger.unwrap()]).unwrap();
    assert_eq!(recipe.base.to_string(), "docker.io/library/a");
    assert_eq!(recipe.platforms, [Platform::LINUX_AMD64]);
    assert_eq!(recipe.overlay.env, owned(&[("A", "1"), ("B", "3"), ("C", "4")]));
    assert_eq!(recipe.overlay.exposed_ports.len(), 2);
    assert_eq!((recipe.overlay.entrypoint, recipe.overlay.cmd), (Some(vec!["z".to_owned()]), None));
    let sources: Vec<PathBuf> = recipe.configs.into_iter().map(|config| config.source).collect();
    assert_eq!(sources, [PathBuf::from("ci/logback.xml"), PathBuf::from("/tmp/application.yml")]);
    assert_eq!(recipe.annotations.manifest["n"], "new");
    assert_eq!(recipe.created, Created::At(1));
}

#[test]
fn a_working_directory_moves_the_default_place() {
    for (workdir, place) in [("/app", "/app/config/a.yml"), ("/", "/config/a.yml"), ("/srv/api/", "/srv/api/config/a.yml")] {
        assert_eq!(recipe(&format!("workdir: {workdir}\nconfigs: a.yml")).configs[0].destination, place);
    }
}

#[test]
fn files_as_text() {
    for (text, source, destination, bits) in [
        ("a.yml", "a.yml", None, None),
        ("dir/a.yml:/b", "dir/a.yml", Some("/b"), None),
        ("a:/b/", "a", Some("/b/"), None),
        ("/a:/b:0600", "/a", Some("/b"), Some(0o600)),
        ("a:/b:4755", "a", Some("/b"), Some(0o4755)),
        ("a:/", "a", Some("/"), None),
    ] {
        let expected = Injection { source: source.into(), destination: destination.map(str::to_owned), mode: bits, platform: None };
        assert_eq!(text.parse::<Injection>().unwrap(), expected, "{text}");
    }
    for text in ["", ":/b", "a:b", "a:", "a:/b:", "a:/b:8", "a:/b:77777", "a:/b//c", "a:/./c", "a:/b\0"] {
        assert!(text.parse::<Injection>().is_err(), "{text:?}");
    }
}

#[test]
fn commands_as_text() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    for (text, expected) in [
        (r#"["java","-jar","/a b.jar"]"#, Some(words(&["java", "-jar", "/a b.jar"]))),
        ("[]", Some(vec![])),
        ("", Some(vec![])),
        ("/start", Some(words(&["/start"]))),
        ("java -jar app.jar", None),
        ("[java]", None),
        ("[1]", None),
    ] {
        assert_eq!(text.parse::<Exec>().ok().map(|exec| exec.0), expected, "{text}");
    }
}

#[test]
fn owners_and_times_as_text() {
    for (text, expected) in [
        ("0", Some((0, 0))),
        ("1000:100", Some((1000, 100))),
        ("4294967295", None),
        ("", None),
        ("1:", None),
        ("+1", None),
        ("1:2:3", None),
        ("root", None),
    ] {
        assert_eq!(text.parse::<Owner>().ok().map(|owner| (owner.uid, owner.gid)), expected, "{text}");
    }
    for text in ["", "-1", "1.5", "2025-01-31T12:00:00Z", "0x10", " 1", "99999999999999999999"] {
        assert!(source_date_epoch(text).is_err(), "{text:?}");
    }
    assert_eq!(source_date_epoch("0").unwrap(), Created::At(0));
}

#[test]
fn a_file_that_is_no_recipe() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("imgbuild.yaml");
    let missing = Recipe::read(&path).unwrap_err();
    assert!(missing.hint().unwrap_or_default().contains("-f"), "{missing}");
    std::fs::write(&path, vec![b' '; (1 << 20) + 1]).unwrap();
    assert!(matches!(Recipe::read(&path), Err(Error::TooLarge { .. })));
    std::fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    assert!(matches!(Recipe::read(&path), Err(Error::Read { .. })));
    std::fs::write(&path, "configs: a.yml\nbase: oci:base").unwrap();
    let recipe = Recipe::read(&path).unwrap();
    assert_eq!(recipe.configs[0].source, folder.path().join("a.yml"));
    assert_eq!(recipe.base, Location::Layout { folder: folder.path().join("base"), tag: None });
}

/// The keys that the parser names when it meets one that it does not know.
fn known_keys<T: for<'de> serde::Deserialize<'de>>(text: &str) -> Vec<&'static str> {
    match serde_saphyr::from_str::<T>(text).map_err(|error| error.without_snippet().clone_unknown()) {
        Err(Some(keys)) => keys,
        _ => panic!("an unknown key was taken"),
    }
}

trait CloneUnknown {
    fn clone_unknown(&self) -> Option<Vec<&'static str>>;
}

impl CloneUnknown for serde_saphyr::Error {
    fn clone_unknown(&self) -> Option<Vec<&'static str>> {
        match self {
            Self::SerdeUnknownField { expected, .. } => Some(expected.clone()),
            _ => None,
        }
    }
}

fn schema_keys(schema: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

#[test]
fn the_schema_has_the_keys_of_the_parser() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for (text, part) in [
        ("nothing: 0", &schema),
        ("configs: [{nothing: 0}]", &schema["$defs"]["file"]["oneOf"][1]),
        ("healthcheck: {nothing: 0}", &schema["properties"]["healthcheck"]["oneOf"][1]),
    ] {
        let mut known = known_keys::<Keys>(text);
        known.sort_unstable();
        assert_eq!(known, schema_keys(part), "{text}");
        assert_eq!(part["additionalProperties"], false);
    }
}

#[test]
fn the_schema_s_examples_are_taken() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for file in ["Dockerfile", "api/Dockerfile"] {
        std::fs::create_dir_all(folder.path().join("api")).unwrap();
        std::fs::write(folder.path().join(file), "FROM amazoncorretto:17\n").unwrap();
    }
    for (key, property) in schema["properties"].as_object().unwrap() {
        let examples = property["examples"].as_array().unwrap_or_else(|| panic!("`{key}` has no example"));
        for example in examples.iter().chain(property.get("default")) {
            // JSON is YAML, so an example needs no other spelling.
            let mut keys = serde_json::json!({ key: example });
            if key == "context" {
                keys["dockerfile"] = "Dockerfile".into();
            }
            let parsed = Project::parse(&keys.to_string(), folder.path()).unwrap();
            assert_ne!(parsed, Project::default(), "{key}: {example}");
        }
    }
}

#[test]
fn a_file_may_be_for_one_platform() {
    let file: Injection = "linux/arm64=a=b.so:/opt/b.so:0755".parse().unwrap();
    assert_eq!((file.source.to_str(), file.mode), (Some("a=b.so"), Some(0o755)));
    assert!(file.platform.unwrap().matches(&Platform::LINUX_ARM64));
    assert_eq!("a=b:/c".parse::<Injection>().unwrap().platform, None);
    assert!("linux/x y=b:/c".parse::<Injection>().unwrap_err().to_string().contains("no platform"));
    assert!("linux/arm64=:/c".parse::<Injection>().is_err());
}

proptest! {
    #[test]
    fn no_text_panics(text in "[a-z:/*&\\[\\]{}<>~'\"\\- \n0-9,=]{0,80}") {
        let _ = Recipe::parse(&text, "");
    }

    #[test]
    fn values_survive_yaml(value in "[ -~]{0,30}") {
        let text = serde_json::json!({ "env": { "A": value } }).to_string();
        prop_assert_eq!(settings(&text).overlay.env, vec![("A".to_owned(), value)]);
    }

    #[test]
    fn a_file_s_text_is_its_parts(source in "[a-z./ -]{1,20}", destination in "(/[a-z.]{3,8}){1,3}/?", bits in proptest::option::of(0_u32..=0o7777)) {
        let suffix = bits.map(|bits| format!(":{bits:04o}")).unwrap_or_default();
        let parsed: Injection = format!("{source}:{destination}{suffix}").parse().unwrap();
        let expected = Injection { source: source.into(), destination: Some(destination), mode: bits, platform: None };
        prop_assert_eq!(parsed, expected);
    }

    #[test]
    fn small_values_never_panic(text in ".{0,40}") {
        let _ = (text.parse::<Injection>(), text.parse::<Exec>(), text.parse::<Owner>(), text.parse::<Annotation>());
        let _ = (text.parse::<Assignment>(), stop_signal(&text), mtime(&text), source_date_epoch(&text));
    }
}
