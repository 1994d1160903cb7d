//! What every test of the command line needs.

use std::process::Command;

use imgbuild_testkit::fixtures;
use imgbuild_testkit::home::{Ended, Home};
use imgbuild_testkit::registry::{Builder, Registry, Tokens};

/// A password that must not be seen anywhere.
pub(crate) const CANARY: &str = "canary-Pa55word";

pub(crate) fn home() -> Home {
    let home = Home::new(env!("CARGO_BIN_EXE_imgbuild"));
    std::fs::copy(fixtures::path("application.yml"), home.path("application.yml")).unwrap();
    home
}

/// The name of a fixture, to be given to the binary.
pub(crate) fn fixture(name: &str) -> String {
    fixtures::path(name).to_str().unwrap().to_owned()
}

/// The base beside the fixtures, as a flag.
pub(crate) fn base() -> String {
    format!("--base=oci:{}:17", fixture("base"))
}

/// A build of the fixture into the layout `image`, to be varied.
pub(crate) fn build(home: &Home) -> Command {
    let mut command = home.command();
    command.args(["build", &fixture("app.jar"), &base(), "--output", "type=oci,dest=image"]);
    command
}

pub(crate) fn run(command: &mut Command) -> Ended {
    Ended::of(command)
}

/// A registry with tokens, one user who may pull, one who may push, and the fixture base.
pub(crate) struct Site {
    pub(crate) registry: Registry,
    pub(crate) home: Home,
}

impl Site {
    pub(crate) fn start() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with(change: impl FnOnce(Builder) -> Builder) -> Self {
        let tokens = Tokens::new().user("reader", CANARY, &["pull"]).user("writer", CANARY, &["pull", "push"]);
        let registry = change(Registry::builder().tokens(tokens)).start();
        registry.load_layout("library/amazoncorretto", fixtures::path("base")).unwrap();
        registry.clear_log();
        Self { registry, home: home() }
    }

    /// The image's name with `tag`.
    pub(crate) fn name(&self, tag: &str) -> String {
        self.registry.reference("koin/api", tag)
    }

    /// The base in the registry, as a flag.
    pub(crate) fn base(&self) -> String {
        format!("--base={}", self.registry.reference("library/amazoncorretto", "17"))
    }

    /// A push as `user`, to be varied.
    pub(crate) fn push(&self, user: &str) -> Command {
        let mut command = self.home.command();
        command.args(["build", &fixture("app.jar"), &self.base(), "--config", "application.yml", "--tag", &self.name("1"), "--push"]);
        command.env("IMGBUILD_REGISTRY_USER", user).env("IMGBUILD_REGISTRY_PASSWORD", CANARY);
        command
    }

    /// Bytes of blobs and documents that the registry has read; tokens are asked for elsewhere.
    pub(crate) fn bytes_sent(&self) -> u64 {
        ["PUT", "PATCH", "POST"].iter().flat_map(|method| self.registry.log().matching(method, "/v2/")).map(|entry| entry.bytes_in).sum()
    }

    /// Nothing was begun, sent or named.
    pub(crate) fn assert_untouched(&self) {
        assert_eq!(self.registry.tags("koin/api"), Vec::<String>::new());
        assert_eq!(self.registry.manifests("koin/api"), Vec::<String>::new());
        assert_eq!(self.registry.open_uploads(), 0, "an upload was left open");
        assert_eq!(self.home.temporary_files(), Vec::<String>::new());
    }
}
