//! Reads the table that maps the protocol's lines and faults to tests.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const FAULTS: [&str; 15] = [
    "policy",
    "download reset",
    "upload reset",
    "wrong bytes",
    "passing status",
    "401 in the middle",
    "stall",
    "commit lost",
    "manifest blob unknown",
    "registry restarts",
    "signal",
    "kill -9",
    "full or read-only disk",
    "bad certificate",
    "proxy",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The first cell of every row, and the tests that its last one names.
fn rows(table: &str) -> Vec<(String, Vec<String>)> {
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = table.lines().filter(|line| line.starts_with('|')).map(cells).filter(|cells| cells.len() == 3);
    rows.map(|cells| (cells[0].clone(), cells[2].split('`').skip(1).step_by(2).map(str::to_owned).collect())).collect()
}

/// Names of functions below a `#[test]` or `#[tokio::test]`.
fn tests_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() && entry.file_name().is_none_or(|name| name != "target") {
            tests_in(&entry, found);
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(&entry).unwrap();
            let mut marked = false;
            for line in source.lines().map(str::trim) {
                let name = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn ")).and_then(|rest| rest.split('(').next());
                match name {
                    Some(name) => {
                        if std::mem::take(&mut marked) {
                            found.insert(name.to_owned());
                        }
                    }
                    None => marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test"),
                }
            }
        }
    }
}

#[test]
fn every_line_and_every_fault_has_a_test_that_exists() {
    let rows = rows(&std::fs::read_to_string(root().join("tests/README.md")).unwrap());
    let mut tests = BTreeSet::new();
    for folder in ["crates", "tests"] {
        tests_in(&root().join(folder), &mut tests);
    }
    let wanted = (1..=34).map(|line: u32| line.to_string()).chain(FAULTS.map(str::to_owned));
    let without: Vec<String> = wanted.filter(|wanted| !rows.iter().any(|(name, tests)| name == wanted && !tests.is_empty())).collect();
    assert!(without.is_empty(), "no test is named for {without:?}");
    let absent: Vec<&String> = rows.iter().flat_map(|(_, tests)| tests).filter(|test| !tests.contains(*test)).collect();
    assert!(absent.is_empty(), "the table names tests that are not there: {absent:#?}");
}

#[test]
fn a_row_without_tests_and_a_test_that_is_gone_would_be_found() {
    let table = "| line | what | tests |\n|---|---|---|\n| 1 | x | `one`, `two` |\n| 2 | y | |";
    assert_eq!(rows(table)[2..], [("1".to_owned(), vec!["one".to_owned(), "two".to_owned()]), ("2".to_owned(), Vec::new())]);
    let mut tests = BTreeSet::new();
    tests_in(&root().join("crates/imgbuild/tests"), &mut tests);
    assert!(tests.contains("every_line_and_every_fault_has_a_test_that_exists") && !tests.contains("tests_in"));
}
