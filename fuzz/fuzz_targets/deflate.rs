//! Whatever is compressed is inflated to the same by another implementation, whatever it looks like.

#![no_main]

use std::io::Read as _;

use flate2::read::GzDecoder;
use imgbuild::layer::{self, Attributes, Encoding, Files, Stop};
use imgbuild::oci::Digest;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut files = Files::new();
    let (first, second) = data.split_at(data.len() / 2);
    for (path, content) in [("a.jar", data), ("b.jar", first), ("c", second)] {
        let content = imgbuild::jar::Content::Bytes(content.to_vec().into());
        files.add_file(path, content, Attributes::FILE).expect("the path is allowed");
    }
    let mut packed = Vec::new();
    let built = layer::build(&files, Encoding::default(), &mut packed, &Stop::default()).expect("memory takes everything");
    let mut unpacked = Vec::new();
    GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).expect("it is one gzip member");
    assert_eq!((built.digest, built.diff_id), (Digest::of(&packed), Digest::of(&unpacked)));
});
