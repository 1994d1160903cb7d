//! Which layer an entry of a Spring Boot JAR goes to.

use super::index::LayersIndex;

/// The layers of a JAR: its own index, or the usual split where it has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layers {
    /// As `layers.idx` says.
    Index {
        /// The index.
        index: LayersIndex,
        /// Where it was in the JAR; the layer that holds it is the application's.
        location: String,
    },
    /// As Boot would have split it: loader, dependencies, snapshots, application.
    Usual {
        /// Folders of libraries, each ending in `/`.
        libraries: Vec<String>,
    },
}

const USUAL: [&str; 4] = ["dependencies", "spring-boot-loader", "snapshot-dependencies", "application"];

/// Where Boot puts its launcher's classes, in every version.
pub(super) const LOADER: &str = "org/springframework/boot/loader/";

impl Layers {
    /// Names in the order in which the layers are put on each other.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::Index { index, .. } => index.layers().collect(),
            Self::Usual { .. } => USUAL.to_vec(),
        }
    }

    /// The layer of an entry. One that the index forgot (added after Boot packed the JAR) goes to the
    /// application, where Boot's own tool gives up.
    #[must_use]
    pub fn layer(&self, entry: &str) -> &str {
        match self {
            Self::Index { index, .. } => index.layer(entry).unwrap_or_else(|| self.application()),
            Self::Usual { libraries } => {
                let library = libraries.iter().find_map(|folder| entry.strip_prefix(folder.as_str()));
                match library {
                    Some(name) if name.contains("SNAPSHOT.") => "snapshot-dependencies",
                    Some(_) => "dependencies",
                    None if entry.starts_with(LOADER) => "spring-boot-loader",
                    None => "application",
                }
            }
        }
    }

    /// The layer of the application's own classes.
    #[must_use]
    pub fn application(&self) -> &str {
        match self {
            Self::Index { index, location } => index.layer(location).or_else(|| index.layers().last()).unwrap_or("application"),
            Self::Usual { .. } => "application",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_index_the_split_is_boots() {
        let layers = Layers::Usual { libraries: vec!["WEB-INF/lib/".to_owned(), "WEB-INF/lib-provided/".to_owned()] };
        let table = [
            ("WEB-INF/lib/a-1.0.jar", "dependencies"),
            ("WEB-INF/lib-provided/t.jar", "dependencies"),
            ("WEB-INF/lib/a-1.0-SNAPSHOT.jar", "snapshot-dependencies"),
            ("WEB-INF/lib/SNAPSHOT-tools.jar", "dependencies"),
            ("WEB-INF/library.txt", "application"),
            ("org/springframework/boot/loader/launch/WarLauncher.class", "spring-boot-loader"),
            ("org/springframework/boot/loaders.txt", "application"),
            ("META-INF/MANIFEST.MF", "application"),
        ];
        for (entry, layer) in table {
            assert_eq!(layers.layer(entry), layer, "{entry}");
        }
        assert_eq!(layers.application(), "application");
    }

    #[test]
    fn what_an_index_forgot_goes_to_the_application() {
        let index = LayersIndex::parse("- \"lib\":\n  - \"l/\"\n- \"mine\":\n  - \"i\"\n- \"top\":\n").unwrap();
        let layers = Layers::Index { index: index.clone(), location: "i".to_owned() };
        assert_eq!((layers.layer("l/x"), layers.layer("?"), layers.application()), ("lib", "mine", "mine"));
        let layers = Layers::Index { index, location: "gone".to_owned() };
        assert_eq!(layers.application(), "top");
    }
}
