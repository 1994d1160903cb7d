//! Any bytes are a tar archive that is read to its end, or are refused; and the same, however they come.

#![no_main]

use std::io::{self, Read};

use imgbuild::tarball::{Entry, Stream, Tarball};
use libfuzzer_sys::fuzz_target;

/// Gives one byte at a time.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer.len().min(1);
        self.0.read(&mut buffer[..wanted])
    }
}

/// The entries with their contents, and how it ended.
fn read(input: impl Read, blocks: usize) -> (Vec<(Entry, Vec<u8>)>, Result<(), String>) {
    let mut tarball = Tarball::new(Stream::new(input));
    let mut entries = Vec::new();
    loop {
        let entry = match tarball.next_entry() {
            Ok(Some(entry)) => entry,
            Ok(None) => return (entries, Ok(())),
            Err(error) => return (entries, Err(error.to_string())),
        };
        let is_plain = !entry.path.starts_with('/') && entry.path.split('/').all(|part| !matches!(part, "." | ".."));
        assert!(is_plain && entry.mode <= 0o7777, "{entry:?}");
        let mut content = Vec::new();
        // Every other content is passed over instead.
        if entries.len() % 2 == 0 {
            match tarball.read_to_end(&mut content) {
                Ok(length) => assert_eq!(length as u64, entry.size),
                Err(error) => return (entries, Err(error.to_string())),
            }
        }
        entries.push((entry, content));
        // Every entry takes a block.
        assert!(entries.len() <= blocks, "more entries than blocks");
    }
}

fuzz_target!(|data: &[u8]| {
    let blocks = data.len() / 512;
    assert_eq!(read(Trickle(data), blocks), read(data, blocks));
});
