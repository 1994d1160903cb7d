//! What the parts of a build take: reading a JAR, naming its layers, writing and compressing them, pushing them.

#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::io::{Cursor, Write as _, sink};

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use imgbuild::blob::Blob;
use imgbuild::jar::{Bytes, Jar, Layout, Shape, Survey};
use imgbuild::layer::{Attributes, Encoding, Files, Key, Outline, Stop, build};
use imgbuild::oci::{Compression, MediaType};
use imgbuild::registry::Client;
use imgbuild_testkit::classfile::main_class;
use imgbuild_testkit::jar::SpringBoot;
use imgbuild_testkit::registry::Registry;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Libraries of the JAR, and classes of each: some 20 MB together.
const LIBRARIES: usize = 16;
const CLASSES: usize = 400;
/// Bytes of a class. They do not shrink, so that this much is passed on.
const CLASS: usize = 3000;

fn main() {
    divan::main();
}

/// Bytes that no compressor makes smaller, the same in every run.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

fn library(number: usize) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for class in 0..CLASSES {
        let name = format!("org/example/library{number}/internal/support/Component{class}.class");
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(&noise(CLASS, (number * CLASSES + class) as u64)).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// A library whose classes deflate as those of compilers do.
fn library_of_classes(number: usize) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for class in 0..CLASSES {
        let name = format!("org/example/library{number}/internal/support/Component{class}");
        zip.start_file(format!("{name}.class"), SimpleFileOptions::default()).unwrap();
        zip.write_all(&main_class(&name, 61, &format!("{:?}", noise(CLASS / 6, class as u64)))).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn jar() -> Bytes {
    let libraries = (0..LIBRARIES).map(|number| (format!("library{number}-1.0.0.jar"), library(number)));
    libraries.fold(SpringBoot::new("3.5.0"), |boot, (name, bytes)| boot.library(&name, &bytes)).build().into()
}

/// The layer of libraries.
fn files(jar: &Bytes) -> Files {
    let arrangement = Jar::read("bench.jar", jar.clone()).unwrap().arrange(Layout::Extracted, "app.jar").unwrap();
    let mut files = Files::new();
    for file in arrangement.layers.into_iter().flat_map(|layer| layer.files) {
        files.add_file(&file.path, file.content, Attributes::FILE).unwrap();
    }
    files
}

/// Directory, manifest, indexes and layout.
#[divan::bench]
fn read_a_jar(bencher: Bencher<'_, '_>) {
    let jar = jar();
    bencher.counter(BytesCount::new(jar.len())).bench_local(|| black_box(files(&jar)));
}

/// What the guards ask of the libraries: the version of every class, and native libraries.
#[divan::bench]
fn look_into_libraries(bencher: Bencher<'_, '_>) {
    let libraries = (0..LIBRARIES).map(|number| (format!("library{number}-1.0.0.jar"), library_of_classes(number)));
    let jar: Bytes = libraries.fold(SpringBoot::new("3.5.0"), |boot, (name, bytes)| boot.library(&name, &bytes)).build().into();
    let jar = Jar::read("bench.jar", jar).unwrap();
    let Shape::SpringBoot(boot) = jar.shape() else { unreachable!("Spring Boot packed it") };
    bencher.counter(ItemsCount::new(LIBRARIES * CLASSES)).bench_local(|| black_box(Survey::of_libraries(boot.libraries())));
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
