//! `base-architecture`: the machine that the base's `java` is for.

use super::{Finding, Id, Subject};
use crate::base::facts::Lookup;
use crate::elf::Machine;

pub(super) fn check(subject: &Subject<'_>) -> Option<Finding> {
    let Lookup::Found(java) = subject.facts?.java() else { return None };
    let machine = java.machine?;
    let wanted = Machine::of(subject.platform);
    if wanted == Some(machine) {
        return None;
    }
    let reason = format!("it is a program for {machine}, which fails with `exec format error` on {}", subject.platform);
    let fix = format!("use a base whose image for {} was built for it; this one's index names the wrong machine", subject.platform);
    Some(Finding::error(Id::BaseArchitecture, &java.executable, reason, fix))
}
