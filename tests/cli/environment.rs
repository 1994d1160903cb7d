//! Variables that stand for flags: a flag is stronger, the file is weaker.

use crate::support::{CANARY, Site, build, fixture, home, run};

#[test]
fn a_flag_beats_a_variable_and_a_variable_beats_the_file() {
    let home = home();
    let jar = fixture("app.jar");
    let base = |variable: Option<&str>, flag: Option<&str>| {
        let mut command = home.command();
        command.args(["build", &jar, "--dry-run"]).args(flag.map(|flag| format!("--base={flag}")));
        let ended = run(variable.iter().fold(&mut command, |command, value| command.env("IMGBUILD_BASE", value)));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        let line = ended.stdout.lines().next().unwrap().to_owned();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    home.write("imgbuild.yaml", "base: h.example/file:1\n");
    assert_eq!(base(None, None), "h.example/file:1");
    assert_eq!(base(Some("h.example/variable:1"), None), "h.example/variable:1");
    assert_eq!(base(Some("h.example/variable:1"), Some("h.example/flag:1")), "h.example/flag:1");
}

#[test]
fn a_flag_beats_the_variable_that_contradicts_it() {
    let home = home();
    for words in [
        vec!["build", &fixture("app.jar"), "--base", &format!("oci:{}:17", fixture("base")), "--output", "type=oci,dest=image"],
        vec!["copy", &format!("oci:{}:17", fixture("base")), "oci:copy"],
        vec!["inspect", &format!("oci:{}:17", fixture("base"))],
    ] {
        // The home names a cache by its variable.
        let ended = home.run([&words[..], &["--no-cache"]].concat());
        assert_eq!(ended.code, Some(0), "{words:?}: {}", ended.stderr);
        assert!(!home.path("cache").exists(), "{words:?}");
    }
    let both = home.command().args(["inspect", "x"]).env("IMGBUILD_NO_CACHE", "true").output().unwrap();
    assert_eq!(both.status.code(), Some(2), "two variables are no better than two flags: {both:?}");
}

#[test]
fn every_kind_of_flag_has_a_variable() {
    let home = home();
    let mut command = build(&home);
    command.env("IMGBUILD_ENV", "A=1,2\nB=x=y").env("IMGBUILD_PROGRESS", "quiet").env("IMGBUILD_METADATA_FILE", "m.json");
    let ended = run(command.env("IMGBUILD_DRY_RUN", "no"));
    assert_eq!(ended.stderr, "");
    let by_flags = run(build(&home).args(["--env", "A=1,2", "--env", "B=x=y"]));
    assert_eq!(ended.digest(), by_flags.digest());
    assert!(home.path("m.json").exists());

    let wrong = run(build(&home).env("IMGBUILD_DRY_RUN", "perhaps"));
    assert!(wrong.refused(2).contains("cannot use `perhaps` for `IMGBUILD_DRY_RUN`"), "{}", wrong.stderr);
    let wrong = run(build(&home).env("IMGBUILD_PLATFORM", "linux/a/b/c"));
    assert!(wrong.refused(2).contains("--platform"), "{}", wrong.stderr);
}

#[test]
fn the_credentials_of_the_environment_are_for_one_registry_and_stored_nowhere() {
    let site = Site::start();
    let elsewhere = run(site.push("writer").args(["--tag", "registry.invalid/a/b:1"]));
    assert!(elsewhere.refused(2).contains("is for one registry"), "{}", elsewhere.stderr);
    let half = run(site.push("writer").env_remove("IMGBUILD_REGISTRY_PASSWORD"));
    assert!(half.refused(4).contains("go together"), "{}", half.stderr);
    assert_eq!(run(site.push("writer").arg("-vv")).code, Some(0));
    let found = std::process::Command::new("grep").args(["-rlE", CANARY]).arg(site.home.folder()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "");
}
