//! Java, Python and unzip as the oracle: what is taken, all of them read, and read alike.

use std::path::{Path, PathBuf};

use imgbuild_testkit::jar::hostile::{self, Verdict, judges};
use imgbuild_testkit::{fixtures, peers};

use super::super::Bytes;
use super::Archive;
use super::tests::{read_all, usual};

/// What the judges would print, by our reading.
fn ours(bytes: &[u8]) -> Option<String> {
    let entries = read_all(Bytes::from(bytes.to_vec())).ok()?;
    let said: Vec<String> = entries.iter().map(|(name, crc)| format!("|{}={crc:08x}", judges::escaped(name))).collect();
    Some(said.concat())
}

fn write(folder: &Path, archives: &[Vec<u8>]) -> Vec<PathBuf> {
    let write = |(number, bytes): (usize, &Vec<u8>)| {
        let path = folder.join(format!("{number}.jar"));
        std::fs::write(&path, bytes).unwrap();
        path
    };
    archives.iter().enumerate().map(write).collect()
}

/// A line of `|name=crc` without repetition, as a set: Java lists names in an order of its own and a twin once.
fn as_set(line: &str) -> Vec<&str> {
    let mut entries: Vec<&str> = line.split('|').collect();
    entries.sort_unstable();
    entries.dedup();
    entries
}

#[test]
fn whatever_is_taken_all_readers_read_alike() {
    let mut archives: Vec<Vec<u8>> = Vec::new();
    let whole = usual();
    // Every byte, changed in two ways: hundreds of archives that nobody thought of.
    for at in 0..whole.len() {
        for change in [0x01, 0x80] {
            let mut damaged = whole.clone();
            damaged[at] ^= change;
            archives.push(damaged);
        }
    }
    let taken: Vec<(Vec<u8>, String)> = archives.into_iter().filter_map(|bytes| ours(&bytes).map(|said| (bytes, said))).collect();
    assert!(taken.len() > 20, "only {} are taken", taken.len());
    let folder = tempfile::tempdir().unwrap();
    let paths = write(folder.path(), &taken.iter().map(|(bytes, _)| bytes.clone()).collect::<Vec<_>>());
    let (Some(java), Some(python), Some(unzip)) = (judges::java(&paths), judges::python(&paths), judges::unzip(&paths)) else { return };
    let mut wrong = Vec::new();
    for (number, (bytes, said)) in taken.iter().enumerate() {
        let agree = as_set(&java[number]) == as_set(said) && as_set(&python[number]) == as_set(said) && unzip[number];
        if !agree {
            let at = bytes.iter().zip(&whole).position(|(one, other)| one != other);
            let (java, python, unzip) = (&java[number], &python[number], unzip[number]);
            wrong.push(format!("byte {at:?}:\n  ours   {said}\n  java   {java}\n  python {python}\n  unzip  {unzip}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), taken.len(), wrong.join("\n"));
}

#[test]
fn entries_are_those_that_unzip_lists() {
    let folder = tempfile::tempdir().unwrap();
    let odd: Vec<Vec<u8>> = hostile::cases().into_iter().filter(|case| case.verdict == Verdict::Taken).map(|case| case.bytes).collect();
    let mut corpus = write(folder.path(), &odd);
    corpus.extend(["app.jar", "plain.jar", "plain-gradle/demo-1.0.0.jar"].map(fixtures::path));
    corpus.extend(REAL.iter().filter_map(|name| peers::jar(name)));
    for path in corpus {
        let archive = Archive::open("a.jar", Bytes::open(&path).unwrap()).unwrap();
        let mut ours: Vec<(u64, String)> = archive.entries().iter().map(|entry| (entry.size(), entry.name().to_owned())).collect();
        let Some(mut listed) = judges::unzip_list(&path) else { return };
        for list in [&mut ours, &mut listed] {
            list.sort();
            list.dedup();
        }
        assert_eq!(ours, listed, "{}", path.display());
    }
}

/// The archives that Maven made.
const REAL: [&str; 8] =
    ["app.jar", "boot-2.7.jar", "boot-3.1.jar", "boot-3.2.jar", "boot-4.0.jar", "custom-layers.jar", "script.jar", "war.war"];
