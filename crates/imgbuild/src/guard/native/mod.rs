//! `native-library`: native code for the platform's machine and the base's C library.

mod fallback;

use super::{Finding, Id, Subject};
use crate::base::Facts;
use crate::base::facts::Lookup;
use crate::elf::Libc;
use crate::jar::{Native, Survey, artifact};

pub(super) fn check(subject: &Subject<'_>) -> Vec<Finding> {
    let Some(evidence) = subject.evidence else { return Vec::new() };
    let libc = match subject.facts.map(Facts::java) {
        Some(Lookup::Found(java)) => java.libc,
        _ => None,
    };
    let all: Vec<(&str, &Survey)> = evidence.libraries.iter().map(|(name, survey)| (name.as_str(), survey)).collect();
    let application = (evidence.name(), &evidence.application);
    let mut findings = Vec::new();
    for &(name, survey) in all.iter().chain([&application]) {
        if let Some(reason) = survey.unread.as_ref() {
            let fix = "pack it again with Maven, Gradle or `jar`, so that its natives and classes can be judged";
            findings.push(
                Finding::warning(Id::NativeLibrary, name, format!("it cannot be looked into: {reason}"), fix)
                    .in_file(evidence.name(), None),
            );
        }
        // The same artifact for several machines comes as several JARs.
        let family =
            || all.iter().filter(|(other, _)| *other == name || artifact(other) == artifact(name)).flat_map(|(_, survey)| &survey.natives);
        let natives: Vec<&Native> = if name == application.0 { survey.natives.iter().collect() } else { family().collect() };
        if survey.natives.is_empty() || natives.iter().any(|native| fits(native, subject, libc)) {
            continue;
        }
        findings.push(finding(subject, name, survey, &natives, libc).in_file(evidence.name(), None));
    }
    findings
}

fn fits(native: &Native, subject: &Subject<'_>, base: Option<Libc>) -> bool {
    native.machine.is_of(subject.platform)
        && (native.libc == Libc::None || base.is_none_or(|base| base == Libc::None || base == native.libc))
}

fn finding(subject: &Subject<'_>, name: &str, survey: &Survey, family: &[&Native], base: Option<Libc>) -> Finding {
    let of_machine = family.iter().find(|native| native.machine.is_of(subject.platform));
    let (reason, fix) = if let Some(native) = of_machine {
        let base = base.map_or_else(String::new, |base| base.to_string());
        let reason = format!("`{}` is linked to {}, and the base has {base}", native.path, native.libc);
        (reason, format!("use a base with {}, or a version of the library for {base}", native.libc))
    } else {
        let native = survey.natives.first().or(family.first().copied());
        let found = native.map_or_else(String::new, |native| format!("`{}` is for {}", native.path, native.machine));
        let mut machines: Vec<String> = family.iter().map(|native| native.machine.to_string()).collect();
        machines.sort_unstable();
        machines.dedup();
        let machines = machines.join(", ");
        let mut reason = format!("it has no native code for {}: {found}; there is code for {machines}", subject.platform);
        if subject.left_out.contains(name) {
            reason.push_str(", which `--natives matching` leaves out");
        }
        (reason, format!("add the artifact that has native code for {}, or build without that platform", subject.platform))
    };
    let fallbacks: Option<Vec<_>> = survey.natives.iter().map(|native| fallback::of(name, &native.path)).collect();
    if let Some(known) = fallbacks.and_then(|all| all.into_iter().next()) {
        let reason = format!("{reason}; it goes on without: {} ({})", known.instead, known.source);
        return Finding::warning(Id::NativeLibrary, name, reason, fix);
    }
    let file = name.rsplit('/').next().unwrap_or(name);
    let fix = format!("{fix}; where it is never loaded there, `--allow native-library:{file}=REASON`");
    Finding::error(Id::NativeLibrary, name, reason, fix)
}
