//! What a guard has to say: which guard, how bad, where, why, and what to do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::oci::Platform;

/// Which guard speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Id {
    /// The base's `java` is for another machine than the platform.
    BaseArchitecture,
    /// A library has native code for other machines or another C library only.
    NativeLibrary,
    /// Classes need a newer Java than the base has.
    ClassVersion,
    /// The class that is started is not in the JAR.
    MainClass,
    /// An injected configuration file cannot be read, is not looked for, is not active or is malformed.
    UnreadableConfig,
    /// Static resources change and their time does not.
    StaleStatic,
    /// Anybody could pull configuration or keys.
    PublicTarget,
    /// What the image starts, or starts in, is not there.
    Entrypoint,
    /// A layer would take something of the base away. It cannot be let pass: there is no other way to put the file there.
    LayerPath,
}

impl Id {
    /// Every guard.
    pub const ALL: [Self; 9] = [
        Self::BaseArchitecture,
        Self::NativeLibrary,
        Self::ClassVersion,
        Self::MainClass,
        Self::UnreadableConfig,
        Self::StaleStatic,
        Self::PublicTarget,
        Self::Entrypoint,
        Self::LayerPath,
    ];

    /// Its name in `--allow` and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BaseArchitecture => "base-architecture",
            Self::NativeLibrary => "native-library",
            Self::ClassVersion => "class-version",
            Self::MainClass => "main-class",
            Self::UnreadableConfig => "unreadable-config",
            Self::StaleStatic => "stale-static",
            Self::PublicTarget => "public-target",
            Self::Entrypoint => "entrypoint",
            Self::LayerPath => "layer-path",
        }
    }

    /// What it guards against, in one sentence.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        match self {
            Self::BaseArchitecture => "the base's java is for another machine than the platform",
            Self::NativeLibrary => "a library has no native code for the platform",
            Self::ClassVersion => "classes need a newer Java than the base has",
            Self::MainClass => "the class that is started is not in the JAR",
            Self::UnreadableConfig => "an injected configuration file would have no effect",
            Self::StaleStatic => "browsers would keep old static resources",
            Self::PublicTarget => "anybody could pull configuration or keys",
            Self::Entrypoint => "what the image starts is not there",
            Self::LayerPath => "a layer would take something of the base away",
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = || Self::ALL.map(|id| format!("`{id}`")).join(", ");
        Self::ALL.into_iter().find(|id| id.name() == text).ok_or_else(|| format!("`{text}` is no guard; there are {}", known()))
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is sent.
    Error,
    /// It is said, and stops nothing.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// What a guard found. It never holds a value of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The guard.
    pub id: Id,
    /// How bad it is.
    pub severity: Severity,
    /// The platforms whose images it is about.
    pub platforms: Vec<Platform>,
    /// Where: a path of the image, a file of this machine, or an entry of the JAR.
    pub place: String,
    /// The file of this machine that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in that file, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub fix: String,
    /// Why it is let pass, where somebody said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<String>,
}

impl Finding {
    /// An error of a guard about a place.
    pub(super) fn error(id: Id, place: impl Into<String>, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            id,
            severity: Severity::Error,
            platforms: Vec::new(),
            place: place.into(),
            file: None,
            line: None,
            reason: reason.into(),
            fix: fix.into(),
            allowed: None,
        }
    }

    /// The same as a warning.
    pub(super) fn warning(id: Id, place: impl Into<String>, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(id, place, reason, fix) }
    }

    /// Says which file of this machine it is about.
    pub(super) fn in_file(self, file: &str, line: Option<u64>) -> Self {
        Self { file: Some(file.to_owned()), line, ..self }
    }

    /// Whether it keeps an image from being sent.
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.severity == Severity::Error && self.allowed.is_none()
    }
}

/// `error[class-version] lib/x.jar (linux/arm64): …`
impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Event::from(self).fmt(formatter)
    }
}

impl From<&Finding> for Event {
    fn from(finding: &Finding) -> Self {
        Self::Finding {
            id: finding.id.to_string(),
            severity: finding.severity.to_string(),
            platforms: finding.platforms.clone(),
            place: finding.place.clone(),
            reason: finding.reason.clone(),
            fix: finding.fix.clone(),
            allowed: finding.allowed.clone(),
        }
    }
}
