//! Executable archives in Spring Boot's shape, as its Gradle and Maven plugins write them: manifest, launcher,
//! `BOOT-INF` or `WEB-INF`, nested libraries stored, and the two indexes. Holds no real Spring class.

mod index;
mod version;

pub use version::{Launcher, Version};

use super::{Jar, Manifest, library};
use crate::classfile;

/// The start class unless another is set.
pub const START_CLASS: &str = "com.example.demo.DemoApplication";

/// A nested library: file name and bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Library {
    name: String,
    bytes: Vec<u8>,
    provided: bool,
}

/// Which `layers.idx` the archive has.
#[derive(Clone, Debug, PartialEq, Eq)]
enum LayersIndex {
    None,
    Usual,
    Text(String),
}

/// A Boot archive that is still to be written.
#[derive(Clone, Debug)]
pub struct SpringBoot {
    version: Version,
    launcher: Launcher,
    files: Vec<(String, Vec<u8>)>,
    libraries: Vec<Library>,
    loader: Option<Vec<(String, Vec<u8>)>>,
    classpath_index: bool,
    layers_index: LayersIndex,
    manifest: Manifest,
    meta: Vec<(String, Vec<u8>)>,
    script: Vec<u8>,
}

impl SpringBoot {
    /// A JAR of Boot `version` (such as `3.4.1`) that holds nothing but a manifest, the launcher and the indexes.
    #[must_use]
    pub fn empty(version: &str) -> Self {
        let version = Version::parse(version);
        Self {
            launcher: Launcher::Jar,
            files: Vec::new(),
            libraries: Vec::new(),
            loader: None,
            classpath_index: version.has_indexes(),
            layers_index: if version.has_indexes() { LayersIndex::Usual } else { LayersIndex::None },
            manifest: Manifest::new(),
            meta: Vec::new(),
            script: Vec::new(),
            version,
        }
        .described()
    }

    /// [`Self::empty`] with a start class, an `application.yml`, a static resource, the `spring-core` of that Boot
    /// version, a released library and a snapshot.
    #[must_use]
    pub fn new(version: &str) -> Self {
        let boot = Self::empty(version);
        let core = boot.version.spring_core();
        let class = |name: &str| (format!("{name}.class"), classfile::main_class(name, 61, name));
        let library_of = |title: &str, version: &str, name: &str| {
            let (path, bytes) = class(name);
            library(title, version, &[(&path, bytes)])
        };
        let (start, bytes) = class(&START_CLASS.replace('.', "/"));
        boot.file("application.yml", b"greeting:\n  text: from the jar\n")
            .file("static/index.html", b"<!doctype html>\n<title>demo</title>\n")
            .file(&start, &bytes)
            .library(&format!("spring-core-{core}.jar"), &library_of("spring-core", core, "org/springframework/core/SpringVersion"))
            .library("greeter-1.0.0.jar", &library_of("greeter", "1.0.0", "com/example/greeter/Greeter"))
            .library("model-1.2.0-SNAPSHOT.jar", &library_of("model", "1.2.0-SNAPSHOT", "com/example/model/Customer"))
    }

    /// Makes it a WAR: `WEB-INF` and `WarLauncher`.
    #[must_use]
    pub fn war(self) -> Self {
        self.launcher(Launcher::War)
    }

    /// Starts through another launcher.
    #[must_use]
    pub fn launcher(mut self, launcher: Launcher) -> Self {
        self.launcher = launcher;
        self.described()
    }

    /// Sets `Start-Class`.
    #[must_use]
    pub fn start_class(self, name: &str) -> Self {
        self.attribute("Start-Class", name)
    }

    /// Sets an attribute of the manifest.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.manifest = self.manifest.attribute(name, value);
        self
    }

    /// Removes an attribute of the manifest.
    #[must_use]
    pub fn without_attribute(mut self, name: &str) -> Self {
        self.manifest = self.manifest.without(name);
        self
    }

    /// Adds a class or resource; `path` is below `BOOT-INF/classes/`.
    #[must_use]
    pub fn file(mut self, path: &str, content: &[u8]) -> Self {
        self.files.push((path.into(), content.into()));
        self
    }

    /// Adds a nested library, or replaces the one with that file name.
    #[must_use]
    pub fn library(self, name: &str, bytes: &[u8]) -> Self {
        self.with_library(Library { name: name.into(), bytes: bytes.into(), provided: false })
    }

    /// Adds a library to a WAR's `WEB-INF/lib-provided/`, where a servlet container does not see it.
    #[must_use]
    pub fn provided_library(self, name: &str, bytes: &[u8]) -> Self {
        self.with_library(Library { name: name.into(), bytes: bytes.into(), provided: true })
    }

    /// Removes the libraries whose file name begins so.
    #[must_use]
    pub fn without_library(mut self, start: &str) -> Self {
        self.libraries.retain(|library| !library.name.starts_with(start));
        self
    }

    /// Sets the launcher's classes, paths from the archive's root; otherwise it is one class that says who it is.
    #[must_use]
    pub fn loader_classes(mut self, classes: &[(String, Vec<u8>)]) -> Self {
        self.loader = Some(classes.to_vec());
        self
    }

    /// Adds a file below `META-INF/`, such as a signature `APP.SF`.
    #[must_use]
    pub fn meta(mut self, name: &str, content: &[u8]) -> Self {
        self.meta.push((format!("META-INF/{name}"), content.into()));
        self
    }

    /// Leaves out `classpath.idx` and its attribute.
    #[must_use]
    pub fn without_classpath_index(mut self) -> Self {
        self.classpath_index = false;
        self.described()
    }

    /// Leaves out `layers.idx` and its attribute.
    #[must_use]
    pub fn without_layers_index(mut self) -> Self {
        self.layers_index = LayersIndex::None;
        self.described()
    }

    /// Sets the text of `layers.idx`, for layers of the user's own.
    #[must_use]
    pub fn layers_index(mut self, text: &str) -> Self {
        self.layers_index = LayersIndex::Text(text.into());
        self.described()
    }

    /// Puts a launch script in front, as `bootJar { launchScript() }` does until Boot 3.
    #[must_use]
    pub fn launch_script(mut self, script: &str) -> Self {
        self.script = script.into();
        self
    }

    /// The archive, so that entries can be added or changed.
    #[must_use]
    pub fn jar(&self) -> Jar {
        let root = self.launcher.root();
        let mut jar = Jar::new().manifest(&self.manifest);
        let put = |jar: Jar, path: &str, content: &[u8]| jar.directories_of(path).file(path, content);
        for (path, content) in self.meta.iter().chain(&self.loader_files()) {
            jar = put(jar, path, content);
        }
        jar = jar.directories_of(&format!("{root}classes/"));
        for (path, content) in &self.files {
            jar = put(jar, &format!("{root}classes/{path}"), content);
        }
        jar = jar.directories_of(&format!("{root}lib/"));
        for library in &self.libraries {
            let path = self.path_of(library);
            jar = jar.directories_of(&path).stored(&path, &library.bytes);
        }
        if self.classpath_index {
            jar = jar.file(&format!("{root}classpath.idx"), index::classpath(&self.library_paths()).as_bytes());
        }
        if let Some(text) = self.layers_text() {
            jar = jar.file(&format!("{root}layers.idx"), text.as_bytes());
        }
        if self.script.is_empty() { jar } else { jar.prefix(&self.script) }
    }

    /// The archive's bytes.
    #[must_use]
    pub fn build(&self) -> Vec<u8> {
        self.jar().build()
    }

    /// Paths of the nested libraries in their order, such as `BOOT-INF/lib/greeter-1.0.0.jar`.
    #[must_use]
    pub fn library_paths(&self) -> Vec<String> {
        self.libraries.iter().map(|library| self.path_of(library)).collect()
    }

    /// The text of `layers.idx`, where there is one.
    #[must_use]
    pub fn layers_text(&self) -> Option<String> {
        match &self.layers_index {
            LayersIndex::None => None,
            LayersIndex::Usual => Some(index::layers(self.launcher.root(), &self.library_paths(), self.classpath_index)),
            LayersIndex::Text(text) => Some(text.clone()),
        }
    }

    fn with_library(mut self, library: Library) -> Self {
        match self.libraries.iter_mut().find(|known| known.name == library.name) {
            Some(known) => *known = library,
            None => self.libraries.push(library),
        }
        self
    }

    fn loader_files(&self) -> Vec<(String, Vec<u8>)> {
        self.loader.clone().unwrap_or_else(|| {
            let class = self.launcher.path(self.version.package());
            vec![(format!("{class}.class"), classfile::main_class(&class, 52, "the launcher of a fixture"))]
        })
    }

    fn path_of(&self, library: &Library) -> String {
        let folder = if library.provided { "lib-provided" } else { "lib" };
        format!("{}{folder}/{}", self.launcher.root(), library.name)
    }

    /// Writes into the manifest what follows from version, launcher and indexes, in the plugins' order.
    fn described(mut self) -> Self {
        let root = self.launcher.root();
        let main = self.launcher.path(self.version.package()).replace('/', ".");
        let mut manifest = self.manifest.clone().attribute("Main-Class", &main);
        if self.manifest == Manifest::new() {
            manifest = manifest.attribute("Start-Class", START_CLASS);
        }
        manifest = manifest
            .attribute("Spring-Boot-Version", self.version.text())
            .attribute("Spring-Boot-Classes", &format!("{root}classes/"))
            .attribute("Spring-Boot-Lib", &format!("{root}lib/"));
        let indexes = [
            ("Spring-Boot-Classpath-Index", "classpath.idx", self.classpath_index),
            ("Spring-Boot-Layers-Index", "layers.idx", self.layers_index != LayersIndex::None),
        ];
        for (attribute, file, there) in indexes {
            manifest = if there { manifest.attribute(attribute, &format!("{root}{file}")) } else { manifest.without(attribute) };
        }
        self.manifest = manifest.attribute("Build-Jdk-Spec", "17");
        self
    }
}
