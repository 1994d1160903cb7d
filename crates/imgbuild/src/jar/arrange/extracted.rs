//! `extracted`: what `java -Djarmode=tools -jar app.jar extract --layers` of Boot 3.3 lays out, made
//! for every version of Boot.
//!
//! Where Boot's tool gives up, this goes on as the fat JAR would have: without `classpath.idx` the
//! class path has the JAR's order, libraries that a WAR keeps in `WEB-INF/lib-provided` are taken, and
//! entries that two places hold with the same bytes are taken once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::fmt::Write as _;
use std::sync::Arc;

use super::super::layers::LOADER;
use super::super::shape::is_signature;
use super::super::{Archive, Entry, Manifest, SpringBoot, archive, manifest};
use super::content::ThinJar;
use super::thin::Thin;
use super::{Arrangement, Content, Launch, Placed, Refusal, into_layers};

/// Attributes that mean something to Boot's launcher only.
const LAUNCHER_ATTRIBUTES: [&str; 5] =
    ["Start-Class", "Spring-Boot-Classes", "Spring-Boot-Lib", "Spring-Boot-Classpath-Index", "Spring-Boot-Layers-Index"];

/// Registers the file system of Boot's loader, which the thin JAR has no classes of.
const LOADER_SERVICE: &str = "META-INF/services/java.nio.file.spi.FileSystemProvider";

/// Lays the JAR out with its application part at `application` and libraries in `lib/`.
pub(in super::super) fn extract(
    archive: &Archive,
    manifest: &Manifest,
    boot: &SpringBoot,
    application: &str,
) -> Result<Arrangement, Refusal> {
    if boot.launcher.ends_with(".PropertiesLauncher") {
        return Err(Refusal::Because("PropertiesLauncher's `loader.path` would be lost".to_owned()));
    }
    let Some(start_class) = boot.start_class() else {
        return Err(Refusal::Because("its manifest has no Start-Class".to_owned()));
    };
    let libraries = libraries(boot)?;
    let mut manifest = manifest.clone();
    for name in LAUNCHER_ATTRIBUTES {
        manifest.main_mut().remove(name);
    }
    manifest.remove_digests();
    manifest.main_mut().set("Main-Class", start_class);
    let class_path: Vec<String> = libraries.iter().map(|(path, _)| relative_url(path)).collect();
    manifest.main_mut().set("Class-Path", class_path.join(" "));
    let thin = Thin::new(manifest.to_bytes(), thin_entries(archive, boot)?);
    let mut placed: Vec<(String, Placed)> = libraries
        .into_iter()
        .map(|(path, entry)| {
            let layer = boot.layers.layer(entry.name()).to_owned();
            (layer, Placed { path, content: Content::Entry(entry) })
        })
        .collect();
    let application = application.to_owned();
    let thin = Content::Thin(ThinJar(Arc::new(thin)));
    placed.push((boot.layers.application().to_owned(), Placed { path: application.clone(), content: thin }));
    Ok(Arrangement::new(into_layers(&boot.layers, placed), Launch::Jar(application)))
}

/// Files of the JAR that the extracted form has no place for and the fat JAR offers to the application.
pub(super) fn left_out<'a>(archive: &'a Archive, boot: &'a SpringBoot) -> impl Iterator<Item = &'a str> {
    let known = |name: &str| {
        name.starts_with("META-INF/")
            || name.starts_with(&boot.classes)
            || name.starts_with(LOADER)
            || boot.indexes.iter().any(|index| index == name)
            || boot.libraries.iter().any(|library| library.entry.name() == name)
    };
    archive.entries().iter().filter(|entry| !entry.is_folder()).map(Entry::name).filter(move |name| !known(name))
}

/// Path and entry of each library, one for a path, in the order of the class path.
fn libraries(boot: &SpringBoot) -> Result<Vec<(String, Entry)>, Refusal> {
    let mut libraries: Vec<(String, Entry)> = Vec::new();
    for library in &boot.libraries {
        let path = format!("lib/{}", library.path);
        match libraries.iter().find(|(known, _)| *known == path) {
            Some((_, earlier)) => one_of_two(&path, earlier, &library.entry)?,
            None => libraries.push((path, library.entry.clone())),
        }
    }
    Ok(libraries)
}

/// Entries of the thin JAR by name: the application's classes and resources, and `META-INF`.
fn thin_entries(archive: &Archive, boot: &SpringBoot) -> Result<Vec<(String, Entry)>, Refusal> {
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for entry in archive.entries() {
        let name = entry.name();
        if matches!(name, "META-INF/" | manifest::NAME | LOADER_SERVICE) || is_signature(name) {
            continue;
        }
        let location = match name.strip_prefix(&boot.classes) {
            Some(location) => location,
            None if name.starts_with("META-INF/") => name,
            None => continue,
        };
        if location == manifest::NAME {
            return Err(Refusal::Because(format!("`{name}` would take the place of the JAR's manifest")));
        }
        match entries.entry(location.to_owned()) {
            _ if location.is_empty() => {}
            Slot::Vacant(slot) => {
                slot.insert(entry.clone());
            }
            Slot::Occupied(slot) => one_of_two(location, slot.get(), entry)?,
        }
    }
    for location in entries.keys() {
        let above = location.match_indices('/').map(|(at, _)| &location[..at]);
        if let Some(file) = above.into_iter().find(|above| entries.contains_key(*above)) {
            return Err(Refusal::Because(format!("`{file}` would be a file and a folder")));
        }
    }
    Ok(entries.into_iter().collect())
}

fn one_of_two(place: &str, first: &Entry, second: &Entry) -> Result<(), Refusal> {
    if archive::same(first, second)? {
        return Ok(());
    }
    let [first, second] = [first.name(), second.name()];
    Err(Refusal::Because(format!("`{first}` and `{second}` differ and would both become `{place}`")))
}

/// A path as an entry of Class-Path, which is a list of URLs divided by spaces. Boot writes paths as
/// they are; only what would end or change the URL is escaped.
fn relative_url(path: &str) -> String {
    let mut url = String::with_capacity(path.len());
    for character in path.chars() {
        if matches!(character, ' ' | '%' | '#' | '?') || character.is_ascii_control() {
            // Writing to a string cannot fail.
            let _ = write!(url, "%{:02X}", u32::from(character));
        } else {
            url.push(character);
        }
    }
    url
}
