//! `class-version`: the Java that classes need, and the one that the base has.

use super::{Finding, Id, Subject};
use crate::base::Facts;
use crate::base::facts::Lookup;
use crate::jar::{Classes, java_release};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(Lookup::Found(java)) = subject.facts.map(Facts::java) else { return Vec::new() };
    let Some(version) = &java.version else { return Vec::new() };
    let Ok(release) = u16::try_from(version.feature()) else { return Vec::new() };
    let Some(evidence) = subject.evidence else { return Vec::new() };
    let fix = |major| {
        let needed = java_release(major);
        format!("use a base with Java {needed} or later, or compile for Java {release}: `--release {release}`")
    };
    let mut findings = Vec::new();
    if let Some((count, major, example)) = evidence.application.classes.beyond(release) {
        let reason = described(count, &evidence.application.classes, major, release);
        findings.push(Finding::error(Id::ClassVersion, example, reason, fix(major)).in_file(evidence.name(), None));
    }
    for (name, survey) in evidence.libraries.iter().filter(|(name, _)| !subject.left_out.contains(name)) {
        let Some((count, major, example)) = survey.classes.beyond(release) else { continue };
        let reason = format!("{}, such as `{example}`", described(count, &survey.classes, major, release));
        let fix = format!("use a base with Java {} or later, or a version of the library for Java {release}", java_release(major));
        let finding = if count == survey.classes.count() { Finding::error } else { Finding::warning };
        findings.push(finding(Id::ClassVersion, name, &reason, &fix).in_file(evidence.name(), None));
    }
    findings
}

fn described(count: u32, classes: &Classes, major: u16, release: u16) -> String {
    let all = classes.count();
    let needed = java_release(major);
    format!("{count} of its {all} classes are of version {major}, which needs Java {needed}, and the base has Java {release}")
}
