//! `public-target`: whether anybody could pull configuration or keys.
//!
//! The registry is asked as somebody without credentials, and asked again before a tag moves. Nothing is written.

use super::secrets::{self, Secret};
use super::{ConfigFile, Evidence, Finding, Id};
use crate::oci::Reference;
use crate::registry::{Client, Visibility};

/// What an image holds that is not for everybody.
#[derive(Debug, Clone, Default)]
pub struct Confidential {
    configs: Vec<String>,
    secrets: Vec<Secret>,
}

/// Docker Hub makes a repository that is pushed to with the default privacy of its namespace, public unless changed.
const DOCKER_HUB: &str = "docker.io";

/// Secrets that are named; the others are counted.
const SHOWN: usize = 5;

impl Confidential {
    /// What the JARs, the injected configuration and other injected files hold.
    #[must_use]
    pub fn of<'e>(evidence: impl IntoIterator<Item = &'e Evidence>, configs: &[ConfigFile], additions: &[ConfigFile]) -> Self {
        let in_jars = evidence.into_iter().flat_map(|evidence| evidence.secrets.iter().cloned());
        let scan = |file: &ConfigFile| secrets::scan(&file.destination, file.file_name(), &file.content);
        Self {
            configs: configs.iter().map(|config| config.destination.clone()).collect(),
            secrets: configs.iter().chain(additions).flat_map(scan).chain(in_jars).collect(),
        }
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.configs.is_empty() && self.secrets.is_empty()
    }

    /// What is not for everybody, in words.
    fn described(&self) -> String {
        let mut parts: Vec<String> = self.configs.iter().map(|config| format!("the injected `{config}`")).collect();
        for secret in self.secrets.iter().take(SHOWN) {
            let line = secret.line.map_or_else(String::new, |line| format!(", line {line}"));
            parts.push(format!("{} (`{}`{line})", secret.what, secret.place));
        }
        let more = self.secrets.len().saturating_sub(SHOWN);
        if more > 0 {
            parts.push(format!("{more} more secrets"));
        }
        parts.join(", ")
    }
}

/// Asks the registry of each repository who may pull from it.
pub async fn check(client: &Client, targets: &[Reference], confidential: &Confidential) -> Vec<Finding> {
    let mut findings = Vec::new();
    if confidential.is_empty() {
        return findings;
    }
    let mut asked: Vec<String> = Vec::new();
    for target in targets {
        let repository = target.repository();
        if !asked.contains(&repository) {
            let visibility = client.visibility(target).await;
            findings.extend(judge(target.domain(), &repository, &visibility, &confidential.described()));
            asked.push(repository);
        }
    }
    findings
}

fn judge(domain: &str, repository: &str, visibility: &Visibility, holds: &str) -> Option<Finding> {
    let error = |reason: String, fix: &str| Some(Finding::error(Id::PublicTarget, repository, reason, fix));
    let warning = |reason: String, fix: &str| Some(Finding::warning(Id::PublicTarget, repository, reason, fix));
    let private = "make the repository private, or say that it is meant: `--public`";
    match visibility {
        Visibility::Public { private_network: false } => {
            error(format!("anybody can pull from it without credentials, and the image holds {holds}"), private)
        }
        Visibility::Public { private_network: true } => warning(
            format!(
                "whoever reaches this registry, which has a private address, can pull without credentials, and the image holds {holds}"
            ),
            private,
        ),
        Visibility::Missing if domain == DOCKER_HUB => error(
            format!("it does not exist yet, and a push would make it with the namespace's default privacy; the image holds {holds}"),
            "create it as a private repository first, or say that it may be public: `--public`",
        ),
        Visibility::Unknown(why) => {
            warning(format!("the registry does not let us know who may pull from it ({why}), and the image holds {holds}"), private)
        }
        Visibility::Private | Visibility::Missing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    #[test]
    fn who_may_pull_decides() {
        let judged = |domain: &str, visibility: Visibility| judge(domain, "r", &visibility, "a key").map(|finding| finding.severity);
        let (error, warning) = (Some(Severity::Error), Some(Severity::Warning));
        assert_eq!(judged("ghcr.io", Visibility::Public { private_network: false }), error);
        assert_eq!(judged("10.0.0.1", Visibility::Public { private_network: true }), warning);
        assert_eq!(judged("docker.io", Visibility::Missing), error);
        assert_eq!(judged("ghcr.io", Visibility::Missing), None);
        assert_eq!(judged("docker.io", Visibility::Private), None);
        assert_eq!(judged("ghcr.io", Visibility::Unknown("503".to_owned())), warning);
    }

    #[test]
    fn what_is_held_is_named_without_values() {
        let config = ConfigFile {
            source: "application.yml".to_owned(),
            destination: "/app/config/application.yml".to_owned(),
            content: bytes::Bytes::from_static(b"db.password: hunter2\n"),
        };
        let scan = secrets::scan(&config.destination, config.file_name(), &config.content);
        let confidential = Confidential { configs: vec![config.destination], secrets: scan };
        let text = confidential.described();
        assert_eq!(text, "the injected `/app/config/application.yml`, `db.password` (`/app/config/application.yml`)");
    }
}
