//! Command lines that make no sense: exit code 2, the form of every error, and a way on.

use crate::support::{base, build, fixture, home, run};

#[test]
fn what_makes_no_sense_is_told_with_a_way_on() {
    let home = home();
    let jar = fixture("app.jar");
    for (arguments, parts) in [
        (vec!["build", &jar, "--zzz"], ["there is no flag `--zzz`", "imgbuild build --help"]),
        (vec!["build", &jar, "--platfrom", "linux/amd64"], ["there is no flag `--platfrom`", "did you mean `--platform`?"]),
        (vec!["biuld", &jar], ["there is no command `biuld`", "did you mean `build`?"]),
        (vec!["build"], ["no JAR is named", "such as `build/libs/app.jar`"]),
        (vec!["build", &jar, "other.jar"], ["one JAR makes one image, and `other.jar` is another one", "`services:`"]),
        (vec!["build", &jar, "--base"], ["`--base <REF>` needs a value", "imgbuild build --help"]),
        (vec!["build", &jar, "--platform", "linux/sparc/v9/x"], ["for `--platform <OS/ARCH>`", "more than three parts"]),
        (vec!["build", &jar, "--tag", "Koin/API"], ["cannot use `Koin/API`", "because: "]),
        (vec!["build", &jar, "--output", "type=tar,dest=x"], ["there is no type `tar`", "type=oci-archive,dest=FILE"]),
        (vec!["build", &jar, "--progress", "fancy"], ["cannot use `fancy`", "write one of `auto`, `tty`, `plain`, `json`, `quiet`"]),
        (vec!["build", &jar, "--insecure", "http://host"], ["for `--insecure <HOST>`", "without a scheme"]),
        (vec!["build", &jar, "--no-cache", "--cache-dir", "x"], ["contradict each other", "hint: "]),
        (vec!["build", &jar, "--health-interval", "5s"], ["times but no command", "--health-cmd"]),
        (vec!["build", &jar, "--format=docker", "--annotation=a=b"], ["annotations need the OCI format", "make labels of them"]),
        (vec!["build", &jar], ["the image would go nowhere", "`--push`"]),
        (vec!["build", &jar, "--push"], ["no name to push to", "-t docker.io/"]),
    ] {
        let ended = home.run(&arguments);
        let said = ended.refused(2);
        for part in parts {
            assert!(said.contains(part), "{arguments:?} lacks `{part}`: {said}");
        }
    }
    assert!(!home.path("image").exists());
}

#[test]
fn help_is_a_result_and_a_missing_command_is_not() {
    let home = home();
    let asked = home.run(["--help"]);
    assert_eq!((asked.code, asked.stderr.as_str()), (Some(0), ""));
    assert!(asked.stdout.contains("Usage: imgbuild"));
    let missing = home.run::<&str>([]);
    assert_eq!((missing.code, missing.stdout.as_str()), (Some(2), ""));
    assert!(missing.stderr.contains("Usage: imgbuild"));
    assert!(home.run(["--version"]).result().starts_with("imgbuild "));
}

#[test]
fn a_recipe_is_refused_with_its_line() {
    let home = home();
    home.write("imgbuild.yaml", "base: amazoncorretto:17\nplatfroms: linux/amd64\n");
    let ended = run(&mut build(&home));
    let said = ended.refused(2);
    for part in ["imgbuild.yaml`, line 2", "`platfroms`", "`platforms`"] {
        assert!(said.contains(part), "`{part}` is missing: {said}");
    }
    let missing = run(build(&home).args(["-f", "other.yaml"]));
    assert!(missing.refused(1).contains("cannot read the recipe `other.yaml`"));
}

#[test]
fn a_malformed_source_date_epoch_is_an_error() {
    let home = home();
    for value in ["yesterday", "", "-1", "1.5", "2025-01-31T12:00:00Z"] {
        let ended = run(build(&home).env("SOURCE_DATE_EPOCH", value));
        let said = ended.refused(2);
        assert!(said.contains("cannot use SOURCE_DATE_EPOCH") && said.contains("git log"), "{value}: {said}");
    }
    assert_eq!(run(build(&home).env("SOURCE_DATE_EPOCH", "nonsense").args(["--created", "1700000000"])).code, Some(0));
}

#[test]
fn a_dry_run_needs_neither_network_nor_target() {
    let home = home();
    let ended = home.run(["build", &fixture("app.jar"), "--base", "registry.invalid/jdk:17", "--config", "application.yml", "--dry-run"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    for part in ["registry.invalid/jdk:17", "/app/app.jar", "/app/lib/greeter-1.0.0.jar", "/app/config/application.yml"] {
        assert!(ended.stdout.contains(part), "`{part}` is missing: {}", ended.stdout);
    }
    assert!(!ended.stdout.contains("greeting"), "the config's content is nobody's business");
    assert!(!home.path("cache").exists());
    assert!(home.run(["build", "nothing.jar", &base(), "--dry-run"]).refused(1).contains("cannot read `nothing.jar`"));
}
