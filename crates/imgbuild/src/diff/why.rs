//! Why a change matters, and what it is called.

use super::change::{Change, Setting};
use super::report::Verdict;

impl Change {
    /// The heading that changes of its kind stand under.
    #[must_use]
    pub const fn heading(&self) -> &'static str {
        match self {
            Self::Base { .. } => "base",
            Self::Java { .. } => "JDK",
            Self::System { .. } => "operating system",
            Self::Dependency { .. } => "dependencies",
            Self::Class { .. } => "classes",
            Self::ConfigKey { .. } => "configuration keys",
            Self::Env { .. } => "environment variables",
            Self::Setting { .. } => "settings",
            Self::Label { .. } => "labels",
            Self::File { .. } => "files",
            Self::BaseFiles { .. } => "files of the base",
            Self::LayerOrder => "order of layers",
            Self::BuildInfo { .. } => "build information",
            Self::Times { .. } => "times",
            Self::Packing { .. } => "packing of JARs",
            Self::Compression { .. } => "compression of layers",
            Self::LayerForm => "form of layers",
            Self::Document { .. } => "documents",
        }
    }

    /// Why it matters, in one sentence.
    #[must_use]
    pub const fn why(&self) -> &'static str {
        match self {
            Self::Base { .. } => "the operating system and the JDK come from the base: they change although the application did not",
            Self::Java { .. } => "the same classes run on another virtual machine, with other fixes, defaults and certificates",
            Self::System { .. } => "libraries, certificates and time zones of the operating system differ",
            Self::Dependency { .. } => "the code of a library runs inside the application: its release notes say what behaves differently",
            Self::Class { library: None, .. } => "the code of the application differs",
            Self::Class { .. } => "the code of a library differs although its version does not: it was built again or is a snapshot",
            Self::ConfigKey { .. } => "the application behaves as its configuration says; values are not shown",
            Self::Env { .. } => "variables override the configuration of Spring Boot and steer the JVM; values are not shown",
            Self::Setting { setting, .. } => setting.why(),
            Self::Label { .. } => "nothing in a container changes, but programs choose images and services by labels",
            Self::File { .. } => "the application may read or run these files",
            Self::BaseFiles { .. } => "they come with the base; its own release notes say why",
            Self::LayerOrder => "of two files with one path the one in the upper layer counts",
            Self::BuildInfo { .. } => "a build writes its time and its commit down; nothing else follows from that",
            Self::Times { .. } => "digests change with times, behaviour does not: with fixed times such layers are not sent again",
            Self::Packing { .. } => "the same files in another archive: a build tool or its version differs",
            Self::Compression { .. } => "the same files in other bytes: nodes download the layer again and nothing else changes",
            Self::LayerForm => "the same files, written by another program or in another order",
            Self::Document { .. } => "it describes the image and changes nothing in a container",
        }
    }

    /// What two images are that differ in nothing but this.
    #[must_use]
    pub(super) const fn verdict(&self) -> Verdict {
        match self {
            Self::Times { .. } => Verdict::OnlyTimestamps,
            Self::BuildInfo { .. } => Verdict::OnlyBuildInfo,
            Self::Packing { .. } | Self::Compression { .. } | Self::LayerForm => Verdict::OnlyPacking,
            Self::Document { .. } => Verdict::OnlyDocuments,
            _ => Verdict::Different,
        }
    }
}

impl Setting {
    /// As a Dockerfile calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entrypoint => "ENTRYPOINT",
            Self::Cmd => "CMD",
            Self::User => "USER",
            Self::WorkingDir => "WORKDIR",
            Self::Ports => "EXPOSE",
            Self::Volumes => "VOLUME",
            Self::Healthcheck => "HEALTHCHECK",
            Self::StopSignal => "STOPSIGNAL",
        }
    }

    const fn why(self) -> &'static str {
        match self {
            Self::Entrypoint | Self::Cmd => "the container starts something else, or the same with other arguments",
            Self::User => "the process runs as somebody else, who may read and write other files",
            Self::WorkingDir => "relative paths lead elsewhere; Spring Boot looks for `config/` there",
            Self::Ports => "what publishes every exposed port publishes others",
            Self::Volumes => "data that is written there is kept or lost in another way",
            Self::Healthcheck => "a rollout waits for another proof of health",
            Self::StopSignal => "the process is asked to end in another way",
        }
    }
}
