//! Any bytes are a JAR that can be read and laid out, or are refused.

#![no_main]

use std::io::Read as _;

use imgbuild::guard::Evidence;
use imgbuild::jar::{Bytes, Jar, Layout};
use libfuzzer_sys::fuzz_target;

/// Larger files would be bombs that the rules allow, and make the fuzzer slow.
const MAX_READ: u64 = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let Ok(jar) = Jar::read("fuzz.jar", Bytes::from(data.to_vec())) else { return };
    for layout in [Layout::Packaged, Layout::Exploded, Layout::Extracted] {
        let Ok(arrangement) = jar.arrange(layout, "app.jar") else { continue };
        for file in arrangement.layers.iter().flat_map(|layer| &layer.files) {
            assert!(!file.path.starts_with('/') && !file.path.split('/').any(|part| part == ".."), "{}", file.path);
            if file.content.size() <= MAX_READ {
                let mut content = Vec::new();
                if file.content.open().read_to_end(&mut content).is_ok() {
                    assert_eq!(content.len() as u64, file.content.size(), "{}", file.path);
                }
            }
        }
    }
    let _ = Evidence::read(&jar, None);
});
