//! What is in a JAR, and in the libraries within it.

use std::collections::BTreeMap;
use std::io::{self, Read as _};

use super::text::{MAX_TEXT, has_extension, may_mean, meaning};
use super::{Coordinates, Keys, Meaning};
use crate::jar::{Archive, Bytes, Entry, Manifest, Method};
use crate::oci::{Algorithm, Digest, Hasher};

/// JARs within JARs that are looked into; a fat JAR has one level.
const MAX_DEPTH: usize = 3;
const MANIFEST: &str = "META-INF/MANIFEST.MF";

/// What is in a JAR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JarContents {
    /// Which library it is.
    pub coordinates: Coordinates,
    /// Whether its manifest names a class to start.
    pub is_executable: bool,
    /// The version of Spring Boot that packed it.
    pub boot_version: Option<String>,
    /// Its files by path, folders left out.
    pub files: BTreeMap<String, JarFile>,
    /// The digest of the times of its entries.
    pub times: Digest,
    /// The digest of how its entries are packed: their order, methods and packed sizes.
    pub packing: Digest,
}

/// A file in a JAR.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JarFile {
    /// The digest of its content.
    pub digest: Digest,
    /// Bytes of its content.
    pub size: u64,
    /// What its text says.
    pub meaning: Option<Meaning>,
    /// What is in it, where it is a JAR that is stored.
    pub jar: Option<Box<JarContents>>,
}

/// Whether a file of this name is looked into as a JAR.
#[must_use]
pub fn is_jar(path: &str) -> bool {
    has_extension(path, &["jar", "war"])
}

impl JarContents {
    /// Looks into the JAR at `path`. The error is the reason, for people.
    pub(super) fn read(path: &str, bytes: Bytes) -> Result<Self, String> {
        let archive = Archive::open(path, bytes).map_err(|error| error.to_string())?;
        Self::of(path, &archive, MAX_DEPTH).map_err(|error| error.to_string())
    }

    fn of(path: &str, archive: &Archive, depth: usize) -> Result<Self, crate::jar::Error> {
        let mut files = BTreeMap::new();
        let mut poms = Vec::new();
        let mut manifest = None;
        let mut times = Hasher::new(Algorithm::Sha256);
        let mut packing = Hasher::new(Algorithm::Sha256);
        for entry in archive.entries() {
            times.update(&entry.modified().to_be_bytes());
            let method = u8::from(entry.method() == Method::Deflated);
            packing.update(format!("{} {method} {}\n", entry.name(), entry.packed().len()).as_bytes());
            if entry.is_folder() {
                continue;
            }
            let name = entry.name();
            let is_pom = name.starts_with("META-INF/maven/") && name.ends_with("/pom.properties");
            let is_manifest = name.eq_ignore_ascii_case(MANIFEST);
            let mut file = JarFile { digest: Digest::of(b""), size: entry.size(), meaning: None, jar: None };
            if is_pom && entry.size() <= MAX_TEXT {
                let text = entry.read()?;
                poms.push(String::from_utf8_lossy(&text).into_owned());
            }
            if is_manifest {
                // One that Java would refuse is compared as a file like any other.
                manifest = Manifest::of(archive).ok().flatten();
                file.meaning = manifest.as_ref().map(|manifest| Meaning::Configuration(Keys::of_manifest(manifest)));
            } else if may_mean(name, entry.size()) {
                file.meaning = meaning(name, &entry.read()?);
            } else if is_jar(name) && depth > 0 && entry.stored().is_some() {
                // A library that cannot be read strictly is compared as a file like any other.
                file.jar = archive.open_nested(entry).and_then(|nested| Self::of(name, &nested, depth - 1)).ok().map(Box::new);
            }
            file.digest = digest(entry).map_err(|error| entry.read_error(error))?;
            files.insert(name.to_owned(), file);
        }
        let value = |name: &str| manifest.as_ref().and_then(|manifest| manifest.main().value(name));
        let version = value("Implementation-Version").or_else(|| value("Bundle-Version"));
        Ok(Self {
            coordinates: Coordinates::new(path, &poms, version),
            is_executable: value("Main-Class").is_some(),
            boot_version: value("Spring-Boot-Version").map(str::to_owned),
            files,
            times: times.finish(),
            packing: packing.finish(),
        })
    }

    /// The libraries within it, each with its path.
    pub fn libraries(&self) -> impl Iterator<Item = (&str, &JarFile)> {
        self.files.iter().filter(|(path, _)| is_jar(path)).map(|(path, file)| (path.as_str(), file))
    }
}

fn digest(entry: &Entry) -> io::Result<Digest> {
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let mut contents = entry.open();
    let mut piece = vec![0; 64 << 10];
    loop {
        match contents.read(&mut piece)? {
            0 => return Ok(hasher.finish()),
            length => hasher.update(&piece[..length]),
        }
    }
}
