//! What is judged: an image for one platform, before it is made.

use super::spring::Settings;
use super::{Evidence, spring};
use crate::base::Facts;
use crate::base::facts::Start;
use crate::oci::Platform;

/// A configuration file that is put into the image.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// Where it lies on this machine, as messages show it.
    pub source: String,
    /// Where it goes.
    pub destination: String,
    /// Its content.
    pub content: bytes::Bytes,
}

/// An image for one platform, before it is made.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The platform.
    pub platform: &'a Platform,
    /// The files of the base with the image's own over them; `None` where they are not looked at.
    pub facts: Option<&'a Facts>,
    /// What it starts, and as whom.
    pub start: &'a Start,
    /// Its variables.
    pub env: &'a [(String, String)],
    /// What the JAR says.
    pub evidence: &'a Evidence,
    /// Where the application's JAR lies in the image, or would lie.
    pub application: &'a str,
    /// The configuration files that are put in.
    pub configs: &'a [ConfigFile],
    /// Whether every build gives files the same time.
    pub is_time_fixed: bool,
}

impl Subject<'_> {
    /// Spring Boot's settings, the strongest first: of the command, the variables, the files put in, the JAR.
    pub(super) fn settings(&self) -> Settings {
        let mut settings = Settings::of_start(&self.start.command, self.env);
        for config in self.configs {
            if let Some(Ok(found)) = spring::parse_file(config.file_name(), &config.content) {
                settings.add(&found);
            }
        }
        settings.add(&self.evidence.settings);
        settings
    }

    /// The working directory, `/` where none is set.
    pub(super) fn working_dir(&self) -> &str {
        Some(self.start.working_dir.trim_end_matches('/')).filter(|path| !path.is_empty()).unwrap_or("/")
    }
}

impl ConfigFile {
    pub(super) fn file_name(&self) -> &str {
        self.destination.rsplit('/').next().unwrap_or_default()
    }

    pub(super) fn folder(&self) -> &str {
        self.destination.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}
