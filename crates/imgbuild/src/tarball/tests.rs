use std::io::{Cursor, Read as _};

use imgbuild_testkit::archive::{self, Kind as Made, write};
use proptest::prelude::*;

use super::*;

fn walk(bytes: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, Error> {
    let mut tarball = Tarball::new(Stream::new(Cursor::new(bytes.to_vec())));
    let mut entries = Vec::new();
    while let Some(entry) = tarball.next_entry()? {
        let mut content = Vec::new();
        tarball.read_to_end(&mut content)?;
        entries.push((entry, content));
    }
    Ok(entries)
}

fn one(entry: archive::Entry) -> Entry {
    walk(&write(&[entry])).unwrap().remove(0).0
}

#[test]
fn every_kind_is_read_as_it_was_written() {
    let table = [
        (Made::File(b"hello".to_vec()), Kind::File),
        (Made::Directory, Kind::Folder),
        (Made::Symlink("../x".to_owned()), Kind::Symlink("../x".to_owned())),
        (Made::HardLink("a/b".to_owned()), Kind::HardLink("a/b".to_owned())),
        (Made::CharacterDevice(1, 3), Kind::Device(1, 3)),
    ];
    for (made, kind) in table {
        let entry = archive::Entry { mode: 0o4755, uid: 7, gid: 3_000_000, modified: 12, ..archive::Entry::new("./a//b", made) };
        let found = one(entry);
        assert_eq!((&found.kind, found.mode, found.uid, found.gid, found.mtime), (&kind, 0o4755, 7, 3_000_000, 12));
        assert_eq!((found.path.as_str(), found.name.trim_end_matches('/')), ("a/b", "./a//b"));
    }
}

#[test]
fn a_value_with_line_ends_makes_no_records_of_its_own() {
    let name = "evil\n18 path=etc/shadow\nx";
    let found = one(archive::Entry::new(name, Made::File(Vec::new())));
    assert_eq!(found.name, name);
}

#[test]
fn numbers_in_every_form_are_read() {
    use super::entry::field_number;
    let table: [(&[u8], Option<i64>); 8] = [
        (b"0000644\0", Some(0o644)),
        (b"   644 \0", Some(0o644)),
        (b"\0\0\0\0\0\0\0\0", Some(0)),
        (b"0000648\0", None),
        (&[0x80, 0, 0, 0, 0, 0, 1, 0], Some(256)),
        (&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], Some(-2)),
        (&[0x80, 0x80, 0, 0, 0, 0, 0, 0, 0], None),
        (b"-1\0", Some(-1)),
    ];
    for (field, number) in table {
        assert_eq!(field_number(field), number, "{field:?}");
    }
}

#[test]
fn names_without_end_and_what_is_no_tar_are_refused() {
    let long = archive::Entry::new(&"x/".repeat(600_000), Made::File(Vec::new()));
    assert!(walk(&write(&[long])).unwrap_err().to_string().contains("longer than"));
    assert!(walk(&[7; 2048]).unwrap_err().to_string().contains("no tar header at byte 0"));
    assert_eq!(walk(&[]).unwrap(), []);
}

proptest! {
    #[test]
    fn what_another_writer_wrote_reads_back(files in prop::collection::vec(("[a-zü]{1,90}(/[a-z.]{1,90}){0,3}", prop::collection::vec(any::<u8>(), 0..1500)), 0..6), cut in any::<prop::sample::Index>()) {
        let entries: Vec<_> = files.iter().map(|(path, content)| archive::Entry::new(path, Made::File(content.clone()))).collect();
        let bytes = write(&entries);
        let found: Vec<_> = walk(&bytes).unwrap().into_iter().map(|(entry, content)| (entry.name, content)).collect();
        prop_assert_eq!(&found, &files);
        // A cut is an error or loses whole entries, and is never a panic.
        if let Ok(less) = walk(&bytes[..cut.index(bytes.len())]) {
            prop_assert!(less.iter().zip(&files).all(|((entry, content), (name, whole))| entry.name == *name && content == whole));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(mut bytes in prop::collection::vec(any::<u8>(), 512..2048)) {
        let _ = walk(&bytes);
        let sum: u32 = bytes[..148].iter().chain(&[b' '; 8]).chain(&bytes[156..512]).map(|byte| u32::from(*byte)).sum();
        bytes[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let _ = walk(&bytes);
    }
}
