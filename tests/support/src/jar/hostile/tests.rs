use std::{collections::HashSet, fs, path::PathBuf};

use super::{Case, Verdict, bomb, cases, lying_bomb};
use crate::peer;

/// What a peer said of each archive, in order: its names and checksums, or `!` and why it refuses.
fn views(program: &str, script: (&str, &str)) -> Option<Vec<String>> {
    let mut command = peer::find(program)?;
    let folder = tempfile::tempdir().unwrap();
    let script_path = folder.path().join(script.0);
    fs::write(&script_path, script.1).unwrap();
    let said = peer::output(command.arg(script_path).args(files(folder.path())));
    Some(said.lines().map(str::to_owned).collect())
}

fn files(folder: &std::path::Path) -> Vec<PathBuf> {
    let write = |case: Case| {
        let path = folder.join(format!("{}.jar", case.id));
        fs::write(&path, case.bytes).unwrap();
        path
    };
    cases().into_iter().map(write).collect()
}

/// Whether unzip reads an archive without a warning but the one about a script in front.
fn unzip_takes() -> Option<Vec<bool>> {
    let folder = tempfile::tempdir().unwrap();
    let takes = |path: PathBuf| {
        let output = peer::find("unzip")?.args(["-t", "-P", ""]).arg(&path).output().unwrap();
        let text = peer::text(&output);
        let only_prefix = text.contains("extra bytes at beginning or within zipfile") && text.matches("warning").count() == 1;
        Some(output.status.code() == Some(0) || output.status.code() == Some(1) && only_prefix)
    };
    files(folder.path()).into_iter().map(takes).collect()
}

#[test]
fn peers_agree_about_what_is_taken_and_dispute_what_is_disputed() {
    let java = views("java", ("View.java", include_str!("View.java")));
    let python = views("python3", ("view.py", include_str!("view.py")));
    let (Some(java), Some(python), Some(unzip)) = (java, python, unzip_takes()) else { return };
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
