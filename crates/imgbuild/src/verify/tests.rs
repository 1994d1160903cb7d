use std::path::{Path, PathBuf};

use imgbuild_testkit::fixtures;
use imgbuild_testkit::jar::{Entry, Jar, Manifest};
use imgbuild_testkit::registry::Registry;

use super::{Error, Presence, Verification, Verify, Where};
use crate::build::Application;
use crate::jar::Layout;
use crate::recipe::{Injected, Recipe};
use crate::{Build, Copy, LayoutTarget, Location};

fn jar(class: &[u8], date: u16) -> Vec<u8> {
    let manifest = Manifest::new().attribute("Main-Class", "x.Main");
    let class = Entry::file("x/Main.class", class).modified(date, 0);
    Jar::new().manifest(&manifest).entry(class).entry(Entry::file("x/Other.class", b"other")).build()
}

fn recipe(folder: &Path) -> Recipe {
    let config = folder.join("application.yml");
    std::fs::write(&config, "password: CANARY\n").unwrap();
    let destination = "/app/config/application.yml".to_owned();
    let base = format!("oci:{}", fixtures::path("base").display()).parse().unwrap();
    let mut recipe = Recipe { base, layout: Some(Layout::Packaged), ..Recipe::default() };
    recipe.configs = vec![Injected { source: config, destination, mode: None, platform: None }];
    recipe
}

fn application(bytes: &[u8]) -> Application {
    Application::Bytes { name: "app.jar".to_owned(), bytes: bytes.to_vec().into() }
}

async fn built(recipe: Recipe, jar: &[u8], image: PathBuf) -> Location {
    Box::pin(Build::new(recipe, application(jar)).target(LayoutTarget::new(image.clone(), None)).run()).await.unwrap();
    format!("oci:{}", image.display()).parse().unwrap()
}

/// Builds with one JAR and recipe, verifies with others, and gives what came out with everything that is shown of it.
async fn verified(first: &[u8], second: &[u8], change: fn(&mut Recipe)) -> (Verification, String) {
    let folder = tempfile::tempdir().unwrap();
    let image = built(recipe(folder.path()), first, folder.path().join("image")).await;
    let mut recipe = recipe(folder.path());
    change(&mut recipe);
    let found = Verify::new(image, recipe, application(second)).run().await.unwrap();
    let shown = format!("{}{}", found.outline(), serde_json::to_string(&found).unwrap());
    assert!(!shown.contains("CANARY"), "{shown}");
    (found, shown)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_inputs_give_the_same_image() {
    let (found, shown) = verified(&jar(b"class", 40), &jar(b"class", 40), |_| {}).await;
    assert!(found.same && found.found == found.rebuilt && shown.starts_with("verified: "), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_byte_of_a_class_is_named_with_layer_entry_and_range() {
    let (found, shown) = verified(&jar(b"class", 40), &jar(b"clasp", 40), |_| {}).await;
    assert!(!found.same && found.platforms.len() == 2);
    for platform in &found.platforms {
        let layer = platform.layer.as_ref().unwrap();
        assert_eq!((layer.number, layer.name.as_str()), (3, "application"), "{shown}");
        let Where::Entry(entry) = &layer.place else { panic!("{shown}") };
        assert_eq!((entry.path.as_str(), entry.presence, entry.fields.len()), ("/app/app.jar", Presence::Both, 0), "{shown}");
        let within = entry.within.as_ref().unwrap();
        let bytes = within.bytes.unwrap();
        assert_eq!((within.path.as_deref(), bytes.from, bytes.to, bytes.found_size), (Some("x/Main.class"), 4, 5, 5), "{shown}");
        assert!(entry.bytes.is_some_and(|bytes| bytes.from < bytes.to && bytes.to <= bytes.found_size), "{shown}");
    }
    assert!(shown.contains("within it x/Main.class: bytes 4–5 of 5 differ"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_in_a_jar_compression_fields_and_settings_are_told_apart() {
    let (found, shown) = verified(&jar(b"class", 40), &jar(b"class", 41), |_| {}).await;
    assert!(!found.same && shown.contains("only the times of its entries differ"), "{shown}");
    let one = jar(b"class", 40);
    let (found, shown) = verified(&one, &one, |recipe| recipe.encoding = "gzip:9".parse().unwrap()).await;
    let is_compression = found.platforms[0].layer.as_ref().is_some_and(|layer| layer.place == Where::Compression);
    assert!(is_compression && shown.contains("compressed in another way"), "{shown}");
    let (_, shown) = verified(&one, &one, |recipe| recipe.mtime = 5).await;
    assert!(shown.contains("entry /app") && shown.contains("mtime: found 315532800, rebuilt 5"), "{shown}");
    let (found, shown) = verified(&one, &one, |recipe| recipe.overlay.env = vec![("A".to_owned(), "CANARY".to_owned())]).await;
    assert!(found.platforms[0].layer.is_none() && shown.contains("+ A"), "{shown}");
    let (found, shown) = verified(&one, &one, |recipe| recipe.platforms.truncate(1)).await;
    assert!(!found.same && found.extra_platforms.len() == 1 && shown.contains("the recipe does not name linux/arm64"), "{shown}");
    let (found, shown) = verified(&one, &one, |recipe| recipe.configs.clear()).await;
    assert_eq!(found.platforms[0].layer.as_ref().unwrap().place, Where::OnlyFound, "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_base_whose_tag_moved_is_found_by_the_digest_that_the_image_records() {
    let (folder, registry) = (tempfile::tempdir().unwrap(), Registry::start());
    registry.load_layout("library/base", fixtures::path("base")).unwrap();
    let one = jar(b"class", 40);
    let recipe = || Recipe { base: registry.reference("library/base", "17").parse().unwrap(), ..recipe(folder.path()) };
    let image = built(recipe(), &one, folder.path().join("image")).await;
    let other = imgbuild_testkit::base::Base::java().build();
    std::fs::write(folder.path().join("other.tar"), other.layout_archive("x")).unwrap();
    let moved: Location = registry.reference("library/base", "17").parse().unwrap();
    let from = format!("oci-archive:{}", folder.path().join("other.tar").display()).parse().unwrap();
    Copy::new(from, crate::target::at(&moved).unwrap()).run().await.unwrap();
    let found = Verify::new(image, recipe(), application(&one)).run().await.unwrap();
    assert!(found.same, "{}", found.outline());
}

#[tokio::test(flavor = "multi_thread")]
async fn images_of_others_and_damaged_layers_are_errors() {
    let (folder, registry) = (tempfile::tempdir().unwrap(), Registry::start());
    let one = jar(b"class", 40);
    let foreign = format!("oci:{}", fixtures::path("base").display()).parse().unwrap();
    let error = Verify::new(foreign, recipe(folder.path()), application(&one)).run().await.unwrap_err();
    assert!(matches!(error, Error::NotOurs { .. }) && error.hint().unwrap().contains("imgbuild diff"), "{error}");

    let image = built(recipe(folder.path()), &one, folder.path().join("image")).await;
    let to: Location = registry.reference("koin/api", "1").parse().unwrap();
    Copy::new(image, crate::target::at(&to).unwrap()).run().await.unwrap();
    for digest in registry.blobs("koin/api") {
        // Layers are gzip; documents stay.
        if registry.blob(&digest).unwrap().starts_with(&[0x1f, 0x8b]) {
            registry.forget_blob("koin/api", &digest);
        }
    }
    // Layers are compared by digest first: what is the same is not downloaded.
    assert!(Verify::new(to.clone(), recipe(folder.path()), application(&one)).run().await.unwrap().same);
    let error = Verify::new(to, recipe(folder.path()), application(&jar(b"clasp", 40))).run().await.unwrap_err();
    assert!(matches!(error, Error::Layer { .. }) && error.registry().is_some(), "{error:?}");
}
