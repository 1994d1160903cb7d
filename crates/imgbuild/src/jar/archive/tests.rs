//! The table of hostile and odd archives, and archives damaged at random.

use imgbuild_testkit::jar::hostile::{self, Verdict};
use imgbuild_testkit::jar::{Descriptor, Entry as Made, Jar as Maker};
use proptest::prelude::*;

use super::super::Bytes;
use super::*;

/// Everything in an archive, or the first error.
pub(super) fn read_all(bytes: Bytes) -> Result<Vec<(String, u32)>, Error> {
    let archive = Archive::open("a.jar", bytes)?;
    let mut read = Vec::new();
    for entry in archive.entries() {
        read.push((entry.name().to_owned(), crc32fast::hash(&entry.read()?)));
    }
    Ok(read)
}

#[test]
fn every_archive_of_the_table_is_taken_or_refused_with_its_entry() {
    let mut wrong = Vec::new();
    for case in hostile::cases() {
        for bytes in [Bytes::from(case.bytes.clone()), Bytes::trickle(&case.bytes)] {
            match (case.verdict, read_all(bytes)) {
                (Verdict::Taken, Ok(_)) => {}
                (Verdict::Taken, Err(error)) => wrong.push(format!("{} is refused: {error}", case.id)),
                (_, Ok(_)) => wrong.push(format!("{} is taken", case.id)),
                (_, Err(error)) => {
                    let named = case.entry.is_none_or(|entry| error.to_string().contains(&entry.escape_debug().to_string()));
                    let explained = error.hint().is_some_and(|hint| !hint.is_empty());
                    if !named || !explained {
                        wrong.push(format!("{} is refused without its entry or a hint: {error}", case.id));
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn bombs_are_refused_before_they_are_inflated() {
    let bomb = read_all(Bytes::from(hostile::bomb(100 << 20))).unwrap_err();
    assert!(bomb.to_string().contains("`bomb.bin`"), "{bomb}");
    let lying = read_all(Bytes::from(hostile::lying_bomb(1000, 50 << 20))).unwrap_err();
    assert!(lying.to_string().contains("`bomb.bin`") && lying.to_string().contains("more than the 1000 bytes"), "{lying}");
}

#[test]
fn many_entries_and_long_names_are_bounded() {
    let long = "n".repeat(limits::MAX_NAME + 1);
    let error = read_all(Bytes::from(Maker::new().entry(Made::stored(&long, b"")).build())).unwrap_err();
    assert!(error.to_string().contains("4097 bytes"), "{error}");
    let lying = Maker::new().entry(Made::stored("a", b"")).zip64().change_end(|end| end.entries = 1 << 40);
    assert!(matches!(read_all(Bytes::from(lying.build())), Err(Error::Hostile { .. })));
}

/// A small archive with everything that real ones have.
pub(super) fn usual() -> Vec<u8> {
    let text = b"the quick brown fox jumps over the lazy dog\n".repeat(5);
    Maker::new()
        .entry(Made::directory("META-INF"))
        .entry(Made::file("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0\r\n\r\n").descriptor(Descriptor::Signed))
        .entry(Made::stored("lib/a.jar", b"not really a jar"))
        .entry(Made::file("b.txt", &text))
        .comment(b"a comment")
        .build()
}

/// What is read, or why not, however many bytes come at a time; a refusal says what to do.
fn verdict(bytes: &[u8]) -> Result<Vec<(String, u32)>, String> {
    let read = |bytes: Bytes| {
        read_all(bytes).map_err(|error| {
            assert!(error.hint().is_some_and(|hint| !hint.is_empty()), "{error}");
            error.to_string()
        })
    };
    let whole = read(Bytes::from(bytes.to_vec()));
    assert_eq!(whole, read(Bytes::trickle(bytes)));
    whole
}

proptest! {
    #[test]
    fn damaged_archives_are_read_as_the_whole_one_or_refused(at in 0..usual().len(), value in any::<u8>(), cut in 0..usual().len()) {
        let mut damaged = usual();
        damaged[at] = value;
        if let Ok(read) = verdict(&damaged) {
            // A byte of a name is one of its own; contents have checksums.
            let contents = |read: Vec<(String, u32)>| read.into_iter().map(|(_, crc)| crc).collect::<Vec<_>>();
            prop_assert_eq!(contents(read), contents(verdict(&usual()).unwrap()));
        }
        damaged.truncate(cut);
        prop_assert!(verdict(&damaged).is_err(), "its end is gone");
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(verdict(&bytes).is_err());
    }
}

#[test]
fn a_cut_archive_is_never_taken() {
    let whole = usual();
    for length in 0..whole.len() {
        assert!(read_all(Bytes::from(whole[..length].to_vec())).is_err(), "{length}");
    }
}
