//! What the parts of a build take: reading a JAR, naming its layers, writing and compressing them, pushing them.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod input;

use std::io::sink;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use imgbuild::blob::Blob;
use imgbuild::jar::Bytes;
use imgbuild::layer::{Encoding, Key, Outline, Stop, build};
use imgbuild::oci::{Compression, MediaType};
use imgbuild::registry::Client;
use imgbuild_testkit::registry::Registry;
use input::{files, noise};

/// Libraries of the JAR, and classes of each: some 20 MB together.
const LIBRARIES: usize = 16;
const CLASSES: usize = 400;

fn main() {
    divan::main();
}

fn jar() -> Bytes {
    input::jar(LIBRARIES, CLASSES)
}

/// Directory, manifest, indexes and layout.
#[divan::bench]
fn read_a_jar(bencher: Bencher<'_, '_>) {
    let jar = jar();
    bencher.counter(BytesCount::new(jar.len())).bench_local(|| black_box(files(&jar)));
}

/// What the guards ask of the libraries.
#[divan::bench]
fn look_into_libraries(bencher: Bencher<'_, '_>) {
    let jar = input::jar_of_classes(LIBRARIES, CLASSES);
    bencher.counter(ItemsCount::new(LIBRARIES * CLASSES)).bench_local(|| black_box(input::survey(&jar)));
}

/// What a layer is looked for by, before anything is read.
#[divan::bench]
fn outline_a_layer(bencher: Bencher<'_, '_>) {
    let files = files(&jar());
    bencher.bench_local(|| black_box(Outline::of(&files, Encoding::default())));
}

/// The tar and its digest.
#[divan::bench]
fn digest_a_layer(bencher: Bencher<'_, '_>) {
    let jar = jar();
    let files = files(&jar);
    bencher.counter(BytesCount::new(jar.len())).bench_local(|| Key::of(&files, Encoding::default(), &Stop::default()).unwrap());
}

/// The tar, compressed, and both digests.
#[divan::bench(args = ["none", "gzip", "zstd"])]
fn write_a_layer(bencher: Bencher<'_, '_>, encoding: &str) {
    let jar = jar();
    let files = files(&jar);
    let encoding: Encoding = encoding.parse().unwrap();
    bencher.counter(BytesCount::new(jar.len())).bench_local(|| build(&files, encoding, sink(), &Stop::default()).unwrap());
}

/// One blob of 20 MB into the in-memory registry, which hashes it too.
#[divan::bench]
fn push_a_blob(bencher: Bencher<'_, '_>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let blob = Blob::from_bytes(MediaType::OciLayer(Compression::Gzip), noise(20 << 20, 1));
    let registry = Registry::start();
    let mut number = 0;
    bencher.counter(BytesCount::new(blob.size())).bench_local(|| {
        number += 1;
        let target = registry.reference(&format!("bench/{number}"), "1").parse().unwrap();
        runtime.block_on(Client::default().pusher(&target).push_blob(&blob)).unwrap()
    });
}
