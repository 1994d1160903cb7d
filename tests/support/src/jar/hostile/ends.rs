//! Wrong ends: counts, places, second end records, bytes behind, and what is hidden from the central directory.

use super::{Case, Verdict, case, text, usual};
use crate::jar::{Entry, Jar};

pub(super) fn cases() -> Vec<Case> {
    let full = || usual().entry(Entry::file("b.txt", &text()));
    let archive = full().build();
    let end_record = archive[archive.len() - 22..].to_vec();
    let fake_end = [b"comment ", &end_record[..], b" goes on"].concat();
    let empty_end = [&b"PK\x05\x06"[..], &[0; 18]].concat();
    let other = Jar::new().entry(Entry::stored("other.txt", b"other"));
    let jars: Vec<(Verdict, &str, Jar)> = vec![
        (Verdict::Dangerous, "trailing-bytes", full().followed_by(b"some bytes behind the end")),
        (Verdict::Disputed, "end-record-in-comment", full().comment(&fake_end)),
        (Verdict::Dangerous, "empty-end-record-behind", full().followed_by(&empty_end)),
        (Verdict::Dangerous, "archive-behind-archive", other.clone().prefix(&archive).adjusted()),
        (Verdict::Dangerous, "archive-behind-archive-uncounted", other.prefix(&archive)),
        (Verdict::Disputed, "count-too-small", full().change_end(|end| end.entries -= 1)),
        (Verdict::Disputed, "count-too-large", full().change_end(|end| end.entries += 1)),
        (Verdict::Disputed, "directory-size-too-small", full().change_end(|end| end.size -= 10)),
        (Verdict::Disputed, "directory-size-too-large", full().change_end(|end| end.size += 10)),
        (Verdict::Disputed, "directory-offset-beyond-the-end", full().change_end(|end| end.offset = 1 << 30)),
        (Verdict::Disputed, "zip64-count-wrong", full().zip64().change_end(|end| end.entries += 7)),
    ];
    let mut cases: Vec<Case> = jars.iter().map(|(verdict, id, jar)| case(*verdict, id, None, jar)).collect();
    cases.push(Case { id: "cut-in-the-directory", verdict: Verdict::Disputed, entry: None, bytes: archive[..archive.len() - 60].to_vec() });
    cases.push(Case { id: "cut-in-the-end-record", verdict: Verdict::Disputed, entry: None, bytes: archive[..archive.len() - 5].to_vec() });
    cases.push(Case { id: "cut-at-the-start", verdict: Verdict::Disputed, entry: None, bytes: archive[50..].to_vec() });
    cases.push(Case { id: "no-archive", verdict: Verdict::Disputed, entry: None, bytes: b"this is no archive".to_vec() });
    cases.push(Case { id: "empty-file", verdict: Verdict::Disputed, entry: None, bytes: Vec::new() });
    let hidden = usual().entry(Entry::file("hidden.txt", &text()).hidden());
    cases.push(case(Verdict::Dangerous, "entry-only-local", Some("hidden.txt"), &hidden));
    let ghost = usual().entry(Entry::file("ghost.txt", &text()).without_local());
    cases.push(case(Verdict::Disputed, "entry-only-central", Some("ghost.txt"), &ghost));
    cases
}
