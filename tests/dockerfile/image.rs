//! What an image of a Dockerfile holds.

use imgbuild::jar::Layout;
use imgbuild_testkit::fixtures;
use imgbuild_testkit::validate::{CheckedPlatform, Report};
use serde_json::{Value, json};

use crate::bench::{Bench, MISSION};

/// The paths of each layer on top of the base.
fn layers(platform: &CheckedPlatform) -> Vec<Vec<&str>> {
    platform.layers[2..].iter().map(|layer| layer.tree.paths()).collect()
}

fn sound(report: Report) -> Report {
    report.into_result().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_missions_file_gives_one_layer_a_copy_byte_for_byte() {
    let bench = Bench::new(MISSION);
    let report = sound(bench.build().await.unwrap());
    assert_eq!(report.platforms.len(), 2);
    for platform in &report.platforms {
        assert_eq!(layers(platform), [vec!["app", "app/app.jar"], vec!["app", "app/config", "app/config/application.yml"]]);
        let jar = std::fs::read(fixtures::path("app.jar")).unwrap();
        assert_eq!(platform.layers[2].tree.content("app/app.jar"), Some(&jar[..]));
        let config = &platform.config["config"];
        assert_eq!(config["Entrypoint"], json!(["java", "-jar", "/app/app.jar"]));
        assert_eq!((config["WorkingDir"].as_str(), config.get("Cmd")), (Some("/app"), None));
    }
    assert_eq!(report.platforms[0].layers[2].digest, report.platforms[1].layers[2].digest);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_jar_is_layered_where_that_is_asked_for() {
    let bench = Bench::new(MISSION);
    let mut settings = bench.settings(&fixtures::path("base"));
    settings.layout = Some(Layout::Extracted);
    let report = sound(bench.build_with(settings).await.unwrap());
    let paths: Vec<Vec<&str>> = layers(&report.platforms[0]);
    assert!(paths.len() > 2, "{paths:?}");
    assert!(paths.concat().iter().any(|path| path.starts_with("app/lib/")), "{paths:?}");
    assert!(paths.concat().contains(&"app/app.jar"));
    assert_eq!(report.platforms[0].config["config"]["Entrypoint"], json!(["java", "-jar", "/app/app.jar"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_depend_on_platform_and_base_are_each_platforms_own() {
    let bench = Bench::new(
        "FROM x\nARG TARGETARCH\nENV ARCH=$TARGETARCH PATH=/opt/bin:$PATH\nWORKDIR /work\nCOPY agent-$TARGETARCH agent\nCOPY application.yml .\nCOPY --chmod=0755 sh /bin\nCMD echo $ARCH\n",
    );
    bench.write("context/sh", "a shell");
    for architecture in ["amd64", "arm64"] {
        bench.write(&format!("context/agent-{architecture}"), architecture);
    }
    let report = bench.build().await.unwrap();
    let [amd64, arm64] = &report.platforms[..] else { panic!("{report:?}") };
    for (platform, architecture) in [(amd64, "amd64"), (arm64, "arm64")] {
        assert_eq!(platform.layers[2].tree.content("work/agent"), Some(architecture.as_bytes()));
        let env: Vec<&str> = platform.config["config"]["Env"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(env.contains(&format!("ARCH={architecture}").as_str()), "{env:?}");
        assert!(env[0].starts_with("PATH=/opt/bin:/usr/local/sbin:"), "{env:?}");
        assert_eq!(platform.config["config"]["Cmd"], json!(["/bin/sh", "-c", "echo $ARCH"]));
    }
    assert_eq!(amd64.layers[3].digest, arm64.layers[3].digest, "what is equal is made once");
}

#[tokio::test(flavor = "multi_thread")]
async fn folders_patterns_owners_and_modes() {
    let bench = Bench::new(
        "FROM x\nWORKDIR /app\nCOPY --chown=1000:1000 --chmod=0640 conf/ conf\nCOPY lib/*.txt /tmp\nCOPY conf/a.yml /etc/a.yml\nADD application.yml /app\nWORKDIR /data/in\n",
    );
    bench.write("context/conf/a.yml", "a");
    bench.write("context/conf/deep/b.yml", "b");
    bench.write("context/lib/one.txt", "1");
    bench.write("context/lib/two.txt", "2");
    bench.write("context/lib/two.md", "2");
    bench.write("context/.dockerignore", "**/two.txt\n");
    let report = bench.build().await.unwrap();
    let platform = &report.platforms[0];
    let expected: [&[&str]; 5] = [
        &["app", "app/conf", "app/conf/a.yml", "app/conf/deep", "app/conf/deep/b.yml"],
        &["tmp", "tmp/one.txt"],
        &["etc", "etc/a.yml"],
        &["app", "app/application.yml"],
        &["data", "data/in"],
    ];
    assert_eq!(layers(platform), expected);
    let node = |path: &str| platform.layers[2].tree.node(path).unwrap();
    assert_eq!((node("app/conf/deep/b.yml").mode, node("app/conf/deep").mode, node("app/conf/a.yml").uid), (0o640, 0o640, 1000));
    assert_eq!((node("app").mode, node("app").uid), (0o755, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_context_gives_the_same_digest_whatever_its_times_and_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    let digests = [0o644, 0o600].map(|mode| {
        let bench = Bench::new(MISSION);
        std::fs::set_permissions(bench.path("context/application.yml"), std::fs::Permissions::from_mode(mode)).unwrap();
        bench
    });
    let [one, other] = [&digests[0], &digests[1]];
    let (one, other) = (one.build().await.unwrap(), other.build().await.unwrap());
    assert_eq!(one.platforms[0].digest, other.platforms[0].digest);
}
