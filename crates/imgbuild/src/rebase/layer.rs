//! What one of an image's own layers holds, as far as a base matters for it.

use std::io::Read as _;

use bytes::Bytes;

use crate::contents::is_jar;
use crate::guard::ConfigFile;
use crate::jar::{self, Jar, Library, Shape, Survey};
use crate::layer::{self, Attributes, Entry, Files, Kind, ReadError, Scan};
use crate::tarball;

/// The largest file that is looked into; a JAR has some 100 MB.
const MAX_FILE: u64 = 512 << 20;
/// The largest configuration that is looked into.
const MAX_CONFIG: u64 = 1 << 20;

/// A layer, read.
#[derive(Debug, Clone, Default)]
pub(super) struct OwnLayer {
    /// Its entries, without what is in them.
    pub(super) files: Files,
    /// The application's own classes and native code.
    pub(super) application: Survey,
    /// The libraries, by their paths in the image.
    pub(super) libraries: Vec<(String, Survey)>,
    /// Configuration that Spring Boot looks for by its name.
    pub(super) configs: Vec<ConfigFile>,
}

impl OwnLayer {
    /// Reads a layer. `started` is the path of the JAR with the application, where one is started.
    pub(super) fn read(scan: &mut Scan, started: Option<&str>) -> Result<Self, ReadError> {
        let mut found = Self::default();
        while let Some(entry) = scan.next_entry()? {
            found.take(scan, &entry, started)?;
        }
        Ok(found)
    }

    fn take(&mut self, scan: &mut Scan, entry: &tarball::Entry, started: Option<&str>) -> Result<(), ReadError> {
        let kind = match &entry.kind {
            tarball::Kind::Folder => Kind::Folder,
            tarball::Kind::Symlink(target) => Kind::Symlink(target.clone()),
            tarball::Kind::File => {
                self.look_into(scan, entry, started)?;
                Kind::File(std::sync::Arc::new(Bytes::new()))
            }
            _ => return Err(scan.refuse(format!("`{}` is nothing that imgbuild puts into a layer", entry.path))),
        };
        let attributes = Attributes { mode: entry.mode, uid: entry.uid, gid: entry.gid, mtime: 0 };
        let added = self.files.add(&entry.path, Entry { kind, attributes });
        added.map_err(|error: layer::Error| scan.refuse(error.to_string()))
    }

    fn look_into(&mut self, scan: &mut Scan, entry: &tarball::Entry, started: Option<&str>) -> Result<(), ReadError> {
        let path = format!("/{}", entry.path);
        if entry.size > MAX_FILE {
            return Ok(());
        }
        let mut bytes = Vec::new();
        let read = scan.by_ref().read_to_end(&mut bytes);
        read.map_err(|error| scan.read_error(error))?;
        if started == Some(path.as_str()) {
            self.take_application(&path, bytes);
        } else if is_jar(&path) {
            self.libraries.push((path.clone(), Survey::of_bytes(&path, bytes)));
        } else {
            self.application.add(&path, &bytes);
            let config = ConfigFile { source: path.clone(), destination: path, content: bytes.into() };
            if config.is_of_spring_boot() && entry.size <= MAX_CONFIG {
                self.configs.push(config);
            }
        }
        Ok(())
    }

    /// The JAR that is started: as one file it holds its libraries.
    fn take_application(&mut self, path: &str, bytes: Vec<u8>) {
        let surveyed = Jar::read(path, jar::Bytes::from(bytes)).and_then(|jar| Ok((Survey::of_application(&jar)?, jar)));
        match surveyed {
            Ok((survey, jar)) => {
                self.application = survey;
                if let Shape::SpringBoot(boot) = jar.shape() {
                    let name = |library: &Library| format!("{path}!/{}", library.entry().name());
                    self.libraries.extend(boot.libraries().iter().map(|library| (name(library), Survey::of_library(library))));
                }
            }
            Err(error) => self.application.unread = Some(error.to_string()),
        }
    }
}
