use imgbuild_testkit::jar::{Entry as Made, Jar as Maker};
use proptest::prelude::*;

use super::super::Bytes;
use super::*;

fn pairs(attributes: &Attributes) -> Vec<(&str, &str)> {
    attributes.iter().collect()
}

#[test]
fn lines_end_in_three_ways_and_go_on_behind_a_space() {
    type Pairs<'a> = &'a [(&'a str, &'a str)];
    let table: [(&[u8], Pairs<'_>); 7] = [
        (b"A: 1\r\nB: 2\r\n", &[("A", "1"), ("B", "2")]),
        (b"A: 1\nB: 2\n", &[("A", "1"), ("B", "2")]),
        (b"A: 1\rB: 2\r", &[("A", "1"), ("B", "2")]),
        (b"A: long\r\n er\n  still\r\n", &[("A", "longer still")]),
        (b"A: \xed\x95\n \x9c\n", &[("A", "\u{d55c}")]),
        (b"A: 1\nB: 2", &[("A", "1")]),
        (b"a: 1\nA: 2\n", &[("a", "2")]),
    ];
    for (text, expected) in table {
        let manifest = Manifest::parse(text).unwrap();
        assert_eq!(pairs(manifest.main()), expected, "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn what_java_refuses_is_refused_with_its_line() {
    let long = format!("A: 1\nB: {}\n", "x".repeat(MAX_LINE));
    let table: [(&str, &str); 8] = [
        (" A: 1\n", "line 1: it continues no line"),
        ("A: 1\nB\n", "line 2: it has no `:`"),
        ("A:1\n", "line 1: there is no space"),
        ("A B: 1\n", "line 1: the name"),
        (": 1\n", "line 1: the name"),
        ("\u{d55c}: 1\n", "line 1: the name"),
        ("A: 1\n\nB: 2\n", "line 3: a section does not start with `Name`"),
        (&long, "line 2: it is too long"),
    ];
    for (text, says) in table {
        let reason = Manifest::parse(text.as_bytes()).unwrap_err();
        assert!(reason.starts_with(says), "{text:?}: {reason}");
    }
}

#[test]
fn sections_of_one_name_are_one() {
    let manifest = Manifest::parse(b"A: 1\n\nName: x\nB: 1\n\n\nName: y\n\nname: x\nB: 2\nC: 3\n").unwrap();
    let sections: Vec<(&str, Vec<(&str, &str)>)> = manifest.sections().map(|(name, attributes)| (name, pairs(attributes))).collect();
    assert_eq!(sections, [("x", vec![("B", "2"), ("C", "3")]), ("y", vec![])]);
}

#[test]
fn it_is_written_as_java_writes_it() {
    let mut manifest = Manifest::parse(b"Class-Path: old\nManifest-Version: 1.0\n\nName: a/\nSealed: true\n").unwrap();
    manifest.main_mut().set("class-path", "lib/\u{d55c}".repeat(20));
    manifest.main_mut().set("Main-Class", "a.B");
    manifest.main_mut().remove("NOT-THERE");
    let bytes = manifest.to_bytes();
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    assert_eq!(lines[0], b"Manifest-Version: 1.0\r", "the version comes first");
    assert!(lines.iter().all(|line| line.len() <= LINE + 1) && lines[1].len() == LINE + 1, "{}", String::from_utf8_lossy(&bytes));
    assert!(bytes.ends_with(b"\r\n\r\nName: a/\r\nSealed: true\r\n\r\n"));
    let mut again = Manifest::parse(&bytes).unwrap();
    assert_eq!(again.main().value("Class-Path"), manifest.main().value("Class-Path"), "characters that a line splits");
    again.main_mut().remove("manifest-version");
    assert_eq!(again.to_bytes(), b"\r\nName: a/\r\nSealed: true\r\n\r\n", "no version, no attributes");
}

#[test]
fn digests_go_and_what_else_a_section_holds_stays() {
    let text = b"Manifest-Version: 1.0\n\nName: a\nSHA-256-Digest: x\n\nName: b\nSHA-256-Digest: x\nSealed: true\n\nName: c\nSHA1-Digest-ko: x\nMagic: y\n\nName: d\n\n";
    let mut manifest = Manifest::parse(text).unwrap();
    manifest.remove_digests();
    let sections: Vec<(&str, Vec<(&str, &str)>)> = manifest.sections().map(|(name, attributes)| (name, pairs(attributes))).collect();
    assert_eq!(sections, [("b", vec![("Sealed", "true")]), ("d", vec![])], "only sections that signing made are gone");
}

#[test]
fn an_archive_has_one_manifest_in_any_spelling() {
    let archive = |names: &[&str], text: &[u8]| {
        let jar = names.iter().fold(Maker::new(), |jar, name| jar.entry(Made::stored(name, text)));
        Archive::open("a.jar", Bytes::from(jar.build())).unwrap()
    };
    let found = |names: &[&str], text: &[u8]| Manifest::of(&archive(names, text));
    assert_eq!(found(&["x"], b"").unwrap(), None);
    assert_eq!(found(&["meta-inf/manifest.mf"], b"A: 1\n").unwrap().unwrap().main().value("a"), Some("1"));
    let two = found(&["META-INF/MANIFEST.MF", "META-INF/manifest.mf"], b"A: 1\n").unwrap_err();
    assert!(matches!(&two, Error::Hostile { entry: Some(entry), .. } if entry == "META-INF/manifest.mf"), "{two}");
    let broken = found(&["META-INF/MANIFEST.MF"], b"A\n").unwrap_err();
    assert!(broken.to_string().contains("`META-INF/MANIFEST.MF` of `a.jar`: line 1"), "{broken}");
}

proptest! {
    #[test]
    fn what_is_written_reads_back(values in prop::collection::vec(("[A-Za-z][A-Za-z0-9_-]{0,60}", "[^\r\n\0]{0,200}"), 1..8)) {
        let mut manifest = Manifest::parse(b"Manifest-Version: 1.0\n").unwrap();
        for (name, value) in &values {
            manifest.main_mut().set(name, value);
        }
        let again = Manifest::parse(&manifest.to_bytes()).unwrap();
        for (name, _) in &values {
            prop_assert_eq!(again.main().value(name), manifest.main().value(name));
        }
    }
}
