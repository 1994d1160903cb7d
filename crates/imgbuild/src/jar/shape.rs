//! What kind of JAR it is: Spring Boot's, another one that can be started, or a library.

use super::archive::Entry;
use super::index::{ClasspathIndex, LayersIndex};
use super::layers::Layers;
use super::library::{self, Library};
use super::manifest::text_error;
use super::{Archive, Error, Manifest};

/// What a JAR's manifest makes of it.
#[derive(Debug, Clone)]
pub enum Shape {
    /// A fat JAR or WAR that Spring Boot packed.
    SpringBoot(Box<SpringBoot>),
    /// A JAR that `java -jar` starts by itself.
    Executable {
        /// The class that it starts.
        main_class: String,
    },
    /// A JAR without Main-Class.
    Library,
}

/// Facts about a JAR or WAR that Spring Boot packed.
#[derive(Debug, Clone)]
pub struct SpringBoot {
    pub(super) packaging: Packaging,
    pub(super) launcher: String,
    pub(super) start_class: Option<String>,
    pub(super) version: Option<String>,
    pub(super) classes: String,
    pub(super) indexes: Vec<String>,
    pub(super) libraries: Vec<Library>,
    pub(super) layers: Layers,
    pub(super) spring_core: Option<(u32, u32)>,
    pub(super) signatures: Vec<String>,
}

/// Where Boot puts classes and libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packaging {
    /// `BOOT-INF/`.
    Jar,
    /// `WEB-INF/`.
    War,
}

const LOADER_PACKAGE: &str = "org.springframework.boot.loader.";

impl Shape {
    /// Finds out what an archive is.
    ///
    /// # Errors
    /// [`Error::Text`] when an index that the manifest names does not parse; errors of reading.
    pub fn of(archive: &Archive, manifest: Option<&Manifest>) -> Result<Self, Error> {
        let value = |name| manifest.and_then(|manifest| manifest.main().value(name)).map(str::trim);
        let Some(main_class) = value("Main-Class").filter(|class| !class.is_empty()) else { return Ok(Self::Library) };
        let boot = main_class.starts_with(LOADER_PACKAGE)
            // A launcher of the project's own still leaves Boot's attributes.
            || value("Start-Class").is_some() && value("Spring-Boot-Lib").is_some();
        match manifest.filter(|_| boot) {
            Some(manifest) => SpringBoot::of(archive, manifest, main_class).map(|boot| Self::SpringBoot(Box::new(boot))),
            None => Ok(Self::Executable { main_class: main_class.to_owned() }),
        }
    }
}

impl SpringBoot {
    fn of(archive: &Archive, manifest: &Manifest, launcher: &str) -> Result<Self, Error> {
        let value = |name| manifest.main().value(name).map(str::trim).filter(|value| !value.is_empty());
        let packaging = match value("Spring-Boot-Lib") {
            Some(lib) if lib.starts_with("WEB-INF") => Packaging::War,
            None if launcher.ends_with(".WarLauncher") => Packaging::War,
            Some(_) | None => Packaging::Jar,
        };
        let root = packaging.root();
        let folder = |name, usual: String| value(name).map_or(usual, |folder| format!("{}/", folder.trim_end_matches('/')));
        let classes = folder("Spring-Boot-Classes", format!("{root}classes/"));
        let mut folders = vec![folder("Spring-Boot-Lib", format!("{root}lib/"))];
        if packaging == Packaging::War {
            folders.push(format!("{root}lib-provided/"));
        }
        let classpath = index(archive, value("Spring-Boot-Classpath-Index"), ClasspathIndex::parse)?;
        let layers = index(archive, value("Spring-Boot-Layers-Index"), LayersIndex::parse)?;
        let indexes = [classpath.as_ref().map(|(location, _)| location), layers.as_ref().map(|(location, _)| location)];
        let indexes = indexes.into_iter().flatten().cloned().collect();
        let libraries = library::find(archive, &folders, classpath.as_ref().map(|(_, index)| index));
        Ok(Self {
            packaging,
            launcher: launcher.to_owned(),
            start_class: value("Start-Class").map(str::to_owned),
            version: value("Spring-Boot-Version").map(str::to_owned),
            classes,
            indexes,
            spring_core: library::version(archive, &libraries, "spring-core")?,
            libraries,
            layers: match layers {
                Some((location, index)) => Layers::Index { index, location },
                None => Layers::Usual { libraries: folders },
            },
            signatures: archive.entries().iter().map(Entry::name).filter(|name| is_signature(name)).map(str::to_owned).collect(),
        })
    }

    /// JAR or WAR.
    #[must_use]
    pub fn packaging(&self) -> Packaging {
        self.packaging
    }

    /// The launcher, as the manifest's Main-Class names it; its package moved in Boot 3.2.
    #[must_use]
    pub fn launcher(&self) -> &str {
        &self.launcher
    }

    /// The application's class with the `main` method.
    #[must_use]
    pub fn start_class(&self) -> Option<&str> {
        self.start_class.as_deref()
    }

    /// The version of Spring Boot that packed it.
    #[must_use]
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The folder of the application's classes, ending in `/`.
    #[must_use]
    pub fn classes(&self) -> &str {
        &self.classes
    }

    /// Libraries in the order of the class path.
    #[must_use]
    pub fn libraries(&self) -> &[Library] {
        &self.libraries
    }

    /// How entries are split into layers.
    #[must_use]
    pub fn layers(&self) -> &Layers {
        &self.layers
    }

    /// Major and minor version of spring-core among the libraries.
    #[must_use]
    pub fn spring_core(&self) -> Option<(u32, u32)> {
        self.spring_core
    }

    /// Names of the files that sign the JAR as a whole.
    #[must_use]
    pub fn signatures(&self) -> &[String] {
        &self.signatures
    }
}

impl Packaging {
    pub(super) fn root(self) -> &'static str {
        match self {
            Self::Jar => "BOOT-INF/",
            Self::War => "WEB-INF/",
        }
    }
}

/// Whether an entry is part of a JAR's signature, as `java.util.jar` decides.
pub(super) fn is_signature(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let Some(file) = upper.strip_prefix("META-INF/").filter(|file| !file.contains('/')) else { return false };
    file.starts_with("SIG-") || [".SF", ".RSA", ".DSA", ".EC"].iter().any(|suffix| file.ends_with(suffix))
}

/// The index that the manifest names, where the archive has it.
fn index<T>(
    archive: &Archive,
    location: Option<&str>,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Result<Option<(String, T)>, Error> {
    let Some(entry) = location.and_then(|location| archive.entry(location)) else { return Ok(None) };
    let bytes = entry.read()?;
    let text = std::str::from_utf8(&bytes).map_err(|_| "it is not UTF-8".to_owned());
    let index = text.and_then(parse).map_err(|reason| text_error(archive, entry, reason))?;
    Ok(Some((entry.name().to_owned(), index)))
}
