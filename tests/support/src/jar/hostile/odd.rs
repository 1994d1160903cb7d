//! Unusual archives that every reader takes.

use super::{Case, Verdict, case, text, usual};
use crate::jar::{Descriptor, Entry, Jar};

pub(super) fn cases() -> Vec<Case> {
    let script = b"#!/bin/bash\nexec java -jar \"$0\" \"$@\"\nexit 0\n";
    let deflated = || Entry::file("b.txt", &text());
    let all: Vec<(&str, Jar)> = vec![
        ("usual", usual()),
        ("script-in-front", usual().entry(deflated()).prefix(script)),
        ("script-in-front-counted", usual().entry(deflated()).prefix(script).adjusted()),
        ("long-comment", usual().comment(&[b'c'; 60_000])),
        ("entry-comment", usual().entry(deflated().comment("a comment"))),
        ("names-differ-in-case", usual().entry(Entry::stored("B.txt", b"B")).entry(Entry::stored("b.txt", b"b"))),
        ("korean-names", usual().entry(Entry::file("\u{d55c}\u{ae00}/\u{ac00}.txt", b"x"))),
        ("signed-descriptor", usual().entry(deflated().descriptor(Descriptor::Signed))),
        ("unsigned-descriptor", usual().entry(deflated().descriptor(Descriptor::Unsigned))),
        ("zip64-entry", usual().entry(deflated().zip64())),
        ("zip64-entry-with-descriptor", usual().entry(deflated().zip64().descriptor(Descriptor::Signed))),
        ("zip64-end", usual().entry(deflated()).zip64()),
        ("zip64-end-behind-script", usual().entry(deflated()).zip64().prefix(script).adjusted()),
        ("identical-twins", usual().entry(deflated()).entry(deflated())),
        ("extra-fields", usual().entry(deflated().extra(0xcafe, b"").extra(0x5455, &[1, 0, 0, 0, 0]))),
        ("no-directories", Jar::new().entry(Entry::file("a/b/c.txt", b"c"))),
        ("executable-mode", usual().entry(Entry::file("run.sh", b"#!/bin/sh\n").unix_mode(0o100_755))),
        ("empty-files", usual().entry(Entry::file("deflated", b"")).entry(Entry::stored("stored", b""))),
        ("dots-in-names", usual().entry(Entry::stored("a..b/...c", b"x")).entry(Entry::stored(".hidden", b"x"))),
    ];
    all.iter().map(|(id, jar)| case(Verdict::Taken, id, None, jar)).collect()
}
