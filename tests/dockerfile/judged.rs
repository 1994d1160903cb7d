//! What the base really has decides where files land and whose they are, and guards judge what came out.

use imgbuild::build::{Error, Kind, LockMode};
use imgbuild::guard::Id;
use imgbuild::jar::{Layout, Natives};
use imgbuild::recipe::{FactsFrom, Settings};
use imgbuild::registry::Client;
use imgbuild::{Build, Location, Recipe, target};
use imgbuild_testkit::base::{Base, PlatformImage};
use imgbuild_testkit::classfile::empty_class;
use imgbuild_testkit::elf::{Machine, RunnableMachine, SharedObject};
use imgbuild_testkit::fixtures;
use imgbuild_testkit::jar::{SpringBoot, library};
use imgbuild_testkit::validate::Report;

use crate::bench::{Bench, MISSION};

/// `path mode uid:gid` of each entry of the layer with this number on top of the base, on the first platform.
fn entries(report: &Report, layer: usize) -> Vec<String> {
    let tree = &report.platforms[0].layers[2 + layer].tree;
    let shown = |path: &str| {
        let node = tree.node(path).unwrap();
        format!("{path} {:04o} {}:{}", node.mode, node.uid, node.gid)
    };
    tree.paths().into_iter().map(shown).collect()
}

/// The findings that refuse the build.
async fn refused(bench: &Bench, settings: Settings) -> Vec<(Id, String)> {
    let error = bench.build_with(settings).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Refused, "{error}");
    assert!(!bench.path("image").exists(), "nothing is written");
    let Error::Refused(findings) = error else { panic!("{error}") };
    findings.refusing().map(|finding| (finding.id, finding.place.clone())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_those_of_the_base_and_its_folders_keep_mode_and_owner() {
    let bench = Bench::new(
        "FROM x\nCOPY --chown=app application.yml /home/app\nCOPY --chown=app:daemon --chmod=0600 application.yml /tmp/a.yml\nUSER app\nWORKDIR /work/in\nCOPY --chown=0:nogroup application.yml .\n",
    );
    let report = bench.build().await.unwrap();
    assert_eq!(entries(&report, 0), ["home 0755 0:0", "home/app 0750 1000:1000", "home/app/application.yml 0644 1000:1000"]);
    assert_eq!(entries(&report, 1), ["tmp 1777 0:0", "tmp/a.yml 0600 1000:1"]);
    let work = ["work 0755 1000:1000", "work/in 0755 1000:1000", "work/in/application.yml 0644 0:65534"];
    assert_eq!(entries(&report, 2), work);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_user_of_the_base_owns_a_new_working_directory() {
    let bench = Bench::new("FROM x\nWORKDIR /work\nCOPY application.yml .\n");
    let java = |platform, machine| PlatformImage::java(platform, machine, "17.0.12").setting("User", "app".into());
    let base = Base::new().platform(java("linux/amd64", RunnableMachine::Amd64)).platform(java("linux/arm64/v8", RunnableMachine::Arm64));
    let report = bench.build_with(bench.on(&base)).await.unwrap();
    assert_eq!(entries(&report, 0), ["work 0755 1000:1000", "work/application.yml 0644 0:0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_folders_are_the_bases_and_not_those_of_most_bases() {
    // This base has no `/srv`, and its `/lib` is a link.
    let bench =
        Bench::new("FROM x\nCOPY application.yml /srv\nCOPY application.yml /lib\nCOPY conf /lib\nCOPY application.yml /lib/deep\n");
    bench.write("context/conf/deep/a", "a");
    let report = bench.build().await.unwrap();
    assert_eq!(entries(&report, 0), ["srv 0644 0:0"]);
    assert_eq!(entries(&report, 1), ["usr 0755 0:0", "usr/lib 0755 0:0", "usr/lib/application.yml 0644 0:0"]);
    assert_eq!(entries(&report, 2), ["usr 0755 0:0", "usr/lib 0755 0:0", "usr/lib/deep 0755 0:0", "usr/lib/deep/a 0644 0:0"]);
    assert!(entries(&report, 3).contains(&"usr/lib/deep/application.yml 0644 0:0".to_owned()), "a folder of an earlier step");

    let mut unseen = bench.settings(&fixtures::path("base"));
    unseen.facts = Some(FactsFrom::Skip);
    let report = bench.build_with(unseen).await.unwrap();
    assert_eq!(entries(&report, 0), ["srv/application.yml 0644 0:0"], "where nobody looks, the base is a usual one");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_whom_the_base_does_not_know_is_an_error_with_its_line() {
    let bench = Bench::new("FROM x\nCOPY --chown=ghost application.yml /\n");
    let error = bench.build().await.unwrap_err();
    assert!(error.to_string().contains("line 2") && error.to_string().contains("do not know `ghost`"), "{error}");
    let mut unseen = bench.settings(&fixtures::path("base"));
    unseen.facts = Some(FactsFrom::Skip);
    let error = bench.build_with(unseen).await.unwrap_err();
    assert!(error.to_string().contains("nobody looks into the base"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_knows_what_a_dockerfile_asks() {
    let bench = Bench::new("FROM x\nCOPY --chown=app application.yml /home/app\nCOPY application.yml /srv\n");
    let build = |dockerfile: &str, mode: LockMode| {
        bench.write("context/Dockerfile", dockerfile);
        let recipe = Recipe::from_sources([bench.settings(&fixtures::path("base"))]).unwrap();
        let to: Location = format!("oci:{}:1", bench.path("image").display()).parse().unwrap();
        let build = Build::new(recipe, bench.context()).registry(Client::default()).target(target::at(&to).unwrap());
        build.lock(bench.path("imgbuild.lock"), mode)
    };
    let first = "FROM x\nCOPY --chown=app application.yml /home/app\nCOPY application.yml /srv\n";
    let scanned = build(first, LockMode::Write).run().await.unwrap();
    let lock = std::fs::read_to_string(bench.path("imgbuild.lock")).unwrap();
    assert!(lock.contains("\"app\": \"1000:1000\"") && lock.contains("\"/srv\": \"absent\""), "{lock}");
    assert_eq!(build(first, LockMode::Frozen).run().await.unwrap().digest, scanned.digest);
    for (other, lacks) in [
        ("FROM x\nCOPY --chown=daemon application.yml /srv\n", "the user `daemon`"),
        ("FROM x\nCOPY application.yml /opt\n", "the path `/opt`"),
    ] {
        let error = build(other, LockMode::Frozen).run().await.unwrap_err();
        let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        assert!(format!("{error} {source}").contains(lacks), "{error} {source}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_without_a_jar_is_judged_by_its_base_and_its_files() {
    let crossed = |platform| PlatformImage::java(platform, RunnableMachine::Amd64, "17.0.12");
    let base = Base::new().platform(crossed("linux/amd64")).platform(crossed("linux/arm64/v8"));
    let bench = Bench::new("FROM x\nCOPY application.yml /opt/\nENTRYPOINT [\"java\", \"-cp\", \"/opt\", \"Main\"]\n");
    let java = "/usr/lib/jvm/java-17-fixture/bin/java".to_owned();
    assert_eq!(refused(&bench, bench.on(&base)).await, [(Id::BaseArchitecture, java)]);

    let table = [
        ("COPY application.yml /opt/\nENTRYPOINT [\"/opt/start\"]", Id::Entrypoint, "/opt/start"),
        ("COPY application.yml /opt/start\nENTRYPOINT [\"/opt/start\"]", Id::Entrypoint, "/opt/start"),
        ("COPY application.yml /opt/\nUSER ghost\nCMD [\"java\"]", Id::Entrypoint, "USER ghost"),
        ("COPY broken/application.yml /opt/\nCMD [\"java\"]", Id::UnreadableConfig, "/opt/application.yml"),
        ("COPY broken/application.yml /usr\nCOPY broken /etc/passwd/x\n", Id::LayerPath, "/etc/passwd/x"),
    ];
    for (steps, id, place) in table {
        let bench = Bench::new(&format!("FROM x\n{steps}\n"));
        bench.write("context/broken/application.yml", "a: [1\n");
        assert_eq!(refused(&bench, bench.settings(&fixtures::path("base"))).await, [(id, place.to_owned())], "{steps}");
    }
    // What the base starts is its own affair: this one's command is not even there.
    assert!(Bench::new("FROM x\nCOPY application.yml /opt/\n").build().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_jar_that_is_started_is_judged_as_it_is_copied_and_as_it_is_laid_out() {
    let jar = SpringBoot::new("3.4.1").file("com/example/New.class", &empty_class("com/example/New", 65));
    for layout in [None, Some(Layout::Extracted)] {
        let bench = Bench::new(MISSION);
        bench.write("context/build/libs/KOIN_API_V2.jar", jar.build());
        let mut settings = bench.settings(&fixtures::path("base"));
        settings.layout = layout;
        assert_eq!(refused(&bench, settings).await, [(Id::ClassVersion, "com/example/New.class".to_owned())]);
    }
    // Of two JARs the one that is started counts; a config is looked for beside it.
    let two = "FROM x\nWORKDIR /app\nCOPY new.jar other.jar\nCOPY build/libs/KOIN_API_V2.jar app.jar\nCOPY application.yml config/application-prod.yml\nCMD [\"java\", \"-jar\", \"app.jar\"]\n";
    let bench = Bench::new(two);
    bench.write("context/new.jar", jar.build());
    let found = refused(&bench, bench.settings(&fixtures::path("base"))).await;
    assert_eq!(found, [(Id::UnreadableConfig, "/app/config/application-prod.yml".to_owned())]);
    let other = Bench::new(&two.replace("\"app.jar\"", "\"other.jar\""));
    other.write("context/new.jar", jar.build());
    assert!(refused(&other, other.settings(&fixtures::path("base"))).await.iter().any(|(id, _)| *id == Id::ClassVersion));
}

#[tokio::test(flavor = "multi_thread")]
async fn natives_of_other_platforms_stay_out_of_a_jar_that_is_laid_out() {
    let natives = [("x.so", SharedObject::jni(Machine::Amd64).build()), ("y.so", SharedObject::jni(Machine::Arm64).build())];
    let only = |file: &(&str, Vec<u8>)| library("n", "1", std::slice::from_ref(file));
    let jar =
        SpringBoot::new("3.4.1").library("n-1-linux-x86_64.jar", &only(&natives[0])).library("n-1-linux-aarch_64.jar", &only(&natives[1]));
    let bench = Bench::new(MISSION);
    bench.write("context/build/libs/KOIN_API_V2.jar", jar.build());
    let mut settings = bench.settings(&fixtures::path("base"));
    settings.natives = Some(Natives::Matching);
    let error = bench.build_with(settings.clone()).await.unwrap_err();
    assert!(matches!(error, Error::NativesWithoutLayout) && error.hint().unwrap().contains("--layout extracted"), "{error}");
    settings.layout = Some(Layout::Extracted);
    let report = bench.build_with(settings).await.unwrap();
    for (platform, there, gone) in [(0, "x86_64", "aarch_64"), (1, "aarch_64", "x86_64")] {
        let paths: Vec<&str> = report.platforms[platform].layers[2..].iter().flat_map(|layer| layer.tree.paths()).collect();
        let has = |machine: &str| paths.contains(&format!("app/lib/n-1-linux-{machine}.jar").as_str());
        assert!(has(there) && !has(gone), "{paths:?}");
    }
}
