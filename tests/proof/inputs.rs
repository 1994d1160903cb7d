//! `verify` takes the inputs of `build`: every flag that can change a byte, the recipe, a Dockerfile's context, a service.

use std::collections::BTreeSet;

use imgbuild_testkit::home::Ended;

use crate::bench::Bench;

/// Where an image goes, what else happens to it, and whether a lock is written: nothing of that changes an image.
const NO_INPUTS: [&str; 17] = [
    "--tag",
    "--push",
    "--load",
    "--output",
    "--metadata-file",
    "--fail-fast",
    "--dry-run",
    "--rollout",
    "--with-registry-auth",
    "--pull-auth-file",
    "--config-as",
    "--allow-uncovered-nodes",
    "--detach",
    "--host",
    "--context",
    "--lock",
    "--update-lock",
];

/// Health checks are started by a shell, which the base of these tests lacks.
const NO_SHELL: &str = "--allow=entrypoint=nothing is started here";

fn flags(help: &str) -> BTreeSet<&str> {
    let lines = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    lines.filter_map(|line| line.split([' ', ',', '.']).find(|word| word.starts_with("--"))).collect()
}

#[test]
fn every_flag_of_a_build_that_decides_its_bytes_is_one_of_a_check() {
    let bench = Bench::new();
    let help = |command| bench.home.run([command, "--help"]).stdout;
    let (build, verify, check) = (help("build"), help("verify"), help("check"));
    let (build, verify, check) = (flags(&build), flags(&verify), flags(&check));
    assert!(build.len() > 50, "{build:?}");
    let missing: Vec<_> = build.difference(&verify).copied().collect();
    let mut expected = NO_INPUTS;
    expected.sort_unstable();
    assert_eq!(missing, expected, "a new flag decides bytes, or is named here");
    assert_eq!(verify.difference(&build).copied().collect::<Vec<_>>(), ["--json"]);
    assert_eq!(verify.difference(&check).copied().collect::<Vec<_>>(), ["--json"]);
}

#[test]
fn an_image_of_every_flag_is_verified_by_the_same_flags() {
    let bench = Bench::new();
    bench.home.write("agent.jar", "agent");
    let flags = [
        "--add=agent.jar:/opt/agent.jar:0755",
        "--layout=exploded",
        r#"--entrypoint=["java","-Xmx64m","-cp","/app","org.springframework.boot.loader.launch.JarLauncher"]"#,
        r#"--cmd=["--x"]"#,
        "--env=TZ=Asia/Seoul",
        "--label=team=koin",
        "--annotation=a=b",
        "--annotation=index:c=d",
        "--user=app",
        "--workdir=/tmp",
        "--expose=8080",
        "--volume=/data",
        "--stop-signal=SIGINT",
        "--chown=1000:1000",
        "--mtime=1500000000",
        "--created=1700000000",
        "--compression=zstd:3",
        "--health-cmd=true",
        "--health-interval=5s",
        "--health-timeout=2s",
        "--health-start-period=9s",
        "--health-retries=4",
        "--platform=linux/arm64",
        "--public",
        NO_SHELL,
    ];
    bench.build("image", &flags);
    assert_eq!(bench.verify("oci:image", &flags).code, Some(0));
    // What only says that something is meant changes nothing.
    let meant = ["--public", NO_SHELL];
    for left_out in flags.iter().filter(|flag| !meant.contains(flag)) {
        let fewer: Vec<&str> = flags.into_iter().filter(|flag| flag != left_out).collect();
        let ended = bench.verify("oci:image", &fewer);
        // Times of a health check without its command make no sense.
        let expected = if left_out.starts_with("--health-cmd") { 2 } else { 6 };
        assert_eq!(ended.code, Some(expected), "{left_out} is not noticed: {}{}", ended.stdout, ended.stderr);
    }
    bench.build("docker", &["--format=docker"]);
    assert_eq!(bench.verify("oci:docker", &["--format=docker"]).code, Some(0));
    assert_eq!(bench.verify("oci:docker", &[]).code, Some(6));
    let dated =
        Ended::of(bench.command(&Bench::with_inputs(&["verify", "oci:image"], &bench.base(), &flags[..14])).env("SOURCE_DATE_EPOCH", "1"));
    assert_eq!(dated.code, Some(6), "{dated:?}");
}

#[test]
fn facts_that_are_skipped_are_skipped_again() {
    let bench = Bench::new();
    let flags = ["--facts=skip", "--add=app.jar:/usr/lib/agent.jar"];
    bench.build("image", &flags);
    bench.registry.clear_log();
    let said = bench.verify(&bench.name("image"), &flags);
    assert_eq!(said.code, Some(0), "{said:?}");
    let configurations = 4;
    assert_eq!(bench.registry.count("GET", "/blobs/"), configurations, "{:?}", bench.registry.log().lines());
    assert_eq!(bench.verify("oci:image", &flags[1..]).code, Some(6), "looked into, the base has `/usr/lib`");
}

#[test]
fn a_recipe_a_service_and_a_context_are_inputs_too() {
    let bench = Bench::new();
    let base = bench.base();
    bench.home.write("imgbuild.yaml", format!("base: {base}\njar: app.jar\nconfigs: [application.yml]\nenv: {{A: b}}\n"));
    assert_eq!(bench.run(&["build", "-o", "type=oci,dest=recipe"]).code, Some(0));
    let said = bench.run(&["verify", "oci:recipe"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(bench.run(&["verify", "oci:recipe", "--env=A=c"]).code, Some(6));

    let services =
        format!("base: {base}\nservices:\n  api: {{jar: app.jar, env: {{A: api}}}}\n  worker: {{jar: app.jar, env: {{A: worker}}}}\n");
    bench.home.write("imgbuild.yaml", services);
    let ended = bench.run(&["build", "--lock", "--lock-file=one.lock", "--push"]);
    assert!(ended.refused(2).contains("`--lock-file` is for one image"), "{ended:?}");
    assert_eq!(bench.run(&["build", "worker", "--lock", "-o", "type=oci,dest=worker"]).code, Some(0));
    assert!(bench.home.path("imgbuild.worker.lock").exists() && !bench.home.path("imgbuild.lock").exists());
    assert_eq!(bench.run(&["verify", "oci:worker", "worker", "--locked"]).code, Some(0));
    let ended = bench.run(&["build", "api", "--locked", "-o", "type=oci,dest=api"]);
    assert!(ended.code == Some(1) && ended.stderr.contains("there is no lock `imgbuild.api.lock`"), "{ended:?}");
    assert_eq!(bench.run(&["verify", "oci:worker", "worker"]).code, Some(0));
    assert_eq!(bench.run(&["verify", "oci:worker", "api"]).code, Some(6));
    assert_eq!(bench.run(&["check", "worker"]).code, Some(0));
    for command in [&["verify", "oci:worker"][..], &["check"]] {
        let ended = bench.run(command);
        let said = ended.refused(2);
        assert!(said.contains("several services") && said.contains("`api`, `worker`"), "{said}");
    }
    let unknown = bench.run(&["verify", "oci:worker", "wroker"]);
    assert!(unknown.refused(2).contains("`worker`"), "{unknown:?}");

    std::fs::remove_file(bench.home.path("imgbuild.yaml")).unwrap();
    std::fs::create_dir(bench.home.path("context")).unwrap();
    std::fs::copy(bench.home.path("app.jar"), bench.home.path("context/app.jar")).unwrap();
    bench.home.write(
        "context/Dockerfile",
        format!("FROM {base}\nWORKDIR /app\nCOPY app.jar app.jar\nENTRYPOINT [\"java\",\"-jar\",\"app.jar\"]\n"),
    );
    assert_eq!(bench.run(&["build", "context", "-o", "type=oci,dest=docker"]).code, Some(0));
    let said = bench.run(&["verify", "oci:docker", "context"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(bench.run(&["check", "context"]).code, Some(0));
    let nothing = bench.run(&["verify", "oci:docker"]);
    assert!(nothing.refused(2).contains("no JAR is named"), "{nothing:?}");
}
