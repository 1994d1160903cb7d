//! What is judged: an image for one platform, before it is made.

use std::collections::BTreeSet;

use super::spring::Settings;
use super::{Evidence, spring};
use crate::base::Facts;
use crate::base::facts::Start;
use crate::jar;
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
    /// What the application says; none where the image has none that is known.
    pub evidence: Option<&'a Evidence>,
    /// Where the application's JAR lies in the image, or would lie.
    pub application: &'a str,
    /// The configuration files that are put in.
    pub configs: &'a [ConfigFile],
    /// Libraries of the JAR that are not put into this image, by their entries.
    pub left_out: &'a BTreeSet<String>,
    /// Whether the image itself says what is started; else that is its base's own affair.
    pub is_own_command: bool,
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
        if let Some(evidence) = self.evidence {
            settings.add(&evidence.settings);
        }
        settings
    }

    /// Whether Spring Boot starts the application.
    pub(super) fn boot(&self) -> Option<&jar::SpringBoot> {
        self.evidence.and_then(Evidence::boot)
    }

    /// The working directory, `/` where none is set.
    pub(super) fn working_dir(&self) -> &str {
        Some(self.start.working_dir.trim_end_matches('/')).filter(|path| !path.is_empty()).unwrap_or("/")
    }
}

impl ConfigFile {
    /// Whether Spring Boot looks for files of this name.
    #[must_use]
    pub fn is_of_spring_boot(&self) -> bool {
        let extension = self.file_name().strip_prefix("application").and_then(|rest| rest.rsplit_once('.'));
        extension.is_some_and(|(rest, extension)| {
            matches!(extension, "yml" | "yaml" | "properties") && (rest.is_empty() || rest.starts_with('-'))
        })
    }

    pub(super) fn file_name(&self) -> &str {
        self.destination.rsplit('/').next().unwrap_or_default()
    }

    pub(super) fn folder(&self) -> &str {
        self.destination.rsplit_once('/').map_or("", |(folder, _)| folder)
    }
}
