//! The commands that bring images in and out, and what is kept between them, through the binary.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod asked;
mod engine;
mod referrers;
mod refused;
mod services;

use std::fs;

use imgbuild_testkit::base::{Base, PlatformImage};
use imgbuild_testkit::elf::RunnableMachine;
use imgbuild_testkit::fixtures;
use imgbuild_testkit::home::Home;
use imgbuild_testkit::peer;
use imgbuild_testkit::registry::Registry;
use serde_json::Value;

pub(crate) const DOCKERFILE: &str = "FROM amazoncorretto:17\nWORKDIR /app\nCOPY *.jar app.jar\nCOPY application.yml config/\nENTRYPOINT [\"java\",\"-jar\",\"/app/app.jar\"]\n";

pub(crate) fn home() -> Home {
    let home = Home::new(env!("CARGO_BIN_EXE_imgbuild"));
    fs::copy(fixtures::path("app.jar"), home.path("app.jar")).unwrap();
    fs::copy(fixtures::path("application.yml"), home.path("application.yml")).unwrap();
    home
}

pub(crate) fn base() -> String {
    format!("oci:{}:17", fixtures::path("base").display())
}

#[test]
fn a_dockerfile_is_built_from_its_context() {
    let home = home();
    home.write("Dockerfile", DOCKERFILE);
    home.write(".dockerignore", "image\ntemporary\n");
    let build = ["build", ".", "--base", &base(), "-o", "type=oci,dest=image"];
    let first = home.run(build).result().to_owned();
    let named = home.run([&build[..], &["-f", "Dockerfile"]].concat()).result().to_owned();
    assert_eq!(first, named);
    home.write("Dockerfile", DOCKERFILE.replace("ENTRYPOINT", "RUN true\nENTRYPOINT"));
    let said = home.run(build);
    let said = said.refused(2);
    assert!(said.contains("line 5") && said.contains("hint: do it before the build"), "{said}");
}

#[test]
fn a_rebase_onto_a_base_for_another_machine_is_refused_and_nothing_moves() {
    let (home, registry) = (home(), Registry::start());
    let (api, bad) = (registry.reference("koin/api", "1"), registry.reference("library/bad", "17"));
    assert!(home.run(["build", "app.jar", "--base", &base(), "--push", "-t", &api]).result().contains("koin/api:1@"));
    let java = |platform: &str| PlatformImage::java(platform, RunnableMachine::Amd64, "17.0.13");
    let crossed = Base::new().platform(java("linux/amd64")).platform(java("linux/arm64/v8"));
    crossed.build().write_layout(&home.path("bad"), "17").unwrap();
    assert!(home.run(["copy", "oci:bad:17", &bad]).result().contains("library/bad:17@"));
    let before = registry.manifest("koin/api", "1").unwrap().digest;
    let ended = home.run(["rebase", &api, "--base", &bad]);
    assert!(ended.refused(3).contains("base-architecture"), "{}", ended.stderr);
    assert!(ended.stderr.contains("error[base-architecture] `/usr/lib/jvm/java-17-fixture/bin/java` (linux/arm64"), "{}", ended.stderr);
    assert_eq!(registry.manifest("koin/api", "1").unwrap().digest, before);
    let allowed =
        home.run(["rebase", &api, "--base", &bad, "-t", &registry.reference("koin/api", "2"), "--allow", "base-architecture=emulated"]);
    assert!(allowed.result().contains("@sha256:") && allowed.stderr.contains("allowed: emulated"), "{}", allowed.stderr);
}

#[test]
fn an_image_is_copied_rebased_listed_and_found_behind() {
    let (home, registry) = (home(), Registry::start());
    let (jdk, api) = (registry.reference("library/jdk", "17"), registry.reference("koin/api", "1"));
    let digest = |text: &str| text.trim().rsplit_once('@').unwrap().1.to_owned();
    let copied = digest(home.run(["copy", &base(), &jdk]).result());
    let archived = digest(home.run(["copy", &jdk, "oci-archive:jdk.tar:17"]).result());
    assert_eq!(copied, archived);
    assert_eq!(digest(home.run(["copy", "oci-archive:jdk.tar", &registry.reference("mirror/jdk", "17")]).result()), copied);
    let _ = home.run(["build", "app.jar", "--base", &jdk, "-t", &api, "--push"]).result();
    assert_eq!(home.run(["base", &api]).code, Some(0));
    let tags: Value = serde_json::from_str(&home.run(["tags", &registry.reference("koin/api", "x"), "--json"]).stdout).unwrap();
    assert_eq!((tags[0]["tag"].as_str(), tags[0]["platforms"].as_array().unwrap().len()), (Some("1"), 2));
    assert!(tags[0]["builtByImgbuild"]["layers"].as_array().unwrap().len() > 1, "{tags}");

    // The tag moves to another image: here to the application itself, which is a base as good as any.
    let _ = home.run(["copy", &api, &jdk]).result();
    let behind = home.run(["base", &api]);
    assert!(behind.code == Some(6) && behind.stdout.contains("linux/amd64 is on"), "{behind:?}");
    let rebased = digest(home.run(["rebase", &api, "--base", &jdk]).result());
    let fresh = digest(home.run(["build", "app.jar", "--base", &jdk, "-t", &registry.reference("koin/api", "fresh"), "--push"]).result());
    assert_eq!(rebased, fresh);
    let refused = home.run(["rebase", &registry.reference("mirror/jdk", "17"), "--base", &jdk]);
    assert!(refused.refused(1).contains("no image that imgbuild built"), "{}", refused.stderr);
    let whole = fs::read(home.path("jdk.tar")).unwrap();
    fs::write(home.path("short.tar"), &whole[..whole.len() / 2]).unwrap();
    let short = home.run(["copy", "oci-archive:short.tar", "oci:out"]);
    assert!(short.refused(1).contains("cut short") && !home.path("out").exists(), "{}", short.stderr);
}

#[test]
fn the_cache_is_shown_shrunk_and_checked() {
    let (home, registry) = (home(), Registry::start());
    registry.load_layout("library/jdk", fixtures::path("base")).unwrap();
    let _ = home.run(["build", "app.jar", "--base", &registry.reference("library/jdk", "17"), "-o", "type=oci,dest=image"]).result();
    let folder = home.run(["cache", "dir"]).result().to_owned();
    assert!(fs::exists(format!("{}/v1/blobs/sha256", folder.trim())).unwrap(), "{folder}");
    let size = || serde_json::from_str::<Value>(&home.run(["cache", "size", "--json"]).stdout).unwrap();
    assert!(size()["blobs"].as_u64().unwrap() > 4, "{}", size());
    assert!(home.run(["cache", "prune"]).code == Some(2), "a limit is asked for");
    let _ = home.run(["cache", "prune", "--older-than", "1day"]).result();
    assert!(size()["blobs"].as_u64().unwrap() > 4);
    let records = fs::read_dir(format!("{}/v1/records", folder.trim())).unwrap().count() as u64;
    assert!(records > 1 && size()["records"].as_u64() == Some(records), "{}", size());
    let record = fs::read_dir(format!("{}/v1/records", folder.trim())).unwrap().next().unwrap().unwrap().path();
    fs::write(&record, "damaged").unwrap();
    let victim = fs::read_dir(format!("{}/v1/blobs/sha256", folder.trim())).unwrap().next().unwrap().unwrap().path();
    fs::write(&victim, "damaged").unwrap();
    let checked = home.run(["cache", "verify"]);
    assert!(
        checked.code == Some(6)
            && checked.stdout.contains("removed sha256:")
            && checked.stdout.contains("removed 1 records")
            && !victim.exists()
            && !record.exists(),
        "{checked:?}"
    );
    assert_eq!(home.run(["cache", "verify"]).code, Some(0));
    let _ = home.run(["cache", "prune", "--max-size", "0"]).result();
    assert_eq!((size()["bytes"].as_u64(), size()["records"].as_u64()), (Some(0), Some(0)));
}

#[test]
fn a_shell_and_a_reader_are_helped() {
    let home = home();
    home.write("Dockerfile", DOCKERFILE.replace("*.jar", "app.jar"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(home.run(["completions", shell]).stdout.contains("imgbuild"), "{shell}");
    }
    home.write("completions", home.run(["completions", "bash"]).stdout);
    if let Some(mut bash) = peer::find("bash") {
        let script = ". ./completions; COMP_WORDS=(imgbuild co); COMP_CWORD=1; _imgbuild imgbuild co imgbuild; echo ${COMPREPLY[@]}";
        assert_eq!(peer::output(bash.args(["-euc", script]).current_dir(home.folder())).trim(), "copy completions");
    }
    assert!(home.run(["man", "cache", "prune"]).stdout.contains("max\\-size"));
    assert_eq!(home.run(["man", "--dir", "pages"]).code, Some(0));
    if let Some(mut groff) = peer::find("groff") {
        let page = groff.args(["-man", "-ww", "-Tascii", "pages/imgbuild-cache-prune.1"]).current_dir(home.folder()).output().unwrap();
        let (shown, complaints) = (String::from_utf8_lossy(&page.stdout), String::from_utf8_lossy(&page.stderr));
        assert!(shown.contains("imgbuild 0.1.0") && complaints.is_empty(), "{shown}{complaints}");
    }
    assert!(home.path("pages/imgbuild-build.1").exists() && home.path("pages/imgbuild.1").exists());
    assert!(home.run(["init"]).refused(2).contains("no terminal to ask on"));
    assert_eq!(home.run(["init", "Dockerfile"]).result().trim(), "imgbuild.yaml");
    assert!(home.run(["init", "Dockerfile"]).refused(2).contains("is there already"));
    let built = home.run(["build", "--base", &base(), "-o", "type=oci,dest=image"]);
    assert!(built.result().contains("@sha256:"), "{built:?}");
}

#[test]
fn a_file_is_added_to_the_image_of_one_platform() {
    let home = home();
    home.write("lib.so", "for arm64");
    let build = |added: &[&str]| home.run([&["build", "app.jar", "--base", &base(), "-o", "type=oci,dest=image"], added].concat());
    assert!(build(&["--add", "linux/arm64=lib.so:/opt/lib.so", "--config", "linux/amd64=application.yml"]).result().contains("@sha256:"));
    let inspected: Value = serde_json::from_str(&home.run(["inspect", "oci:image", "--json", "--layers", "own"]).stdout).unwrap();
    let has = |platform: usize, text: &str| inspected["platforms"][platform].to_string().contains(text);
    assert!(has(0, "amd64") && has(1, "arm64"), "{inspected}");
    assert_eq!(
        ["\"additions\"", "application.yml"].map(|name| (has(0, name), has(1, name))),
        [(false, true), (true, false)],
        "{inspected}"
    );
    assert!(build(&["--add", "linux/x/y/z=lib.so:/opt/lib.so"]).refused(2).contains("no platform"));
}
