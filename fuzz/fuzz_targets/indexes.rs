//! Any text is an index or a manifest, or is refused; what is read is written back to the same.

#![no_main]

use imgbuild::jar::{ClasspathIndex, LayersIndex, Manifest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(manifest) = Manifest::parse(data) {
        if let Some(version) = manifest.main().value("Manifest-Version") {
            // Java does not break this line, and reads none of 512 bytes.
            if version.len() < 400 {
                let again = Manifest::parse(&manifest.to_bytes()).expect("what is written is read");
                assert_eq!(again.to_bytes(), manifest.to_bytes());
            }
        }
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(index) = LayersIndex::parse(text) {
        let names: Vec<&str> = index.layers().collect();
        assert!(!names.is_empty());
        for line in text.lines() {
            assert!(index.layer(line).is_none_or(|layer| names.contains(&layer)));
        }
    }
    let _ = ClasspathIndex::parse(text);
});
