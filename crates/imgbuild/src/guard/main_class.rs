//! `main-class`: the class that the image starts is in the JAR.

use super::command::{Started, started};
use super::{Evidence, Finding, Id, Subject};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(evidence) = subject.evidence else { return Vec::new() };
    // What a script starts is its own.
    let Some(started) = started(&subject.start.command) else { return Vec::new() };
    let finding = |place: &str, reason: String, fix: &str| Finding::error(Id::MainClass, place, reason, fix).in_file(evidence.name(), None);
    match started {
        Started::Jar(path) if is_ours(subject, path) => application(evidence, &finding).into_iter().collect(),
        Started::Class(class) if evidence.boot().is_some_and(|boot| boot.launcher() == class) => {
            let launcher = format!("{}.class", class.replace('.', "/"));
            let mut findings: Vec<Finding> = application(evidence, &finding).into_iter().collect();
            if evidence.jar.as_ref().is_some_and(|jar| jar.archive().entry(&launcher).is_none()) {
                let reason = format!("the launcher `{class}`, which the manifest names as Main-Class, is not in the JAR");
                findings.push(finding(&launcher, reason, "pack the JAR again with Spring Boot's plugin"));
            }
            findings
        }
        Started::Class(class) if is_on_our_class_path(subject) && evidence.has_class(class) == Some(false) => {
            let reason = format!("the entrypoint starts `{class}`, and neither the JAR nor its libraries have it");
            vec![finding(class, reason, "correct the class in `--entrypoint`, or leave `--entrypoint` out")]
        }
        Started::Jar(_) | Started::Class(_) | Started::Other => Vec::new(),
    }
}

/// The class with the application's `main`.
fn application(evidence: &Evidence, finding: &impl Fn(&str, String, &str) -> Finding) -> Option<Finding> {
    let Some(class) = evidence.jar.as_ref()?.application_class() else {
        let boot = evidence.boot()?;
        // Properties may name the class for that launcher alone.
        let reason = format!("the manifest has no Start-Class, which `{}` needs", boot.launcher());
        let is_needed = !boot.launcher().ends_with(".PropertiesLauncher");
        return is_needed
            .then(|| finding("META-INF/MANIFEST.MF", reason, "name the main class in the build: `springBoot { mainClass = … }`"));
    };
    (evidence.has_class(class) == Some(false)).then(|| {
        let attribute = if evidence.boot().is_some() { "Start-Class" } else { "Main-Class" };
        let reason = format!("the manifest's {attribute} is `{class}`, and neither the JAR nor its libraries have it");
        finding(class, reason, "correct the main class in the build: `springBoot { mainClass = … }` or Maven's `<mainClass>`")
    })
}

fn is_ours(subject: &Subject<'_>, path: &str) -> bool {
    let absolute = if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", subject.working_dir()) };
    absolute == subject.application
}

/// Whether the class path leads to nothing but the application's folder.
fn is_on_our_class_path(subject: &Subject<'_>) -> bool {
    let command = &subject.start.command;
    let position = command.iter().position(|word| matches!(word.as_str(), "-cp" | "-classpath" | "--class-path"));
    let class_path = position.and_then(|at| command.get(at + 1));
    let folder = subject.application.rsplit_once('/').map_or("", |(folder, _)| folder);
    class_path.is_some_and(|path| path.split(':').all(|part| part.starts_with(folder)))
}
