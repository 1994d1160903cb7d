//! Images of a small HTTP server: real programs that start at once, crash or fall ill when told to.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::require;
use crate::base::{Base, Image, Layer, PlatformImage};
use crate::digest::sha256;
use crate::peer;

/// An image of the server that is still to be made. Its programs are this machine's, whatever platforms it claims: a node
/// that claims another machine runs them all the same.
#[derive(Clone, Debug)]
pub struct ServerImage {
    platforms: Vec<String>,
    environment: Vec<String>,
    check: bool,
}

impl ServerImage {
    /// A server that answers `text`, for `linux/amd64` and `linux/arm64/v8`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let platforms = ["linux/amd64", "linux/arm64/v8"].map(str::to_owned).to_vec();
        Self { platforms, environment: vec!["PATH=/".to_owned(), format!("TEXT={text}")], check: false }
    }

    /// For these platforms alone.
    #[must_use]
    pub fn platforms(mut self, platforms: &[&str]) -> Self {
        self.platforms = platforms.iter().map(|platform| (*platform).to_owned()).collect();
        self
    }

    /// Sets a variable; `tests/peers/swarm/server.c` says what it reads.
    #[must_use]
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push(format!("{name}={value}"));
        self
    }

    /// Gives the image a health check.
    #[must_use]
    pub fn check(mut self) -> Self {
        self.check = true;
        self
    }

    /// The image; a skip where no C compiler is installed.
    ///
    /// # Panics
    /// Where the server does not compile.
    #[must_use]
    pub fn build(&self) -> Option<Image> {
        let program = fs::read(compiled("server", &["-static"])?).unwrap_or_else(|error| panic!("cannot read the server: {error}"));
        let system =
            Layer::new().directory("tmp", 0o1777).directory("bin", 0o755).symlink("bin/sh", "/server").file("server", 0o755, &program);
        let application = Layer::new().file("environment", 0o644, self.environment.join("\n").as_bytes());
        let mut base = Base::new();
        for platform in &self.platforms {
            let mut image = PlatformImage::new(platform)
                .layer(system.clone())
                .layer(application.clone())
                .setting("Env", json!(self.environment))
                .setting("Cmd", json!(["/server"]));
            if self.check {
                let second = 1_000_000_000_u64;
                let check: Value = json!({"Test": ["CMD", "/server", "check"], "Interval": second, "Timeout": second, "Retries": 3});
                image = image.setting("Healthcheck", check);
            }
            base = base.platform(image);
        }
        Some(base.build())
    }
}

/// A program of `tests/peers/swarm`, compiled once and kept beside the peers' input; a skip where no C compiler is installed.
pub(super) fn compiled(name: &str, options: &[&str]) -> Option<PathBuf> {
    let compiler = require("cc")?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../peers/swarm").join(name).with_extension("c");
    let text = fs::read(&source).unwrap_or_else(|error| panic!("cannot read `{}`: {error}", source.display()));
    let folder = peer::input().join("programs");
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("cannot make `{}`: {error}", folder.display()));
    let program = folder.join(format!("{name}-{}", &sha256(&text)["sha256:".len()..][..12]));
    if !program.exists() {
        // It gets its name when it is whole: tests run side by side.
        let unfinished = tempfile::tempdir_in(&folder).unwrap_or_else(|error| panic!("cannot make a folder: {error}"));
        let output = unfinished.path().join(name);
        drop(peer::output(compiler.command().arg("-O2").args(options).arg("-o").arg(&output).arg(source)));
        fs::rename(&output, &program).unwrap_or_else(|error| panic!("cannot keep `{}`: {error}", program.display()));
    }
    Some(program)
}
