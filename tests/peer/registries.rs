//! The same image in the registries of others: each takes it, gives it back unchanged, and has it after a kill.

use std::collections::BTreeSet;
use std::process::Command;

use imgbuild_testkit::peers::{self, Authentication, Make, Registry};

use crate::scenario::{GREETING, finished, home};

fn stdout(command: &mut Command) -> String {
    String::from_utf8_lossy(&finished(command).stdout).trim().to_owned()
}

#[test]
fn every_make_of_registry_takes_the_image_and_gives_it_back() {
    let (Some(jar), Some(base), Some(crane)) = (peers::jar("boot-3.2.jar"), peers::base(), peers::require("crane")) else { return };
    let mut digests = BTreeSet::new();
    // One cache for all: what is shown here is the push.
    let home = home();
    home.write_config(GREETING);
    for make in Make::ALL {
        let Some(mut registry) = Registry::of(make, &Authentication::None) else { return };
        let build = |base: &str, name: &str| {
            let mut command = home.command();
            command.arg("build").arg(&jar).arg(format!("--base={base}"));
            command.args(["--config", "application.yml", "--push", "-t", &format!("{}/{name}", registry.address())]);
            command
        };
        let layout = format!("oci:{}:17", base.display());
        let pushed = stdout(&mut build(&layout, "koin/api:1"));
        assert_eq!(stdout(&mut build(&layout, "koin/api:1")), pushed, "{make:?}");
        let target = format!("{}/koin/api:1", registry.address());
        finished(crane.command().args(["validate", "--remote", &target]));
        // It is read back as a base, whose layers are mounted or sent again.
        let child = stdout(&mut build(&target, "koin/child:1"));
        finished(crane.command().args(["validate", "--remote", &format!("{}/koin/child:1", registry.address())]));
        assert_ne!(child, pushed);

        if make.is_durable() {
            registry.kill();
            registry.restart();
        }
        let digest = stdout(crane.command().args(["digest", &target]));
        assert!(pushed.ends_with(&format!("@{digest}")), "{make:?}: {pushed} became {digest}");
        digests.insert(digest);
    }
    assert_eq!(digests.len(), 1, "a registry must not decide a digest: {digests:?}");
}
