//! Embeds imgbuild: builds an image for two platforms from a JAR and a base in an OCI layout, and reports what happens.
//!
//! ```text
//! cargo run --example embed -- fixtures/app.jar oci:fixtures/base:17 target/embedded
//! ```

use std::process::ExitCode;

use imgbuild::{Build, LayoutTarget, Location, Platform, Recipe};

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows what it did")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [jar, base, folder] = arguments.as_slice() else {
        eprintln!("usage: embed JAR BASE FOLDER");
        return ExitCode::from(2);
    };
    match build(jar, base, folder).await {
        Ok(reference) => {
            println!("{reference}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "an example shows what happens")]
async fn build(jar: &str, base: &str, folder: &str) -> Result<String, Box<dyn std::error::Error>> {
    let mut recipe = Recipe::default();
    recipe.base = base.parse::<Location>()?;
    let report = Build::new(recipe, jar)
        .platforms([Platform::LINUX_AMD64, Platform::LINUX_ARM64])
        .target(LayoutTarget::new(folder, Some("latest".to_owned())))
        .on_event(|event| eprintln!("{event}"))
        .run()
        .await?;
    Ok(report.reference())
}
