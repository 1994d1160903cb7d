//! Findings before anything is sent: what would fail only on the server, or tell everybody what is secret.
//!
//! Pure functions over what the JAR says, the facts about the base with the image's files over them, what the image
//! starts, and the files that are put in; only [`public_target`] asks a registry. One file a guard. The room refuses to
//! mend what it finds.

mod allow;
mod base_architecture;
mod class_version;
mod command;
mod config;
mod entrypoint;
mod evidence;
mod finding;
mod findings;
mod main_class;
mod native;
pub mod public_target;
mod sarif;
mod secrets;
mod spring;
mod stale_static;
mod subject;
#[cfg(test)]
mod tests;

pub use allow::Allowance;
pub use evidence::Evidence;
pub use finding::{Finding, Id, Severity};
pub use findings::Findings;
pub use public_target::Confidential;
pub use subject::{ConfigFile, Subject};

/// Asks every guard that needs no registry about an image for one platform.
#[must_use]
pub fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = base_architecture::check(subject).into_iter().collect();
    findings.extend(native::check(subject));
    findings.extend(class_version::check(subject));
    findings.extend(main_class::check(subject));
    findings.extend(config::check(subject));
    findings.extend(stale_static::check(subject));
    findings.extend(entrypoint::check(subject));
    for finding in &mut findings {
        finding.platforms = vec![subject.platform.clone()];
    }
    findings
}
