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
pub mod layer_path;
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

use crate::base::facts::Start;
use crate::image::join_path;

/// The absolute path of the JAR that an image starts, where its command is a `java` that plainly names one.
#[must_use]
pub fn started_jar(start: &Start) -> Option<String> {
    // A shell's text is plain enough where its words are those of a command.
    let words: Vec<String> = match start.command.as_slice() {
        [_, flag, text, ..] if flag == "-c" => text.split_whitespace().skip_while(|word| *word == "exec").map(str::to_owned).collect(),
        words => words.to_vec(),
    };
    match command::started(&words)? {
        command::Started::Jar(path) => Some(join_path(&start.working_dir, path)),
        command::Started::Class(_) | command::Started::Other => None,
    }
}

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
