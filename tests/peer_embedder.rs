//! A crate that embeds the library and switches its dependencies' features gets the digest that everybody gets.
//!
//! Cargo unifies features: an embedder who asks flate2 for the C zlib, or `serde_json` for rounded numbers, changes the
//! library's own dependencies. Seen in other tools: another digest.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::path::{Path, PathBuf};
use std::process::Command;

use imgbuild::{Build, LayoutTarget, Recipe};
use imgbuild_testkit::{fixtures, peer};

const MANIFEST: &str = r#"
[package]
name = "embedder"
version = "0.0.0"
edition = "2024"

[workspace]

[dependencies]
imgbuild = { path = "IMGBUILD" }
tokio = { version = "1", features = ["full"] }
flate2 = { version = "1", features = ["zlib"] }
serde_json = { version = "1", features = ["float_roundtrip", "unbounded_depth"] }
"#;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The digest that a program of another crate prints, built with that crate's features.
fn digest_of_embedder(folder: &Path, base: &str) -> String {
    let library = workspace().join("crates/imgbuild");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    std::fs::write(folder.join("Cargo.toml"), MANIFEST.replace("IMGBUILD", library.to_str().unwrap())).unwrap();
    std::fs::copy(library.join("examples/embed.rs"), folder.join("src/main.rs")).unwrap();
    std::fs::copy(workspace().join("Cargo.lock"), folder.join("Cargo.lock")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["run", "--quiet", "--manifest-path"])
        .arg(folder.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(workspace().join("target/embedder"))
        .arg("--")
        .args([fixtures::path("app.jar").to_str().unwrap(), base])
        .arg(folder.join("image"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let result = String::from_utf8(output.stdout).unwrap();
    result.trim_end().rsplit_once('@').unwrap().1.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_embedders_features_do_not_change_the_digest() {
    if std::env::var_os("IMGBUILD_PEERS").is_none() {
        peer::skip("the library is compiled a second time, with an embedder's features, only where peers are required");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let base = format!("oci:{}:17", fixtures::path("base").display());
    let mut recipe = Recipe::default();
    recipe.base = base.parse().unwrap();
    let own = Build::new(recipe, fixtures::path("app.jar")).target(LayoutTarget::new(folder.path().join("own"), None));
    let digest = own.run().await.unwrap().digest;
    assert_eq!(digest_of_embedder(folder.path(), &base), digest.to_string());
}
