//! Any bytes are a tar archive that is read to its end, or are refused.

#![no_main]

use imgbuild::tarball::{Stream, Tarball};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut tarball = Tarball::new(Stream::new(data));
    // Every entry takes a block.
    for _ in 0..=data.len() / 512 {
        match tarball.next_entry() {
            Ok(Some(entry)) => drop(entry.target().map(str::to_owned)),
            Ok(None) | Err(_) => return,
        }
    }
    unreachable!("more entries than blocks");
});
