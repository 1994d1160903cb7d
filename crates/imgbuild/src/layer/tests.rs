use std::io::Read as _;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn files(list: &[(&str, &'static str)]) -> Files {
    let mut files = Files::new();
    for (path, text) in list {
        files.add_file(path, Bytes::from_static(text.as_bytes()), Attributes::FILE).unwrap();
    }
    files.add_parents(Attributes::FOLDER, |_| false).unwrap();
    files
}

fn archive(files: &Files, encoding: &str) -> (Vec<u8>, Built) {
    let mut bytes = Vec::new();
    let built = build(files, encoding.parse().unwrap(), &mut bytes, &Stop::default()).unwrap();
    (bytes, built)
}

#[test]
fn digest_and_diff_id_are_those_of_the_bytes() {
    let files = files(&[("app/app.jar", "jar"), ("app/lib/a.jar", "library")]);
    let (tar, plain) = archive(&files, "none");
    assert_eq!(plain.digest, Digest::of(&tar));
    assert_eq!(plain.diff_id, plain.digest);
    for encoding in ["gzip", "gzip:1", "zstd", "zstd:9"] {
        let (bytes, built) = archive(&files, encoding);
        let mut read = Vec::new();
        if encoding.starts_with("gzip") {
            flate2::read::GzDecoder::new(&bytes[..]).read_to_end(&mut read).unwrap();
        } else {
            zstd::Decoder::new(&bytes[..]).unwrap().read_to_end(&mut read).unwrap();
        }
        assert_eq!(read, tar);
        assert_eq!((&built.digest, &built.diff_id, built.size), (&Digest::of(&bytes), &plain.digest, bytes.len() as u64));
        // In two passes it is the same.
        let mut again = Vec::new();
        let packed = pack(&files, encoding.parse().unwrap(), &mut again, &Stop::default()).unwrap();
        assert_eq!((&packed.digest, packed.size, again), (&built.digest, built.size, bytes));
        assert_eq!(packed.diff_id(&files, &Stop::default()).unwrap(), built.diff_id);
    }
}

#[test]
fn entries_are_sorted_with_parents_and_nothing_of_the_machine() {
    let (bytes, _) = archive(&files(&[("srv/b", "2"), ("app/config/x.yml", "1")]), "none");
    let mut tar = ::tar::Archive::new(&bytes[..]);
    let mut seen = Vec::new();
    for entry in tar.entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap(), header.mtime().unwrap()), (0, 0, EPOCH_1980));
        assert_eq!((header.username().unwrap(), header.groupname().unwrap()), (Some(""), Some("")));
        seen.push((entry.path().unwrap().display().to_string(), header.mode().unwrap()));
    }
    let expected = [("app/", 0o755), ("app/config/", 0o755), ("app/config/x.yml", 0o644), ("srv/", 0o755), ("srv/b", 0o644)];
    assert_eq!(seen, expected.map(|(path, mode)| (path.to_owned(), mode)));
}

#[test]
fn what_does_not_fit_ustar_is_a_pax_record() {
    let long = format!("app/{}/{}.txt", "d".repeat(120), "n".repeat(180));
    let korean = "app/설정/응용.yml";
    let mut files = Files::new();
    files.add_file(&long, Bytes::from_static(b"1"), Attributes { uid: 3_000_000, ..Attributes::FILE }).unwrap();
    files.add_file(korean, Bytes::from_static(b"2"), Attributes::FILE).unwrap();
    let (bytes, _) = archive(&files, "none");
    let mut tar = ::tar::Archive::new(&bytes[..]);
    let paths: Vec<String> = tar.entries().unwrap().map(|entry| entry.unwrap().path().unwrap().display().to_string()).collect();
    assert_eq!(paths, [long, korean.to_owned()]);
}

#[test]
fn paths_that_reach_outside_or_act_on_other_layers_are_refused() {
    for path in ["../x", "app/../x", "app//x", "", "/", "app/.", "app/.wh.x", ".wh..wh..opq", "app/\0"] {
        let error = Files::new().add_file(path, Bytes::new(), Attributes::FILE).unwrap_err();
        assert!(matches!(error, Error::Path { .. }), "{path}: {error}");
    }
}

#[test]
fn one_entry_a_path() {
    let mut files = files(&[("app/x", "1")]);
    assert!(matches!(files.add_file("app/x", Bytes::new(), Attributes::FILE), Err(Error::Duplicate { .. })));
    files.add_file("app/x/y", Bytes::new(), Attributes::FILE).unwrap();
    assert!(files.add_parents(Attributes::FOLDER, |_| false).is_err());
}

#[test]
fn parents_that_the_base_has_are_left_out() {
    let mut files = Files::new();
    files.add_file("usr/lib/x", Bytes::new(), Attributes::FILE).unwrap();
    files.add_parents(Attributes::FOLDER, |path| path == "usr").unwrap();
    let paths: Vec<&str> = files.entries().map(|(path, _)| path).collect();
    assert_eq!(paths, ["usr/lib", "usr/lib/x"]);
}

#[test]
fn content_that_changes_size_while_it_is_read_is_an_error() {
    struct Lying(u64);
    impl Content for Lying {
        fn size(&self) -> u64 {
            self.0
        }
        fn open(&self) -> std::io::Result<Box<dyn std::io::Read + Send + '_>> {
            Ok(Box::new(&b"four"[..]))
        }
        fn place(&self) -> String {
            "`x`".to_owned()
        }
    }
    for size in [3, 5] {
        let mut files = Files::new();
        files.add_file("x", Lying(size), Attributes::FILE).unwrap();
        let error = build(&files, Encoding::default(), Vec::new(), &Stop::default()).unwrap_err();
        assert!(matches!(error, Error::Changed { .. }), "{error}");
    }
}

#[test]
fn content_that_is_another_one_when_it_is_read_again_is_an_error() {
    #[derive(Default)]
    struct Rewritten(std::sync::atomic::AtomicBool);
    impl Content for Rewritten {
        fn size(&self) -> u64 {
            4
        }
        fn open(&self) -> std::io::Result<Box<dyn std::io::Read + Send + '_>> {
            let was_read = self.0.swap(true, std::sync::atomic::Ordering::Relaxed);
            Ok(Box::new(if was_read { &b"five"[..] } else { b"four" }))
        }
        fn place(&self) -> String {
            "`x`".to_owned()
        }
    }
    for encoding in ["none", "gzip", "zstd"] {
        let mut files = Files::new();
        files.add_file("x", Rewritten::default(), Attributes::FILE).unwrap();
        let packed = pack(&files, encoding.parse().unwrap(), Vec::new(), &Stop::default()).unwrap();
        assert!(matches!(packed.diff_id(&files, &Stop::default()), Err(Error::Rewritten)));
    }
}

#[test]
fn a_stopped_build_ends() {
    let stop = Stop::default();
    stop.stop();
    assert!(matches!(build(&files(&[("x", "1")]), Encoding::default(), Vec::new(), &stop), Err(Error::Stopped)));
}

#[test]
fn the_key_follows_every_input() {
    let key = |files: &Files, encoding: &str| Key::of(files, encoding.parse().unwrap(), &Stop::default()).unwrap();
    let one = files(&[("app/x", "1")]);
    assert_eq!(key(&one, "gzip"), key(&files(&[("app/x", "1")]), "gzip:6"));
    for (other, encoding) in [(files(&[("app/x", "2")]), "gzip"), (files(&[("app/y", "1")]), "gzip"), (one.clone(), "gzip:9")] {
        assert_ne!(key(&one, "gzip"), key(&other, encoding));
    }
    let built = build(&one, Encoding::default(), std::io::sink(), &Stop::default()).unwrap();
    assert_eq!(key(&one, "gzip"), Key::new(Encoding::default(), &built.diff_id));
}

#[test]
fn the_outline_follows_what_is_known_without_reading() {
    let outline = |files: &Files, encoding: &str| Outline::of(files, encoding.parse().unwrap());
    let one = files(&[("app/x", "1")]);
    assert_eq!(outline(&one, "gzip"), outline(&files(&[("app/x", "2")]), "gzip:6"));
    for (other, encoding) in [(files(&[("app/x", "22")]), "gzip"), (files(&[("app/y", "1")]), "gzip"), (one.clone(), "gzip:9")] {
        assert_ne!(outline(&one, "gzip"), outline(&other, encoding));
    }
}

#[test]
fn encodings_are_read_as_written() {
    for text in ["gzip:6", "zstd:3", "none"] {
        assert_eq!(text.parse::<Encoding>().unwrap().to_string(), text);
    }
    for text in ["", "gzip:", "gzip:0", "gzip:10", "zstd:20", "brotli", "none:1"] {
        assert!(text.parse::<Encoding>().is_err(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_order_gives_the_same_layer(mut list in proptest::collection::btree_map("[a-z]{1,8}(/[a-z]{1,8}){0,3}", ".{0,64}", 0..12), seed in any::<u64>()) {
        let plain: Vec<String> = list.keys().cloned().collect();
        list.retain(|path, _| !plain.iter().any(|other| path.strip_prefix(other.as_str()).is_some_and(|rest| rest.starts_with('/'))));
        let mut order: Vec<(&String, &String)> = list.iter().collect();
        let sorted = order.clone();
        let length = order.len().max(1);
        for at in 0..order.len() {
            order.swap(at, usize::try_from(seed % length as u64).unwrap());
        }
        let make = |order: &[(&String, &String)]| {
            let mut files = Files::new();
            for (path, text) in order {
                files.add_file(path, Bytes::from((*text).clone()), Attributes::FILE).unwrap();
            }
            files.add_parents(Attributes::FOLDER, |_| false).unwrap();
            archive(&files, "gzip").1
        };
        prop_assert_eq!(make(&order), make(&sorted));
    }
}
