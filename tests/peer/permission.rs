//! One who may only pull learns it before anything is made or sent, however the registry says so.

use std::time::{Duration, Instant};

use imgbuild_testkit::peers;
use imgbuild_testkit::registry::{Denial, Registry, Tokens, Users};

use crate::scenario::{GREETING, home};

/// The promise is for the released program. This one is unoptimised, on a machine that runs other tests beside it.
const TIME: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 2 });

#[test]
fn a_reader_is_told_in_two_seconds_in_every_mode() {
    let (Some(jar), Some(base)) = (peers::jar("app.jar"), peers::base()) else { return };
    let tokens = || Tokens::new().user("reader", "readpw", &["pull"]);
    for registry in [
        Registry::builder().tokens(tokens().denial(Denial::AtTokenServer)).start(),
        Registry::builder().tokens(tokens().denial(Denial::InsufficientScope)).start(),
        Registry::builder().basic(Users::new().user("reader", "readpw", &["pull"])).start(),
    ] {
        registry.load_layout("library/amazoncorretto", &base).unwrap();
        registry.clear_log();
        let home = home();
        home.write_config(GREETING);
        let credentials = home.folder().join("docker");
        peers::docker_config(&credentials, registry.address(), "reader", "readpw");
        let mut command = home.command();
        command.env("DOCKER_CONFIG", &credentials).arg("build").arg(&jar);
        command.arg(format!("--base={}", registry.reference("library/amazoncorretto", "17")));
        command.args(["--config", "application.yml", "--push", "-t", &registry.reference("koin/api", "1")]);
        let began = Instant::now();
        let output = command.output().unwrap();
        let took = began.elapsed();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{said}");
        assert!(took < TIME, "{took:?}: {said}");
        let host = registry.host();
        let hint = format!(
            "hint: the credentials for `{host}` (from auths of {}/config.json) may pull but not push; use an access token with write permission:\n      \
             echo $TOKEN | imgbuild login {host} -u USER --password-stdin",
            credentials.display().to_string().replace(&home.folder().display().to_string(), "~")
        );
        assert!(said.contains(&hint), "{said}\nis without\n{hint}");
        assert!(said.contains(&format!("error: cannot push `{}`", registry.reference("koin/api", "1"))), "{said}");
        assert_eq!(registry.count("PATCH", "*") + registry.count("PUT", "*"), 0, "{:#?}", registry.log().lines());
        let cached = std::fs::read_dir(home.folder().join("cache/blobs")).into_iter().flatten().count();
        assert_eq!(cached, 0, "layers were made before the permission was proven");
    }
}
