//! `unreadable-config`: an injected configuration file is read by the image's user, looked for, active and well-formed.

mod access;
mod location;
mod profile;

use super::spring::{self, Malformed};
use super::{ConfigFile, Finding, Id, Subject};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let settings = subject.settings();
    let mut findings = Vec::new();
    for config in subject.configs {
        let mut add = |reason: String, fix: String, line: Option<u64>| {
            findings.push(Finding::error(Id::UnreadableConfig, &config.destination, reason, fix).in_file(&config.source, line));
        };
        if let Some(Err(Malformed { line, reason })) = spring::parse_file(config.file_name(), &config.content) {
            add(format!("line {line}: {reason}"), format!("correct line {line} of `{}`", config.source), Some(line));
        }
        if let Some((reason, fix)) = access::obstacle(subject, config) {
            add(reason, fix, None);
        }
        if subject.boot().is_none() {
            continue;
        }
        let Some(name) = name_of(config, &settings) else { continue };
        if let Some((reason, fix)) = location::obstacle(subject, config, &settings) {
            add(reason, fix, None);
        }
        if let Some((reason, fix)) = name.profile.and_then(|profile| profile::obstacle(profile, &settings)) {
            add(reason, fix, None);
        }
    }
    findings
}

/// The name of a file that Spring Boot looks for.
struct Name<'a> {
    profile: Option<&'a str>,
}

/// `application.yml` or `application-PROFILE.yml`; `spring.config.name` names others.
fn name_of<'a>(config: &'a ConfigFile, settings: &spring::Settings) -> Option<Name<'a>> {
    let (stem, extension) = config.file_name().rsplit_once('.')?;
    if !matches!(extension, "yml" | "yaml" | "properties") {
        return None;
    }
    let asked: Vec<&str> = settings.list("spring.config.name").collect();
    let names = if asked.is_empty() { vec!["application"] } else { asked };
    names.iter().find_map(|name| match stem.strip_prefix(name)? {
        "" => Some(Name { profile: None }),
        rest => rest.strip_prefix('-').map(|profile| Name { profile: Some(profile) }),
    })
}
