//! Whatever is written, and whatever a directory says of it: it inflates to what was written, as one member.

use std::io::{Cursor, Read as _, Write as _};

use proptest::prelude::*;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::piece::SIZE;
use super::*;
use crate::jar;
use crate::layer::Content;

/// Bytes that are read by position, as a file is.
struct Range(jar::Bytes);

impl Range {
    fn new(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl Content for Range {
    fn size(&self) -> u64 {
        self.0.len()
    }

    fn open(&self) -> io::Result<Box<dyn io::Read + Send + '_>> {
        Ok(Box::new(self.0.reader()))
    }

    fn place(&self) -> String {
        "memory".to_owned()
    }

    fn range(&self) -> Option<jar::Bytes> {
        Some(self.0.clone())
    }
}

/// Compresses files with a header of a tar in front of each, as they are written by a tar's writer, in reads of one size at most.
fn compressed(threads: usize, files: &[Vec<u8>], read: usize) -> (Vec<u8>, Vec<u8>) {
    let mut plain = Vec::new();
    let ((), bytes) = compress_with(6, threads, Vec::new(), |sink| {
        for file in files {
            let header = [&b"app/lib/x.jar"[..], &[0; 499]].concat();
            plain.extend_from_slice(&header);
            plain.extend_from_slice(file);
            sink.write_all(&header).map_err(Error::from_io)?;
            sink.expect(&Range::new(file.clone()));
            let mut rest = &file[..];
            while !rest.is_empty() {
                let mut part = |room: &mut [u8]| {
                    let len = read.min(rest.len()).min(room.len());
                    room[..len].copy_from_slice(&rest[..len]);
                    Ok(len)
                };
                let taken = sink.take(&mut part)?.to_vec();
                assert!(!taken.is_empty() && rest.starts_with(&taken));
                rest = &rest[taken.len()..];
            }
        }
        Ok(())
    })
    .unwrap();
    (plain, bytes)
}

/// What one member holds; nothing may follow it.
fn inflated(bytes: &[u8]) -> Vec<u8> {
    let mut member = flate2::bufread::GzDecoder::new(bytes);
    let mut inflated = Vec::new();
    member.read_to_end(&mut inflated).unwrap();
    assert!(member.into_inner().is_empty(), "bytes follow the member");
    inflated
}

/// Bytes that no compressor makes smaller.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(&mut next).take(len).collect()
}

/// A JAR of classes that deflate to about their size.
fn archive(entries: usize, len: usize, method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for number in 0..entries {
        let options = SimpleFileOptions::default().compression_method(method);
        zip.start_file(format!("org/example/service/internal/Component{number}.class"), options).unwrap();
        zip.write_all(&noise(len, number as u64 + 7)).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn libraries_are_passed_on_and_their_headers_shrink() {
    let jar = archive(2000, 600, CompressionMethod::Deflated);
    let (plain, bytes) = compressed(2, &[jar], 4096);
    assert!(inflated(&bytes) == plain);
    let data = 2000 * 600;
    let around = plain.len() - data;
    assert!(bytes.len() - data < around / 4, "{} bytes around the data became {}", around, bytes.len() - data);
}

#[test]
fn the_bytes_depend_on_neither_threads_nor_reads() {
    let files = [archive(3000, 700, CompressionMethod::Deflated), noise(3 * SIZE / 2, 5), archive(4, 90_000, CompressionMethod::Stored)];
    let (plain, expected) = compressed(1, &files, SIZE);
    assert!(inflated(&expected) == plain);
    for threads in 1..=5 {
        for read in [1021, 65_536, 3 * SIZE] {
            assert!(compressed(threads, &files, read).1 == expected, "{threads} threads, reads of {read}");
        }
    }
}

#[test]
fn entries_larger_than_a_piece_are_split() {
    for method in [CompressionMethod::Deflated, CompressionMethod::Stored] {
        let (plain, bytes) = compressed(2, &[archive(3, 2 * SIZE + 100, method)], 65_536);
        assert!(inflated(&bytes) == plain);
    }
}

#[test]
fn archives_within_archives_are_looked_into() {
    let inner = archive(400, 2000, CompressionMethod::Deflated);
    let mut zip = ZipWriter::new(Cursor::new(b"#!/bin/sh\nexec java -jar $0\n".to_vec()));
    for name in ["BOOT-INF/lib/a.jar", "BOOT-INF/lib/b.jar"] {
        zip.start_file(name, SimpleFileOptions::default().compression_method(CompressionMethod::Stored)).unwrap();
        zip.write_all(&inner).unwrap();
    }
    let outer = zip.finish().unwrap().into_inner();
    // Entries, and three directories.
    assert_eq!(jar::places(&outer.clone().into()).len(), 802 + 3);
    let (plain, bytes) = compressed(2, &[outer], 65_536);
    assert!(inflated(&bytes) == plain);
}

#[test]
fn nothing_at_all_is_a_member_too() {
    let ((), bytes) = compress_with(6, 1, Vec::new(), |_| Ok(())).unwrap();
    assert!(inflated(&bytes).is_empty());
}

#[test]
fn every_level_reads_back() {
    let text: Vec<u8> = b"the quick brown fox ".repeat(40_000);
    for level in 1..=9 {
        let ((), bytes) = compress_with(level, 2, Vec::new(), |sink| sink.write_all(&text).map_err(Error::from_io)).unwrap();
        assert!(inflated(&bytes) == text, "level {level}");
    }
}

#[test]
fn a_writer_that_fails_is_the_error_that_is_seen() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if bytes.len() > 100 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(bytes.len()) }
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let result = compress_with(6, 2, Full, |sink| sink.write_all(&noise(40 * SIZE, 3)).map_err(Error::from_io));
    assert!(matches!(result, Err(Error::Write(error)) if error.kind() == io::ErrorKind::StorageFull));
}

#[test]
fn a_writer_that_panics_ends_all_threads() {
    struct Broken;
    impl Write for Broken {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            assert!(bytes.len() <= 100, "broken");
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for threads in 1..=3 {
        let compress = || compress_with(6, threads, Broken, |sink| sink.write_all(&noise(40 * SIZE, 3)).map_err(Error::from_io));
        assert!(std::panic::catch_unwind(compress).is_err(), "{threads} threads");
    }
}

#[test]
fn who_stops_filling_stops_it_all() {
    let result = compress_with(6, 2, io::sink(), |sink| {
        sink.write_all(&noise(5 * SIZE, 3)).map_err(Error::from_io)?;
        Err::<(), _>(Error::Stopped)
    });
    assert!(matches!(result, Err(Error::Stopped)));
}

/// A change of a directory's bytes: where from its end, and what is put there.
fn lies() -> impl Strategy<Value = Vec<(usize, Vec<u8>)>> {
    let values = prop_oneof![Just(vec![0xff; 4]), Just(vec![0; 4]), proptest::collection::vec(any::<u8>(), 1..8)];
    proptest::collection::vec((0..4000_usize, values), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn directories_that_lie_change_no_byte(lies in lies(), entries in 1..60_usize, len in 0..3000_usize, stored in any::<bool>()) {
        let method = if stored { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        let mut jar = archive(entries, len, method);
        for (from_end, bytes) in lies {
            let at = jar.len().saturating_sub(from_end + bytes.len());
            let len = bytes.len().min(jar.len() - at);
            jar[at..at + len].copy_from_slice(&bytes[..len]);
        }
        let (plain, bytes) = compressed(2, &[jar.clone(), jar], 1 << 20);
        prop_assert!(inflated(&bytes) == plain);
    }

    #[test]
    fn runs_of_any_kind_read_back(runs in proptest::collection::vec((0..4_u8, 0..70_000_usize, 1..24_usize, any::<u64>()), 0..12)) {
        let (mut input, mut spans) = (Vec::new(), Vec::new());
        for (kind, len, period, seed) in runs {
            let kind = [piece::Kind::Packed, piece::Kind::Header, piece::Kind::Directory, piece::Kind::Other][usize::from(kind)];
            let len = if kind == piece::Kind::Header { len % 3000 } else { len };
            input.extend(noise(period, seed).into_iter().cycle().take(len));
            spans.push(piece::Span { kind, len });
        }
        let mut piece = piece::Piece::new(input, spans);
        piece::Compressor::new(6).compress(&mut piece).unwrap();
        let mut read = Vec::new();
        flate2::read::DeflateDecoder::new(&piece.output().chain([&LAST_BLOCK[..]]).collect::<Vec<_>>().concat()[..]).read_to_end(&mut read).unwrap();
        prop_assert!(read == piece.input());
    }
}

/// Places that no directory gives: out of range, overlapping, not sorted by size.
#[test]
fn places_that_lie_are_plain_bytes() {
    let jar = archive(20, 300, CompressionMethod::Deflated);
    let len = jar.len() as u64;
    let real = jar::places(&jar.clone().into());
    let entry = |at, deflated| jar::Place { at, part: jar::Part::Entry { deflated } };
    let lies = [
        real.iter().map(|place| entry(place.at, u64::MAX)).collect(),
        real.iter().map(|place| jar::Place { at: place.at + 1, ..*place }).collect(),
        real.iter().map(|place| entry(place.at, 700)).collect(),
        vec![entry(0, len), entry(len - 1, 1), entry(len + 5, 1)],
        vec![entry(u64::MAX / 2, u64::MAX / 2)],
        (0..len).step_by(7).map(|at| jar::Place { at, part: jar::Part::Directory }).collect(),
    ];
    for places in lies {
        let mut walk = walk::Walk::default();
        walk.expect(walk::Archive { start: 0, end: len, places });
        let mut piece = piece::Piece::new(jar.clone(), Vec::new());
        walk.walk(&jar, &mut piece.spans);
        assert_eq!(piece.spans.iter().map(|span| span.len).sum::<usize>(), jar.len());
        // Behind the last entry the directory leaves room for a lie.
        assert!(piece.spans.iter().filter(|span| span.kind == piece::Kind::Packed).count() <= 1);
    }
    // The real ones are taken.
    let mut walk = walk::Walk::default();
    walk.expect(walk::Archive { start: 0, end: len, places: real });
    let mut spans = Vec::new();
    walk.walk(&jar, &mut spans);
    assert_eq!(spans.iter().filter(|span| span.kind == piece::Kind::Packed).count(), 20);
}

/// Of libraries within a JAR each directory is one; what is stored behind the last entry that is deflated is none.
#[test]
fn directories_are_told_from_other_bytes() {
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let inner = archive(40, 300, CompressionMethod::Deflated);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for name in ["BOOT-INF/lib/a.jar", "BOOT-INF/lib/b.jar"] {
        zip.start_file(name, stored).unwrap();
        zip.write_all(&inner).unwrap();
    }
    zip.start_file("last.txt", stored).unwrap();
    zip.write_all(&[b'x'; 5000]).unwrap();
    let jar = zip.finish().unwrap().into_inner();
    let mut walk = walk::Walk::default();
    walk.expect(walk::Archive { start: 0, end: jar.len() as u64, places: jar::places(&jar.clone().into()) });
    let mut spans = Vec::new();
    walk.walk(&jar, &mut spans);
    let lengths = |kind| spans.iter().filter(|span| span.kind == kind).map(|span| span.len).collect::<Vec<_>>();
    let directory = inner.len() - inner.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    assert_eq!(lengths(piece::Kind::Directory), [directory; 2]);
    assert!(lengths(piece::Kind::Other).iter().sum::<usize>() >= 5000);
}
