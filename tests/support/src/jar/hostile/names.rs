//! Names that lead out of the folder, cannot be written, or meet another entry.

use super::{Case, Verdict, case, usual};
use crate::jar::Entry;

pub(super) fn cases() -> Vec<Case> {
    let names = [
        ("parent-folder", "../evil.txt"),
        ("parent-folder-inside", "a/../../evil.txt"),
        ("parent-folder-at-the-end", "a/.."),
        ("absolute", "/etc/evil.txt"),
        ("backslash", "a\\evil.txt"),
        ("backslash-parent", "..\\evil.txt"),
        ("drive", "C:\\evil.txt"),
        ("nul", "evil\0.txt"),
        ("nul-at-the-end", "evil.txt\0"),
        ("empty-part", "a//evil.txt"),
        ("dot-part", "a/./evil.txt"),
        ("empty-name", ""),
        ("folder-parent", "../"),
    ];
    let verdict = |name: &str| if name.contains('\0') { Verdict::Disputed } else { Verdict::Dangerous };
    let mut cases: Vec<Case> =
        names.iter().map(|(id, name)| case(verdict(name), id, Some(name), &usual().entry(Entry::stored(name, b"")))).collect();
    let clashes: [(&str, &str, [Entry; 2]); 4] = [
        ("twins-differ", "b.txt", [Entry::stored("b.txt", b"one"), Entry::stored("b.txt", b"two")]),
        ("file-and-folder", "b", [Entry::stored("b", b"file"), Entry::directory("b")]),
        ("file-as-folder", "b", [Entry::stored("b", b"file"), Entry::stored("b/c.txt", b"c")]),
        ("second-manifest", "META-INF/MANIFEST.MF", [Entry::directory("b"), Entry::file("META-INF/MANIFEST.MF", b"Main-Class: Evil\r\n")]),
    ];
    for (id, name, [first, second]) in clashes {
        cases.push(case(Verdict::Dangerous, id, Some(name), &usual().entry(first).entry(second)));
    }
    cases
}
