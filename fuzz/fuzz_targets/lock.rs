//! Any text is a lock, or is refused; what is read is written as it will be read.

#![no_main]

use std::path::Path;

use imgbuild::base::Lock;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let parse = |text: &str| Lock::parse(text, Path::new("imgbuild.lock"));
    match parse(text) {
        Ok(lock) => {
            let written = lock.to_string();
            let again = parse(&written).expect("what is written is read");
            assert_eq!((again.to_string(), &again), (written, &lock));
        }
        Err(error) => assert!(error.hint().is_some(), "{error}"),
    }
});
