//! What the application says: its JAR, read once for all platforms, or the files of an image that was built before.

use super::secrets::Secret;
use super::spring::{self, Setting};
use crate::cache::Cache;
use crate::jar::{self, Entry, Jar, Shape, Survey};
use crate::oci::Digest;

/// What the application says about the machine, the Java and the settings that it needs.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What errors call it.
    name: String,
    /// The JAR; none where only the files of an image are there, which say nothing of how it was packed.
    pub(super) jar: Option<Jar>,
    /// The application's own files.
    pub(super) application: Survey,
    /// Names of nested libraries and what is in them.
    pub(super) libraries: Vec<(String, Survey)>,
    unknown: Unknown,
    /// Settings in the JAR that need no profile.
    pub(super) settings: Vec<Setting>,
    /// Keys and passwords in the application's resources.
    pub(super) secrets: Vec<Secret>,
}

/// By number, the libraries that the cache did not know, and the keys by which it will.
type Unknown = Vec<(Digest, usize)>;

/// Folders of the class path whose files Spring Boot serves.
const STATIC: [&str; 4] = ["static/", "public/", "resources/", "META-INF/resources/"];

impl Evidence {
    /// Reads the JAR. Libraries that were looked into before are not read again where `cache` has what is in them; it
    /// is not written to.
    ///
    /// # Errors
    /// When the JAR cannot be read.
    pub fn read(jar: &Jar, cache: Option<&Cache>) -> Result<Self, jar::Error> {
        let (libraries, unknown) = libraries(jar, cache);
        let evidence = Self {
            name: jar.archive().name().to_owned(),
            jar: Some(jar.clone()),
            application: Survey::of_application(jar)?,
            libraries,
            unknown,
            settings: Vec::new(),
            secrets: Vec::new(),
        };
        let (mut settings, mut secrets) = (Vec::new(), Vec::new());
        for (name, entry) in evidence.files().filter(|(_, entry)| entry.size() <= jar::limits::MAX_TEXT) {
            let is_settings = matches!(name, "application.yml" | "application.yaml" | "application.properties")
                || matches!(name, "config/application.yml" | "config/application.yaml" | "config/application.properties");
            if !is_settings && !super::secrets::is_worth_reading(name, entry.size()) {
                continue;
            }
            let content = entry.read()?;
            if is_settings && let Some(Ok(found)) = spring::parse_file(name, &content) {
                settings.extend(found);
            }
            secrets.extend(super::secrets::scan(entry.name(), name, &content));
        }
        Ok(Self { settings, secrets, ..evidence })
    }

    /// What the files of an image say: `application` those that are in no JAR, `libraries` each JAR by its path.
    #[must_use]
    pub const fn of_image(name: String, application: Survey, libraries: Vec<(String, Survey)>) -> Self {
        Self { name, jar: None, application, libraries, unknown: Vec::new(), settings: Vec::new(), secrets: Vec::new() }
    }

    /// What the cache did not know, to be told when there is time: each library is a file to write.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = (&Digest, &Survey)> {
        self.unknown.iter().filter_map(|(key, at)| Some((key, &self.libraries.get(*at)?.1)))
    }

    /// What errors call the application.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether Spring Boot starts it.
    pub(super) fn boot(&self) -> Option<&jar::SpringBoot> {
        match self.jar.as_ref()?.shape() {
            Shape::SpringBoot(boot) => Some(boot),
            Shape::Executable { .. } | Shape::Library => None,
        }
    }

    /// A file that Spring Boot serves as it is.
    pub(super) fn static_resource(&self) -> Option<&str> {
        self.boot()?;
        let mut served = self.files().filter(|(name, _)| STATIC.iter().any(|folder| name.starts_with(folder)));
        served.next().map(|(_, entry)| entry.name())
    }

    /// Whether a class is on the application's class path; `None` where that cannot be known.
    pub(super) fn has_class(&self, class: &str) -> Option<bool> {
        let jar = self.jar.as_ref()?;
        let path = format!("{}.class", class.replace('.', "/"));
        if self.files().any(|(name, _)| name == path) {
            return Some(true);
        }
        let Some(boot) = self.boot() else {
            // Libraries beside the JAR may hold it.
            let elsewhere = jar.manifest().is_some_and(|manifest| manifest.main().value("Class-Path").is_some());
            return (!elsewhere).then_some(false);
        };
        let mut unknown = false;
        for library in boot.libraries() {
            match library.contains(&path) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => unknown = true,
            }
        }
        (!unknown).then_some(false)
    }

    /// Names on the class path and entries of the application's own files.
    fn files(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let classes = self.boot().map(jar::SpringBoot::classes);
        let entries = self.jar.iter().flat_map(|jar| jar.archive().entries());
        let files = entries.filter(|entry| !entry.is_folder());
        files.filter_map(move |entry| match classes {
            Some(classes) => Some((entry.name().strip_prefix(classes)?, entry)),
            None => Some((entry.name(), entry)),
        })
    }
}

/// A library that is new is looked into, and no other: most changes are of one.
fn libraries(jar: &Jar, cache: Option<&Cache>) -> (Vec<(String, Survey)>, Unknown) {
    let Shape::SpringBoot(boot) = jar.shape() else { return (Vec::new(), Unknown::new()) };
    let (mut all, mut unknown, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for (at, library) in boot.libraries().iter().enumerate() {
        let key = key(library);
        let known = cache.and_then(|cache| cache.find_record::<Survey>(&key));
        if known.is_none() {
            unknown.push((key, at));
            new.push(library.clone());
        }
        all.push((library.entry().name().to_owned(), known.unwrap_or_default()));
    }
    for ((_, at), survey) in unknown.iter().zip(Survey::of_libraries(&new)) {
        all[*at].1 = survey;
    }
    (all, unknown)
}

/// Name, size and checksum: whoever builds the JAR has no reason to forge what warns him.
fn key(library: &jar::Library) -> Digest {
    /// Changes with what a survey is.
    const VERSION: &str = "survey 2";
    let entry = library.entry();
    Digest::of(format!("{VERSION}\n{:08x} {} {}", entry.crc32(), entry.size(), entry.name()).as_bytes())
}
