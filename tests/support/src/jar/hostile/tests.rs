use std::{collections::HashSet, fs, path::PathBuf};

use super::{Case, Verdict, bomb, cases, judges, lying_bomb};

fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let write = |case: Case| {
        let path = folder.join(format!("{}.jar", case.id));
        fs::write(&path, case.bytes).unwrap();
        path
    };
    cases().into_iter().map(write).collect()
}

#[test]
fn peers_agree_about_what_is_taken_and_dispute_what_is_disputed() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    let (Some(java), Some(python), Some(unzip)) = (judges::java(&files), judges::python(&files), judges::unzip(&files)) else { return };
    let cases = cases();
    assert_eq!((java.len(), python.len(), unzip.len()), (cases.len(), cases.len(), cases.len()));
    let mut wrong = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let (java, python, unzip) = (&java[number], &python[number], unzip[number]);
        let agree = java == python && java.starts_with('|') && unzip;
        if (case.verdict == Verdict::Taken) != agree && case.verdict != Verdict::Dangerous {
            wrong.push(format!("{} {:?}:\n  java   {java}\n  python {python}\n  unzip  {unzip}", case.id, case.verdict));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_of_cases_are_unique() {
    let cases = cases();
    let ids: HashSet<&str> = cases.iter().map(|case| case.id).collect();
    assert_eq!(ids.len(), cases.len());
}

#[test]
fn bombs_are_small_until_they_are_inflated() {
    assert!(bomb(10 << 20).len() < 20_000);
    assert!(lying_bomb(100, 10 << 20).len() < 20_000);
}
