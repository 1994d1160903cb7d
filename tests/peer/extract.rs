//! Under `/app` lies what Spring Boot's own `extract` makes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use imgbuild_testkit::fixtures;
use imgbuild_testkit::peers::{self, Unpacked, manifest_attributes, zip_entries};

use crate::scenario::{finished, home};

const MANIFEST: &str = "META-INF/MANIFEST.MF";

#[test]
fn app_is_what_spring_boot_extracts() {
    for name in ["app.jar", "boot-4.0.jar", "custom-layers.jar", "script.jar"] {
        let Some(jar) = peers::jar(name) else { return };
        let Some(java) = peers::require("java") else { return };
        let home = home();

        let expected = home.folder().join("expected");
        let bare = home.path(name);
        without_script(&jar, &bare).unwrap_or_else(|error| panic!("cannot write `{name}` anew: {error}"));
        finished(java.command().arg("-Djarmode=tools").arg("-jar").arg(&bare).arg("extract").arg("--destination").arg(&expected));
        let expected_jar = expected.join(name);

        finished(home.command().arg("build").arg(&jar).args(["--platform=linux/amd64", "-o", "type=oci,dest=image"]).arg(small_base()));
        let layout = home.folder().join("image");
        let Some(unpacked) = Unpacked::from(&format!("oci:{}", layout.display()), "amd64", None) else { return };
        let app = unpacked.root().join("app");

        same_files(name, &expected, &app);
        same_jar(name, &expected_jar, &app.join("app.jar"));
    }
}

/// The same entries without what stands in front: Spring Boot's tool refuses an archive that a launch script begins.
fn without_script(archive: &Path, target: &Path) -> zip::result::ZipResult<()> {
    let mut archive = zip::ZipArchive::new(File::open(archive)?)?;
    let mut writer = zip::ZipWriter::new(File::create(target)?);
    for at in 0..archive.len() {
        writer.raw_copy_file(archive.by_index_raw(at)?)?;
    }
    writer.finish().map(drop)
}

fn small_base() -> String {
    format!("--base=oci:{}:17", fixtures::path("base").display())
}

/// The same paths, and every file but the application's own JAR byte for byte.
fn same_files(name: &str, expected: &Path, actual: &Path) {
    let mut expected_paths = files(expected);
    // Spring Boot keeps the archive's name, an image calls it `app.jar`.
    expected_paths.remove(Path::new(name));
    expected_paths.insert(PathBuf::from("app.jar"));
    assert_eq!(files(actual), expected_paths, "{name}");
    for path in expected_paths.iter().filter(|path| path.as_os_str() != "app.jar") {
        assert!(read(&expected.join(path)) == read(&actual.join(path)), "{name}: `{}` differs", path.display());
    }
}

/// The same entries with the same contents, the same attributes, and the class path in the same order.
fn same_jar(name: &str, expected: &Path, actual: &Path) {
    let [mut expected, mut actual] = [expected, actual]
        .map(|jar| -> BTreeMap<String, Vec<u8>> { zip_entries(jar).into_iter().map(|entry| (entry.name, entry.content)).collect() });
    let manifests = [&mut expected, &mut actual].map(|entries| entries.remove(MANIFEST).unwrap_or_default());
    let [expected_attributes, attributes] = manifests.map(|manifest| manifest_attributes(&manifest));
    assert_eq!(attributes, expected_attributes, "{name}");
    assert!(attributes.get("Class-Path").is_some_and(|path| path.starts_with("lib/")), "{name}: {attributes:?}");
    assert_eq!(actual.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>(), "{name}");
    for (entry, content) in &expected {
        assert!(actual.get(entry) == Some(content), "{name}: `{entry}` differs");
    }
}

/// The files below a folder, as paths from it.
fn files(folder: &Path) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).unwrap_or_else(|error| panic!("cannot read `{}`: {error}", next.display())).flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(folder).map(Path::to_owned).unwrap_or(path));
            }
        }
    }
    found
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("cannot read `{}`: {error}", path.display()))
}
