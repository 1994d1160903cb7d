//! What depends on Boot's version: the launcher's package, the indexes, the `spring-core` that it brings.

/// The class that `java -jar` starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Launcher {
    /// `JarLauncher` with `BOOT-INF`.
    Jar,
    /// `WarLauncher` with `WEB-INF`.
    War,
    /// `PropertiesLauncher` with `BOOT-INF` and `loader.path`.
    Properties,
}

impl Launcher {
    /// The class's path in a package, such as `org/springframework/boot/loader/JarLauncher`.
    pub(super) fn path(self, package: &str) -> String {
        let name = match self {
            Self::Jar => "JarLauncher",
            Self::War => "WarLauncher",
            Self::Properties => "PropertiesLauncher",
        };
        format!("{package}/{name}")
    }

    /// The folder that holds classes and libraries, with its slash.
    pub(super) fn root(self) -> &'static str {
        if self == Self::War { "WEB-INF/" } else { "BOOT-INF/" }
    }
}

/// A Boot version, compared by its first two numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    text: String,
    numbers: (u32, u32),
}

impl Version {
    /// Reads `major.minor…`; what is no number counts as 0.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut numbers = text.split('.').map(|part| part.parse().unwrap_or(0));
        let numbers = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
        Self { text: text.into(), numbers }
    }

    /// The version as it was given.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The launcher's package, which moved in Boot 3.2.
    #[must_use]
    pub fn package(&self) -> &'static str {
        if self.numbers >= (3, 2) { "org/springframework/boot/loader/launch" } else { "org/springframework/boot/loader" }
    }

    /// Whether the plugins write `classpath.idx` and `layers.idx` by themselves: since Boot 2.4.
    #[must_use]
    pub fn has_indexes(&self) -> bool {
        self.numbers >= (2, 4)
    }

    /// A `spring-core` that this Boot version manages.
    #[must_use]
    pub fn spring_core(&self) -> &'static str {
        match self.numbers {
            (..=2, _) => "5.3.39",
            (3, ..=1) => "6.0.23",
            (3, 2..=3) => "6.1.21",
            (3, _) => "6.2.9",
            _ => "7.0.1",
        }
    }
}
