//! One thing that differs.

use serde::Serialize;

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Only the right one has it.
    Added,
    /// Only the left one has it.
    Removed,
    /// Both have it, and it is not the same.
    Changed,
}

/// What of a file differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// What is in it.
    Content,
    /// How it is written: every key has the value that it had.
    Formatting,
    /// Whether it is a file, a folder or a link.
    Kind,
    /// Where the link leads.
    Target,
    /// Permission bits.
    Mode,
    /// User or group.
    Owner,
}

/// A setting of the image's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Setting {
    /// ENTRYPOINT.
    Entrypoint,
    /// CMD.
    Cmd,
    /// USER.
    User,
    /// WORKDIR.
    WorkingDir,
    /// EXPOSE.
    Ports,
    /// VOLUME.
    Volumes,
    /// HEALTHCHECK.
    Healthcheck,
    /// STOPSIGNAL.
    StopSignal,
}

/// One thing that differs. Names are told; values that may be secret are not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Change {
    /// The base that the images name.
    Base {
        /// Reference and digest on the left, as far as they are known.
        from: Option<String>,
        /// Reference and digest on the right.
        to: Option<String>,
    },
    /// The version of the JDK.
    Java {
        /// The version on the left.
        from: Option<String>,
        /// The version on the right.
        to: Option<String>,
    },
    /// The operating system.
    System {
        /// The name on the left.
        from: Option<String>,
        /// The name on the right.
        to: Option<String>,
    },
    /// A library.
    Dependency {
        /// Its name.
        name: String,
        /// How it differs.
        state: State,
        /// The version on the left, where there is one.
        from: Option<String>,
        /// The version on the right; the same as on the left where only the content differs.
        to: Option<String>,
    },
    /// A class.
    Class {
        /// Its name: `com.example.Orders`.
        class: String,
        /// The library that it is in; the application itself where there is none.
        library: Option<String>,
        /// How it differs.
        state: State,
    },
    /// A key of a configuration file.
    ConfigKey {
        /// The file.
        file: String,
        /// The key as a path: `server.port`, `servers[0].url`.
        key: String,
        /// How it differs.
        state: State,
    },
    /// An environment variable.
    Env {
        /// Its name.
        name: String,
        /// How it differs.
        state: State,
    },
    /// Another setting of the configuration.
    Setting {
        /// Which one.
        setting: Setting,
        /// What the left one has, with what looks secret left out.
        from: String,
        /// What the right one has.
        to: String,
    },
    /// A label.
    Label {
        /// Its name.
        name: String,
        /// How it differs.
        state: State,
    },
    /// A file.
    File {
        /// Its path; one in a JAR has `!/` in front of its own.
        path: String,
        /// How it differs.
        state: State,
        /// What of it differs, where both have it.
        aspects: Vec<Aspect>,
    },
    /// Files of the base, counted.
    BaseFiles {
        /// Whether they are the JDK's.
        jdk: bool,
        /// How many only the right one has.
        added: usize,
        /// How many only the left one has.
        removed: usize,
        /// How many differ.
        changed: usize,
    },
    /// Layers that both have, in another order.
    LayerOrder,
    /// What a build writes about itself: `build-info.properties`, `git.properties`.
    BuildInfo {
        /// The file.
        file: String,
        /// How it differs.
        state: State,
    },
    /// Times of files, of entries of JARs, or of the image.
    Times {
        /// Files whose time of modification is all that differs.
        files: usize,
        /// JARs in which the times of the entries are all that differs.
        archives: usize,
        /// Whether the image says that it was created at another time.
        created: bool,
    },
    /// A JAR with the same content, packed in another way.
    Packing {
        /// Its path.
        path: String,
    },
    /// A layer with the same content, compressed in another way.
    Compression {
        /// The digest on the left.
        from: String,
        /// The digest on the right.
        to: String,
    },
    /// Tars of layers that hold the same and are written in another way.
    LayerForm,
    /// A part of a document that changes nothing in a container.
    Document {
        /// `config`, `manifest` or `index`.
        document: &'static str,
        /// Which part of it.
        part: String,
    },
}
