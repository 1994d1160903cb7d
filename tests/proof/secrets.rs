//! No value is told by any command that explains an image: not on stdout, not on stderr, not as JSON, not with `-vv`.

use crate::bench::{Application, Bench, CANARY};

/// Health checks are started by a shell, which the base of these tests lacks.
const NO_SHELL: &str = "--allow=entrypoint=nothing is started here";

/// [`Bench::run`] looks for the canary in everything that is said; here is every form of every command.
#[test]
fn a_canary_is_in_nothing_that_is_said() {
    let bench = Bench::new();
    let (env, label) = (format!("DB_URL=jdbc:postgresql://user:{CANARY}@db/x"), format!("registry.password={CANARY}"));
    let entrypoint = format!(r#"["java","-Dapi.token={CANARY}","-jar","/app/app.jar","--password","{CANARY}"]"#);
    let health = format!("curl -u user:{CANARY} --token {CANARY} http://u:{CANARY}@localhost/");
    let annotation = format!("note={CANARY}");
    let flags = ["--env", &env, "--label", &label, "--entrypoint", &entrypoint, "--annotation", &annotation];
    bench.build("left", &flags);
    bench.build_of(&Application { password: format!("{CANARY}-2"), says: "two", ..Application::default() }, "right", &["--env=DB_URL=x"]);
    bench.build("checked", &["--health-cmd", &health, NO_SHELL]);
    bench.write(&Application::default());
    for words in [
        &["diff", "oci:left", "oci:right"][..],
        &["diff", "oci:right", "oci:left", "--json"],
        &["diff", "oci:left", "oci:right", "--layers=none", "--progress=json"],
        &["inspect", "oci:left"],
        &["inspect", "oci:left", "--json", "--layers=all"],
        &["inspect", "oci:right", "--progress=json"],
        &["inspect", "oci:checked"],
        &["diff", "oci:checked", "oci:left"],
    ] {
        assert!(matches!(bench.run(words).code, Some(0 | 6)), "{words:?}");
    }
    for more in [&[][..], &["--json"], &["--progress=json"]] {
        assert_eq!(bench.verify("oci:right", more).code, Some(6));
        assert_eq!(bench.verify("oci:left", &[&flags[..], more].concat()).code, Some(0));
    }
    assert_eq!(bench.verify("oci:right", &["--env=DB_URL=y", "--label", &label, "--annotation", &annotation]).code, Some(6));
}

#[test]
fn a_health_check_is_shown_without_what_looks_secret() {
    let bench = Bench::new();
    let health = format!("curl -u me:{CANARY} -H 'Authorization: Bearer {CANARY}' --header=token:{CANARY} http://u:{CANARY}@localhost/");
    bench.build("image", &["--health-cmd", &health, NO_SHELL]);
    let said = bench.run(&["inspect", "oci:image"]);
    assert!(said.stdout.contains("healthcheck ") && said.stdout.contains("@localhost/"), "{}", said.stdout);
}
