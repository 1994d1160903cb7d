use std::path::Path;

use imgbuild_testkit::fixtures;
use imgbuild_testkit::registry::Registry;

use super::*;
use crate::recipe::Injected;
use crate::{Build, LayoutTarget, Recipe};

/// Builds the fixture application with a configuration that holds a canary.
async fn built(folder: &Path) -> Location {
    let config = folder.join("application.yml");
    std::fs::write(&config, "greeting:\n  text: CANARY\n").unwrap();
    let destination = "/app/config/application.yml".to_owned();
    let mut recipe = Recipe { base: format!("oci:{}", fixtures::path("base").display()).parse().unwrap(), ..Recipe::default() };
    recipe.configs = vec![Injected { source: config, destination, mode: None, platform: None }];
    recipe.overlay.env = vec![("DB_HOST".to_owned(), "CANARY".to_owned())];
    let image = folder.join("image");
    Box::pin(Build::new(recipe, fixtures::path("app.jar")).target(LayoutTarget::new(image.clone(), None)).run()).await.unwrap();
    format!("oci:{}", image.display()).parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_of_ours_says_what_is_in_it_and_keeps_its_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let location = built(folder.path()).await;
    let found = Inspect::new(location.clone()).run().await.unwrap();
    assert_eq!(found.platforms.len(), 2);
    let amd64 = &found.platforms[0];
    let names: Vec<&str> = amd64.layers.iter().skip(2).map(|layer| layer.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["dependencies", "snapshot-dependencies", "application", "config"]);
    assert!(amd64.made_by_imgbuild && amd64.base.as_ref().unwrap().layers == Some(2));
    let jars: Vec<String> = amd64
        .layers
        .iter()
        .filter_map(|layer| layer.contents.as_ref())
        .flat_map(|found| &found.jars)
        .map(|jar| format!("{} {}", jar.name, jar.version.as_deref().unwrap_or("-")))
        .collect();
    for expected in ["spring-core 6.2.9", "greeter 1.0.0", "model 1.2.0-SNAPSHOT"] {
        assert!(jars.iter().any(|jar| jar == expected), "{jars:?}");
    }
    assert!(amd64.layers[..2].iter().all(|layer| layer.of_base == Some(true) && layer.contents.is_none()));
    let outline = found.outline();
    for text in [serde_json::to_string(&found).unwrap(), outline.to_string(), outline.tree().to_string()] {
        assert!(!text.contains("CANARY"), "{text}");
        assert!(text.contains("spring-core") && text.contains("app/config/application.yml") && text.contains("DB_HOST"), "{text}");
    }
    let all = Inspect::new(location).reading(Reading::All).platform("linux/arm64".parse().unwrap()).run().await.unwrap();
    assert_eq!(all.platforms.len(), 1);
    let java = all.platforms[0].layers.iter().find_map(|layer| layer.contents.as_ref()?.java.clone());
    assert_eq!(java.as_deref(), Some("17.0.12"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_image_is_read_without_a_single_layer_unless_asked() {
    let registry = Registry::start();
    registry.load_layout("library/base", fixtures::path("base")).unwrap();
    registry.clear_log();
    let location: Location = registry.reference("library/base", "17").parse().unwrap();
    let found = Inspect::new(location.clone()).run().await.unwrap();
    assert_eq!((found.others.len(), found.platforms[0].made_by_imgbuild), (2, false));
    assert_eq!(registry.count("GET", "/blobs/"), 2, "two configurations");
    registry.clear_log();
    let found = Inspect::new(location.clone()).reading(Reading::All).run().await.unwrap();
    assert!(found.platforms.iter().flat_map(|image| &image.layers).all(|layer| layer.contents.is_some()));
    let raw = Inspect::new(location).raw().await.unwrap();
    assert_eq!(raw, registry.manifest("library/base", "17").unwrap().bytes);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_layer_that_is_cut_or_missing_is_an_error_with_its_place() {
    let registry = Registry::start();
    registry.load_layout("library/base", fixtures::path("base")).unwrap();
    let lost = registry.blobs("library/base").into_iter().max_by_key(|digest| registry.blob(digest).unwrap().len()).unwrap();
    registry.forget_blob("library/base", &lost);
    let location: Location = registry.reference("library/base", "17").parse().unwrap();
    let error = Inspect::new(location).reading(Reading::All).run().await.unwrap_err();
    assert!(matches!(&error, Error::Contents { .. }), "{error:?}");
    assert!(error.registry().is_some());
}
