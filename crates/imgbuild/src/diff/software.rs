//! Files in layers → the application, its libraries, the JDK, and the rest.

use std::collections::BTreeMap;

use super::merged::{Found, Merged};
use crate::contents::{Content, JarContents, Meaning, Node, NodeKind};
use crate::image::Config;
use crate::inspect::Settings;
use crate::oci::Digest;

/// Folders whose content is on the class path under its own name: Spring Boot's, and Jib's.
const CLASS_FOLDERS: [&str; 4] = ["BOOT-INF/classes/", "WEB-INF/classes/", "app/classes/", "app/resources/"];
/// Where Spring Boot's launcher lies in what it packed.
const LAUNCHER: &str = "org/springframework/boot/loader/";
/// What lies beside those folders when a JAR was laid out as files; it keeps its whole name.
const BESIDE: [&str; 4] = [LAUNCHER, "META-INF/", "BOOT-INF/", "WEB-INF/"];
/// The library that the launcher is.
pub(super) const LAUNCHER_NAME: &str = "spring-boot-loader";

/// What runs in a container, as far as the layers that differ say.
#[derive(Debug, Default)]
pub(super) struct Software<'a> {
    /// Libraries by name.
    pub(super) libraries: BTreeMap<String, Vec<Library<'a>>>,
    /// The application's own files by their name on the class path.
    pub(super) application: BTreeMap<String, Part<'a>>,
    /// The JARs that hold the application, by path.
    pub(super) archives: BTreeMap<&'a str, (&'a Content, &'a JarContents)>,
    /// All other paths.
    pub(super) files: BTreeMap<&'a str, Other<'a>>,
    /// The version of the JDK.
    pub(super) java: Option<String>,
    /// The name of the operating system.
    pub(super) system: Option<String>,
}

/// A library, where it lies and what is in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Library<'a> {
    pub(super) version: Option<&'a str>,
    pub(super) digest: &'a Digest,
    pub(super) jar: Option<&'a JarContents>,
    /// Where it is a file of its own.
    pub(super) node: Option<&'a Node>,
}

/// A file of the application.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    /// Where it is, for people.
    pub(super) place: String,
    pub(super) digest: &'a Digest,
    pub(super) meaning: Option<&'a Meaning>,
    /// Where it is a file of its own.
    pub(super) node: Option<&'a Node>,
}

/// A path that is neither the application's nor a library.
#[derive(Debug, Clone, Copy)]
pub(super) struct Other<'a> {
    pub(super) node: &'a Node,
    pub(super) origin: Origin,
}

/// Who brought a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Base,
    Jdk,
    /// The image itself, or nobody knows.
    Own,
}

impl<'a> Software<'a> {
    /// Sorts what is in `merged`, of an image with this configuration.
    pub(super) fn new(merged: &Merged<'a>, config: &Config) -> Self {
        let mut software = Self::default();
        let started = started_jar(config);
        let homes: Vec<&str> = merged.iter().filter_map(|(path, found)| home(path, found.node)).collect();
        for (path, found) in merged {
            let is_jdk = homes.iter().any(|home| path.strip_prefix(home).is_some_and(|rest| rest.starts_with('/')));
            software.take(path, *found, is_jdk, started.as_deref() == Some(*path));
        }
        let variable = || config.env("JAVA_VERSION").map(str::to_owned);
        software.java = software.java.take().or_else(variable);
        software
    }

    fn take(&mut self, path: &'a str, found: Found<'a>, is_jdk: bool, is_started: bool) {
        let node = found.node;
        let origin = if is_jdk { Origin::Jdk } else { origin(found.is_own) };
        let content = match &node.kind {
            NodeKind::File(content) if !is_jdk => content,
            kind => {
                if let NodeKind::File(content) = kind
                    && let Some(Meaning::Java(version)) = &content.meaning
                {
                    self.java = Some(version.to_string());
                }
                self.files.insert(path, Other { node, origin });
                return;
            }
        };
        if let Some(Meaning::System(name)) = &content.meaning {
            self.system = Some(name.clone());
        }
        match &content.jar {
            Some(jar) if is_started || jar.libraries().next().is_some() => self.take_application(path, content, jar),
            Some(jar) => {
                let library =
                    Library { version: jar.coordinates.version.as_deref(), digest: &content.digest, jar: Some(jar), node: Some(node) };
                self.libraries.entry(jar.coordinates.name.clone()).or_default().push(library);
            }
            // Of two applications in one image the second one's files keep their whole paths.
            None => match class_path_name(path).filter(|name| !self.application.contains_key(*name)) {
                Some(name) if origin == Origin::Own => {
                    let part =
                        Part { place: format!("/{path}"), digest: &content.digest, meaning: content.meaning.as_ref(), node: Some(node) };
                    self.application.insert(name.to_owned(), part);
                }
                _ => {
                    self.files.insert(path, Other { node, origin });
                }
            },
        }
    }

    fn take_application(&mut self, path: &'a str, content: &'a Content, jar: &'a JarContents) {
        self.archives.insert(path, (content, jar));
        for (within, file) in &jar.files {
            if let Some(library) = &file.jar {
                let found =
                    Library { version: library.coordinates.version.as_deref(), digest: &file.digest, jar: Some(library), node: None };
                self.libraries.entry(library.coordinates.name.clone()).or_default().push(found);
                continue;
            }
            let name = class_path_name(within).unwrap_or(within);
            let part = Part { place: format!("/{path}!/{within}"), digest: &file.digest, meaning: file.meaning.as_ref(), node: None };
            self.application.insert(name.to_owned(), part);
        }
    }
}

/// Whether a name on the class path is the launcher's.
pub(super) fn is_launcher(name: &str) -> bool {
    name.starts_with(LAUNCHER)
}

/// The name on the class path of a file of the application that lies by itself.
fn class_path_name(path: &str) -> Option<&str> {
    let starts_at = |folder: &str| path.find(folder).filter(|at| *at == 0 || path[..*at].ends_with('/'));
    let within = |folder: &&str| starts_at(folder).map(|at| &path[at + folder.len()..]);
    let beside = |folder: &&str| starts_at(folder).map(|at| &path[at..]);
    CLASS_FOLDERS.iter().find_map(within).or_else(|| BESIDE.iter().find_map(beside))
}

/// The folder of a JDK, by its file `release`.
fn home<'a>(path: &'a str, node: &Node) -> Option<&'a str> {
    let is_release = matches!(node.content()?.meaning, Some(Meaning::Java(_)));
    path.strip_suffix("/release").filter(|_| is_release)
}

const fn origin(is_own: Option<bool>) -> Origin {
    match is_own {
        Some(false) => Origin::Base,
        Some(true) | None => Origin::Own,
    }
}

/// The JAR that `java -jar` starts, as a path below the root.
fn started_jar(config: &Config) -> Option<String> {
    let Settings { entrypoint, cmd, working_dir, .. } = Settings::of(config);
    let words: Vec<String> = entrypoint.into_iter().chain(cmd).collect();
    // A command in the form of a shell is one word.
    let words: Vec<&str> = words.iter().flat_map(|word| word.split(' ')).collect();
    let at = words.iter().position(|word| *word == "-jar")?;
    let jar = words.get(at + 1)?;
    let whole = if jar.starts_with('/') { (*jar).to_owned() } else { format!("{working_dir}/{jar}") };
    Some(crate::tarball::plain(&whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_class_path_are_found_wherever_a_tool_puts_classes() {
        let table = [
            ("app/BOOT-INF/classes/x/Y.class", Some("x/Y.class")),
            ("BOOT-INF/classes/a.yml", Some("a.yml")),
            ("app/classes/x/Y.class", Some("x/Y.class")),
            ("app/org/springframework/boot/loader/L.class", Some("org/springframework/boot/loader/L.class")),
            ("app/META-INF/MANIFEST.MF", Some("META-INF/MANIFEST.MF")),
            ("app/BOOT-INF/layers.idx", Some("BOOT-INF/layers.idx")),
            ("app/config/application.yml", None),
            ("myapp/classes/x", None),
        ];
        for (path, name) in table {
            assert_eq!(class_path_name(path), name, "{path}");
        }
    }

    #[test]
    fn the_started_jar_is_found_in_every_form_of_a_command() {
        let table = [
            (r#"{"config":{"Entrypoint":["java","-jar","/app/app.jar"]}}"#, Some("app/app.jar")),
            (r#"{"config":{"Entrypoint":["java"],"Cmd":["-jar","a.jar"],"WorkingDir":"/srv"}}"#, Some("srv/a.jar")),
            (r#"{"config":{"Cmd":["sh","-c","exec java -Xmx1g -jar /x.jar"]}}"#, Some("x.jar")),
            (r#"{"config":{"Cmd":["java","-jar"]}}"#, None),
        ];
        for (config, jar) in table {
            assert_eq!(started_jar(&Config::parse(config.as_bytes()).unwrap()).as_deref(), jar, "{config}");
        }
    }
}
